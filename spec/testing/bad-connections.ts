// Connections that break a rule, each with the sentence of the rule that the check must name. Most are pairs in memory
// whose methods are spoiled one by one; some have a carrier that is.

import { Connection } from '../../lib/connection/connection.js'
import { ConnectionCore } from '../../lib/connection/core.js'
import type { ReadOptions } from '../../lib/connection/read-options.js'
import {
  ConcurrentReadError,
  ConnectionClosedError,
  ConnectionLostError,
  EndOfStreamError,
  LimitExceededError,
  TimeoutError,
} from '../../lib/errors.js'
import { connectionSettings } from '../../lib/options/connection.js'
import type { MakePair } from '../../lib/testing/check.js'
import { pair } from '../../lib/testing/pair.js'
import type { Carrier, CarrierSink } from '../../lib/transport/carrier.js'
import { systemClock } from '../../lib/transport/clock.js'
import { memoryPair } from '../../lib/transport/memory.js'

export interface BadConnection {
  /** The rule that must be named. */
  rule: string
  make: MakePair
}

// biome-ignore lint/suspicious/noExplicitAny: any method of a connection
type Method = (...args: any[]) => any

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const ignore = (): void => {}

/** Both sides of a pair with some methods replaced; each replacement is made of the method itself. */
function methods(make: (side: Connection, own: (name: keyof Connection) => Method) => Record<string | symbol, Method>): MakePair {
  return () => {
    const sides = pair()
    for (const side of sides)
      Object.assign(
        side,
        make(side, (name) => (Connection.prototype[name] as Method).bind(side)),
      )
    return sides
  }
}

/** Both sides of a pair with some facts replaced. */
function facts(make: (side: Connection) => Partial<Record<keyof Connection, unknown>>): MakePair {
  return () => {
    const sides = pair()
    for (const side of sides) {
      for (const [name, value] of Object.entries(make(side))) {
        Object.defineProperty(side, name, { get: typeof value === 'function' ? (value as () => unknown) : () => value })
      }
    }
    return sides
  }
}

/** What a connection tells by itself, whatever was made of it. */
function told(side: Connection, fact: keyof Connection): unknown {
  return Reflect.get(Connection.prototype, fact, side)
}

/** A pair whose carriers are spoiled: what they do, or what they tell. */
function carriers(spoil: (carrier: Carrier, sink: CarrierSink) => { does?: Partial<Carrier>; tells?: Partial<CarrierSink> }): MakePair {
  return () => {
    const never = Number.POSITIVE_INFINITY
    const way = { maxChunk: never, latency: 0, highWaterMark: 65_536, faults: { resetAfter: never, stallAfter: never, endAfter: never } }
    const [a, b] = memoryPair({ ...way, clock: systemClock }).map((carrier) => {
      const attach = carrier.attach.bind(carrier)
      carrier.attach = (sink) => {
        const { does = {}, tells = {} } = spoil(carrier, sink)
        Object.assign(carrier, does)
        const honest: CarrierSink = {
          data: (chunk) => sink.data(chunk),
          end: () => sink.end(),
          sent: () => sink.sent(),
          finished: () => sink.finished(),
          lost: (error) => sink.lost(error),
        }
        attach({ ...honest, ...tells })
      }
      return new Connection(new ConnectionCore(carrier, connectionSettings({}), systemClock))
    })
    return [a as Connection, b as Connection]
  }
}

/** What arrives, with the chunk that holds the byte at `at` replaced. */
function atByte(at: number, spoil: (chunk: Buffer) => Buffer): MakePair {
  return carriers((_, sink) => {
    let passed = 0
    return {
      tells: {
        data: (chunk) => {
          const here = passed <= at && at < passed + chunk.length
          passed += chunk.length
          sink.data(here ? spoil(chunk) : chunk)
        },
      },
    }
  })
}

const WHOLE = 'bytes arrive whole and in order, both ways at once'
const NULL = 'read resolves with null at the end of the stream, each time, and with no empty chunk'
const ONE_READ = 'there is one read at a time: a second one is a ConcurrentReadError, and the first is untouched'
const CUT_SHORT = 'a read that the end of the stream cuts short tells what had arrived and consumes nothing'
const LOSS = 'the peer of an abort reads what had arrived, then ConnectionLostError and never an end'
const OVER = 'a connection is over once both sides have ended, and closed tells who was first'
const WRONG = 'a wrong argument is a rejection, TypeError or RangeError, and nothing is taken'
const DRAIN = 'a drain rejects a read that waits for a new message with DrainingError, and a later one too'
const PRESSURE = 'a side that does not read makes write wait, and reading lets it go on'
const IGNORED = 'a promise of write, flush or end that is ignored raises no unhandled rejection'

export const badConnections: Record<string, BadConnection> = {
  // --- what arrives ----------------------------------------------------------------------------------------------------

  'drops a byte': { rule: WHOLE, make: atByte(100_000, (chunk) => chunk.subarray(1)) },
  'doubles a byte': { rule: WHOLE, make: atByte(100_000, (chunk) => Buffer.concat([chunk.subarray(0, 1), chunk])) },
  'changes a byte': {
    rule: WHOLE,
    make: atByte(250_000, (chunk) => Buffer.from(chunk.map((byte, at) => (at === 0 ? byte ^ 1 : byte)))),
  },
  'hands on an empty chunk': { rule: WHOLE, make: methods(() => ({ chunks: () => [Buffer.alloc(0)] })) },
  'reorders two chunks': {
    rule: WHOLE,
    make: carriers((_, sink) => {
      const held: Buffer[] = []
      return {
        tells: {
          data: (chunk) => {
            if (chunk.length > 10_000 && held.length === 0) {
              held.push(chunk)
              return
            }
            sink.data(chunk)
            for (const late of held.splice(0)) sink.data(late)
          },
        },
      }
    }),
  },
  stalls: { rule: WHOLE, make: () => pair({ faults: { stallAfter: 50_000 } }) },
  'ends early': { rule: WHOLE, make: () => pair({ faults: { endAfter: 50_000 } }) },
  breaks: { rule: WHOLE, make: () => pair({ faults: { resetAfter: 50_000 } }) },
  'counts no bytes': { rule: 'bytesRead, bytesWritten, buffered and queued count the bytes', make: facts(() => ({ bytesRead: 0 })) },
  'loses the end': { rule: NULL, make: carriers(() => ({ tells: { end: ignore } })) },
  'delivers bytes after the end': {
    rule: NULL,
    make: carriers((_, sink) => ({
      tells: {
        end: () => {
          sink.end()
          sink.data(Buffer.from('late'))
        },
      },
    })),
  },

  // --- reads -----------------------------------------------------------------------------------------------------------

  'has an empty chunk instead of null': {
    rule: NULL,
    make: methods((_, own) => ({ read: async (options) => (await own('read')(options)) ?? Buffer.alloc(0) })),
  },
  'reads what is not there': {
    rule: 'read waits while nothing is there',
    make: methods((side, own) => ({
      read: (options) => (side.buffered === 0 && !side.peerEnded ? Promise.resolve(Buffer.from('x')) : own('read')(options)),
    })),
  },
  'gives up where it should wait': {
    rule: 'read waits while nothing is there',
    make: methods((side, own) => ({
      read: (options) => (side.buffered === 0 && !side.peerEnded ? Promise.reject(new RangeError('nothing there')) : own('read')(options)),
    })),
  },
  'does not care about maxBytes of read': {
    rule: 'read resolves with what is there, at most maxBytes of it',
    make: methods((_, own) => ({ read: () => own('read')() })),
  },
  'gives text where bytes are asked for': {
    rule: 'read resolves with what is there, at most maxBytes of it',
    make: methods((_, own) => ({ read: async (options) => String(await own('read')(options)) })),
  },
  'cuts characters': {
    rule: 'read with an encoding leaves an incomplete character unread',
    make: methods((_, own) => ({
      read: async (options) => {
        const encoding = typeof options === 'string' ? options : options?.encoding
        const chunk = await own('read')({ ...(typeof options === 'object' && options), encoding: undefined })
        return encoding === undefined || chunk === null ? chunk : chunk.toString(encoding)
      },
    })),
  },
  'reads one byte too many': {
    rule: 'readExactly resolves with n bytes at every cut, and keeps the surplus',
    make: methods((_, own) => ({ readExactly: (n, options) => own('readExactly')(n === 6 ? 7 : n, options) })),
  },
  'writes beside its target': {
    rule: 'readInto fills its target and nothing beside it',
    make: methods((_, own) => ({
      readInto: async (target: Uint8Array, options) => {
        const n = await own('readInto')(target, options)
        new Uint8Array(target.buffer)[target.byteOffset + n] = 0
        return n
      },
    })),
  },
  'waits for a full target': {
    rule: 'readInto with partial takes what is there, at least one byte',
    make: methods((_, own) => ({ readInto: (target) => own('readInto')(target) })),
  },
  'takes a first piece for all': {
    rule: 'readToEnd resolves with everything until the end of the stream',
    make: methods((_, own) => ({ readToEnd: (options) => own('read')(options) })),
  },
  'takes what it only shows': {
    rule: 'peek leaves unread what it shows',
    make: methods((_, own) => ({ peek: (n, options) => own('readExactly')(n, options) })),
  },
  'gathers what it skips': {
    rule: 'skip drops exactly n bytes as they come',
    make: methods((side, own) => ({
      skip: async (n, options) => (await own('readExactly')(n, { maxBytes: side.limits.maxBufferSize, ...options })).length,
    })),
  },
  'waits in a try read': {
    rule: 'a try read gives what is there, and undefined where a read would wait',
    make: methods(() => ({ tryReadLine: () => undefined })),
  },
  'takes a turn for what is there': {
    rule: 'what is buffered is read without a turn of the event loop',
    make: methods((_, own) => ({ readLine: (options) => turn().then(() => own('readLine')(options)) })),
  },
  'uses the memory of its results again': {
    rule: 'nobody writes to bytes that a read has returned',
    make: methods((_, own) => {
      const memory = Buffer.alloc(100_000)
      return {
        readExactly: async (n, options) => {
          const result = await own('readExactly')(n, options)
          return typeof result === 'string' ? result : memory.subarray(0, result.copy(memory))
        },
      }
    }),
  },

  // --- what is looked for ----------------------------------------------------------------------------------------------

  'loses the first byte of a record': {
    rule: 'readUntil resolves with everything up to and including the first delimiter',
    make: methods((_, own) => ({ readUntil: async (...args) => (await own('readUntil')(...args)).slice(1) })),
  },
  'looks for the first byte of a delimiter only': {
    rule: 'readUntil finds a delimiter of several bytes at every cut',
    make: methods((_, own) => ({ readUntil: (delimiter, options) => own('readUntil')(delimiter[0], options) })),
  },
  'takes the false start of a delimiter': {
    rule: 'the false start of a delimiter is no match',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) => own('readUntil')(delimiter === 'aab' ? 'aa' : delimiter, options),
    })),
  },
  'looks for the first of several delimiters only': {
    rule: 'of several delimiters the first to start wins, then the longest, whatever the cuts',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) => own('readUntil')(Array.isArray(delimiter) ? delimiter[0] : delimiter, options),
    })),
  },
  'does not wait for a longer delimiter': {
    rule: 'where a longer delimiter may still complete, readUntil waits for the next byte or the end',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) =>
        own('readUntil')(Array.isArray(delimiter) && delimiter.length === 2 && delimiter[0] === '\r' ? '\r' : delimiter, options),
    })),
  },
  'skips empty records': {
    rule: 'an empty record is a record',
    make: methods((_, own) => ({
      readLine: async (options) => {
        for (;;) {
          const line = await own('readLine')(options)
          if (line !== '') return line
        }
      },
    })),
  },
  'leaves the carriage return': {
    rule: 'readLine strips the line end, \\n or \\r\\n, and nothing else',
    make: methods((_, own) => ({ readLine: (options) => own('readLine')({ delimiter: '\n', ...options }) })),
  },
  'strips the carriage return of a delimiter of its own': {
    rule: 'readLine with a delimiter strips exactly that',
    make: methods((_, own) => ({
      readLine: async (options) => (await own('readLine')(options)).replace(options?.delimiter === undefined ? '' : /\r$/, ''),
    })),
  },
  'matches from the lastIndex of the pattern': {
    rule: 'readUntilMatch resolves with everything up to the end of the first match',
    make: methods((_, own) => ({
      readUntilMatch: async (pattern: RegExp, options) => {
        const result = await own('readUntilMatch')(pattern, options)
        pattern.lastIndex = 0
        return result
      },
    })),
  },
  'leaves the delimiter it skipped to': {
    rule: 'skipUntil drops everything up to and including the delimiter',
    make: methods((_, own) => ({ skipUntil: async (...args) => (await own('skipUntil')(...args)) - 1 })),
  },
  'decodes what is left of the last result': {
    rule: 'each result is decoded on its own',
    make: methods((_, own) => ({
      readExactly: async (...args) => {
        const result = await own('readExactly')(...args)
        return typeof result === 'string' ? result.replace('\ufffd', '') : result
      },
    })),
  },

  // --- iterators -------------------------------------------------------------------------------------------------------

  'does not decode lines': {
    rule: 'lines takes a delimiter and an encoding',
    make: methods((_, own) => ({ lines: (options) => own('lines')({ ...options, encoding: undefined }) })),
  },
  'leaves out an unterminated last line': {
    rule: 'lines yields each line, and at the end one that has no line end',
    make: methods((side) => ({ lines: () => untilFailure(() => side.readLine()) })),
  },
  'goes on with the rest of an over-long line': {
    rule: "with overflow: 'skip' an over-long line is dropped whole and the next one comes",
    make: methods((side, own) => ({
      lines: (options) => {
        const lines = own('lines')(options)
        const next = (): Promise<unknown> =>
          side.readLine({ maxBytes: options.maxBytes }).then(
            (value) => ({ value, done: false }),
            () => side.skip(options.maxBytes).then(next),
          )
        if (options?.overflow === 'skip') lines.next = next
        return lines
      },
    })),
  },
  'takes an over-long line': {
    rule: 'an over-long line ends the iteration and stays unread',
    make: methods((side, own) => ({
      lines: (options) => {
        const lines = own('lines')(options)
        const next = lines.next.bind(lines)
        lines.next = async () => {
          try {
            return await next()
          } catch (error) {
            if (error instanceof LimitExceededError) await side.skipUntil('\n')
            throw error
          }
        }
        return lines
      },
    })),
  },
  'yields longer chunks than it may': {
    rule: 'chunks and the connection itself yield every byte until the end of the stream',
    make: methods((_, own) => ({ chunks: (n) => own('chunks')(n) })),
  },
  'takes an early end for the end of the chunks': {
    rule: 'chunks(n) yields exactly n bytes, and an earlier end is an EndOfStreamError',
    make: methods((_, own) => ({
      chunks: (n, options) => {
        const chunks = own('chunks')(n, options)
        const next = chunks.next.bind(chunks)
        chunks.next = () => next().catch(() => ({ value: undefined, done: true }))
        return chunks
      },
    })),
  },
  'ends the connection with the loop': {
    rule: 'between two items an iterator holds nothing, and leaving the loop leaves the connection open',
    make: methods((side, own) => ({
      lines: (options) => {
        const lines = own('lines')(options)
        lines.return = async () => {
          side.abort()
          return { value: undefined, done: true }
        }
        return lines
      },
    })),
  },
  'queues the second iterator': {
    rule: 'of two items asked for at once the second is refused, and may be asked for again',
    make: methods((_, own) => {
      let last: Promise<unknown> = Promise.resolve()
      return {
        lines: (options) => {
          const lines = own('lines')(options)
          const next = lines.next.bind(lines)
          lines.next = () => {
            const mine = last.then(next, next)
            last = mine
            return mine
          }
          return lines
        },
      }
    }),
  },
  'does not look at the options of an iterator': {
    rule: 'bad options of an iterator reject its first next, and nothing is taken',
    make: methods((_, own) => ({
      chunks: (n, options) => own('chunks')(typeof n === 'number' && n < 0 ? undefined : n, options),
    })),
  },

  // --- limits ----------------------------------------------------------------------------------------------------------

  'is off by one at the limit': {
    rule: 'a match that ends at the limit succeeds, and one byte less fails, at every cut',
    make: methods((_, own) => ({ readUntil: (delimiter, options) => own('readUntil')(delimiter, more(options, 1)) })),
  },
  'tells the limit late': {
    rule: 'a read fails at the byte after which it can no longer succeed, and not before',
    make: methods((_, own) => ({
      readToEnd: (options) => own('readToEnd')(more(options, 100)),
    })),
  },
  'waits for more than it may have': {
    rule: 'a number of bytes above the limit is refused at once',
    make: methods((_, own) => ({ skip: (n, options) => own('skip')(n, { ...options, maxBytes: undefined }) })),
  },
  'takes what exceeds a limit': {
    rule: 'a read that exceeds its limit consumes nothing',
    make: failing('readLine', LimitExceededError, (side, { maxBytes } = {}) => maxBytes === 3 && side.tryReadExactly(1)),
  },
  'prefers the match that fits': {
    rule: 'a limit never changes which match wins',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) =>
        own('readUntil')(delimiter, options).catch((error: unknown) => {
          if (Array.isArray(delimiter) && delimiter[0] === '\n') return own('readUntil')('\n', options)
          throw error
        }),
    })),
  },
  'looks at the end before the limit': {
    rule: 'the limit is judged before the end of the stream',
    make: methods((side, own) => ({
      readUntil: (delimiter, options) => own('readUntil')(delimiter, side.peerEnded ? more(options, 1) : options),
    })),
  },
  'has limits that cannot be set': {
    rule: 'maxBufferSize is the limit of a read that has none, and maxBytes may exceed it',
    make: methods((_, own) => ({ setLimits: (limits) => (limits?.maxBufferSize === 8 ? undefined : own('setLimits')(limits)) })),
  },
  'closes when a limit is exceeded': {
    rule: 'a limit leaves the connection usable, and its error says what to raise',
    make: failing('readUntil', LimitExceededError, (side, { maxBytes } = {}) => maxBytes === 4 && side.buffered === 17 && side.close()),
  },
  'skips half a delimiter': {
    rule: 'a skipUntil that exceeds its limit leaves what may begin the delimiter',
    make: failing('skipUntil', LimitExceededError, (side) => side.tryReadExactly(side.buffered)),
  },
  'has limits that nothing can keep': {
    rule: 'a limit smaller than the delimiter is a RangeError',
    make: methods((_, own) => ({
      readLine: (options) =>
        options?.maxBytes === 1
          ? Promise.reject(new LimitExceededError({ limit: 1, size: 2, option: 'maxBytes' }))
          : own('readLine')(options),
    })),
  },

  // --- reads that do not succeed ---------------------------------------------------------------------------------------

  'takes bytes on an aborted read': {
    rule: 'a read that is aborted rejects with the reason and consumes nothing',
    make: failing('readUntil', Error, (side, { signal } = {}) => signal?.aborted && side.tryReadExactly(2)),
  },
  'rejects an aborted read with an error of its own': {
    rule: 'a read that is aborted rejects with the reason and consumes nothing',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) =>
        own('readUntil')(delimiter, options).catch((error: unknown) => {
          throw options?.signal?.aborted ? new Error('aborted') : error
        }),
    })),
  },
  'loses unread bytes on a time-out': {
    rule: 'a read that is out of time is a TimeoutError and consumes nothing',
    make: failing('readLine', TimeoutError, (side) => side.tryReadExactly(1)),
  },
  'misses the partial': {
    rule: CUT_SHORT,
    make: methods((_, own) => ({
      readUntil: (...args) =>
        own('readUntil')(...args).catch((error: unknown) => {
          throw error instanceof EndOfStreamError ? new EndOfStreamError() : error
        }),
    })),
  },
  'takes a short read for a whole one': {
    rule: CUT_SHORT,
    make: methods((_, own) => ({
      readExactly: (...args) =>
        own('readExactly')(...args).catch((error: unknown) => {
          if (error instanceof EndOfStreamError) return error.partial
          throw error
        }),
    })),
  },
  'drops more in a failed skip than it counts': {
    rule: 'a failed skip leaves what it did not drop',
    make: failing('skip', Error, (side) => side.bytesRead === 4 && side.readExactly(1).catch(ignore)),
  },
  'is not free at once after an abort': {
    rule: 'after an abort the next read may be made in the same turn',
    make: methods((_, own) => {
      let busy = false
      return {
        readUntil: (delimiter, options) => {
          options?.signal?.addEventListener('abort', () => {
            busy = true
            queueMicrotask(() => {
              busy = false
            })
          })
          return own('readUntil')(delimiter, options)
        },
        readExactly: (...args) => (busy ? Promise.reject(new ConcurrentReadError()) : own('readExactly')(...args)),
      }
    }),
  },
  'gives buffered bytes to an aborted read': {
    rule: 'a signal that is already aborted comes before buffered bytes',
    make: methods((side, own) => ({
      read: (options) => own('read')(side.buffered > 0 && options?.signal?.aborted ? { ...options, signal: undefined } : options),
    })),
  },
  'leaves a listener on its signal': {
    rule: 'an abort after a read is settled changes nothing, and leaves no listener',
    make: methods((_, own) => ({
      readUntil: (delimiter, options) => {
        options?.signal?.addEventListener('abort', ignore)
        return own('readUntil')(delimiter, options)
      },
    })),
  },
  'accepts two readers': {
    rule: ONE_READ,
    make: methods((_, own) => {
      let last: Promise<unknown> = Promise.resolve()
      const after = (name: keyof Connection): Method => {
        const read = own(name)
        return (...args) => {
          const mine = last.then(
            () => read(...args),
            () => read(...args),
          )
          last = mine
          return mine
        }
      }
      return { readUntil: after('readUntil'), readLine: after('readLine') }
    }),
  },
  'throws out the first reader': {
    rule: ONE_READ,
    make: methods((_, own) => {
      let first: AbortController | undefined
      return {
        readUntil: (delimiter, options) => {
          if (options !== undefined) return own('readUntil')(delimiter, options)
          first?.abort(new ConcurrentReadError())
          first = new AbortController()
          return own('readUntil')(delimiter, { signal: first.signal })
        },
      }
    }),
  },
  'is not free at once after a read': {
    rule: 'the moment a read is settled the next one may be made',
    make: methods((_, own) => {
      let busy = false
      return {
        readLine: async (options) => {
          if (busy) throw new ConcurrentReadError()
          const line = await own('readLine')(options)
          busy = line === '10'
          setImmediate(() => {
            busy = false
          })
          return line
        },
      }
    }),
  },
  'does not let a write pass a read': {
    rule: 'a pending read does not stand in the way of a write',
    make: methods((side, own) => ({
      write: async (data) => {
        while (data === 'question\n' && side.waiting !== undefined) await turn()
        return own('write')(data)
      },
    })),
  },

  // --- messages --------------------------------------------------------------------------------------------------------

  'calls the function of a message late': {
    rule: 'readMessage resolves with what its function resolves with, at every cut',
    make: methods((_, own) => ({
      readMessage: (read: Method, options) =>
        own('readMessage')(async (reader: unknown) => {
          await Promise.resolve()
          return read(reader)
        }, options),
    })),
  },
  'tells only the last read of a message': {
    rule: 'a message that the end of the stream cuts short is unread again, and partial is all of it',
    make: methods((_, own) => ({
      readMessage: (...args) =>
        own('readMessage')(...args).catch((error: unknown) => {
          throw error instanceof EndOfStreamError && error.partial[0] === 0x35
            ? new EndOfStreamError({ partial: error.partial.subarray(2) })
            : error
        }),
    })),
  },
  'waits for the function of an aborted message': {
    rule: 'a message that is aborted between two reads rejects at once and is unread again',
    make: methods((_, own) => ({
      readMessage: (read: Method, options) => {
        let reading: Promise<unknown> = Promise.resolve()
        const message = own('readMessage')((reader: unknown) => {
          reading = (async () => read(reader))()
          return reading
        }, options)
        return message.catch(async (error: unknown) => {
          if (options?.signal?.aborted) await reading.catch(ignore)
          throw error
        })
      },
    })),
  },
  'does not hear of the time-out of a message': {
    rule: 'the timeout of a message holds for all of it, and it is unread again',
    make: methods((_, own) => ({
      readMessage: (read: Method, options?: ReadOptions) => own('readMessage')(read, options?.timeout === 20 ? undefined : options),
    })),
  },
  'gives back what a failed function took': {
    rule: 'a message that fails for a reason of its own keeps what it took',
    make: methods((_, own) => ({
      readMessage: (read: Method, options) =>
        own('readMessage')(async (reader: Connection) => {
          try {
            return await read(reader)
          } catch (error) {
            return reader.read({ signal: AbortSignal.abort(error) })
          }
        }, options),
    })),
  },
  'does not see that its function aborts a message': {
    rule: 'a message that its own function aborts between two reads is unread again, too',
    make: methods((_, own) => ({
      readMessage: (read: Method, options) => own('readMessage')(read, options?.timeout === 60_000 ? undefined : options),
    })),
  },
  'lets others read between the reads of a message': {
    rule: 'every other read while a message is read is a ConcurrentReadError, also between two of its reads',
    make: methods((side, own) => ({
      tryReadExactly: (...args) =>
        side.waiting?.operation === 'readMessage()' && side.buffered === 1 ? 't' : own('tryReadExactly')(...args),
    })),
  },
  'queues the reads of a message': {
    rule: 'two reads of one message at a time are one too many',
    make: methods((_, own) => ({
      readMessage: (read: Method, options) =>
        own('readMessage')((reader: Connection) => {
          const readLine = reader.readLine.bind(reader)
          let last: Promise<unknown> = Promise.resolve()
          reader.readLine = (options) => {
            const mine = last.then(() => readLine(options))
            last = mine
            return mine
          }
          return read(reader)
        }, options),
    })),
  },
  'goes on reading for a message that is over': {
    rule: 'the reader of a message that is settled rejects as it did, with a TypeError if it resolved',
    make: methods((side, own) => ({
      readMessage: (read: Method, options) => {
        let over = false
        const message = own('readMessage')((reader: Connection) => {
          const readLine = reader.readLine.bind(reader)
          reader.readLine = (options) => (over ? side.readLine(options) : readLine(options))
          return read(reader)
        }, options)
        message.then(() => {
          over = true
        }, ignore)
        return message
      },
    })),
  },
  'has a limit for each read of a message': {
    rule: 'maxBytes of a message is shared by its reads',
    make: methods((_, own) => ({
      readMessage: (read: Method, options: ReadOptions = {}) =>
        options.maxBytes !== 8
          ? own('readMessage')(read, options)
          : own('readMessage')((reader: Connection) => {
              const readExactly = reader.readExactly.bind(reader) as Method
              reader.readExactly = ((n: number, own: object) => readExactly(n, { maxBytes: 8, ...own })) as never
              return read(reader)
            }),
    })),
  },

  // --- writes ----------------------------------------------------------------------------------------------------------

  'splits a write': {
    rule: 'writes leave in the order of the calls, and none is split by another',
    make: methods((_, own) => ({
      write: async (data) => {
        const pieces = Array.isArray(data) && data.length === 3 ? data : [data]
        for (const piece of pieces) {
          await own('write')(piece)
          await turn()
        }
      },
    })),
  },
  'lets a short write overtake': {
    rule: 'writes leave in the order of the calls, and none is split by another',
    make: methods((_, own) => ({
      write: (data) => (data === '7,' ? turn().then(() => own('write')(data)) : own('write')(data)),
    })),
  },
  'writes the elements of a view': {
    rule: 'text, views of any kind and arrays of them are written as their bytes',
    make: methods((_, own) => ({ write: (data) => own('write')(data instanceof Uint16Array ? Buffer.from(data) : data) })),
  },
  'sends what it can of what cannot be written': {
    rule: 'what cannot be written is a TypeError, and nothing of it is sent',
    make: methods((_, own) => ({
      write: (data) => {
        if (Array.isArray(data) && data.includes(5)) own('tryWrite')('sent?')
        return own('write')(data)
      },
    })),
  },
  'flushes too early': { rule: 'flush waits for what is queued', make: methods(() => ({ flush: () => Promise.resolve() })) },
  'does not count what it flushed': {
    rule: 'flush resolves when nothing that was written is queued',
    make: facts((side) => {
      return { bytesWritten: () => (told(side, 'bytesWritten') === 200_000 ? 0 : told(side, 'bytesWritten')) }
    }),
  },
  'ends with its source': {
    rule: 'writeFrom writes what a source gives, and its number of bytes is what it resolves with',
    make: methods((side, own) => ({
      writeFrom: async (source) => {
        const count = await own('writeFrom')(source)
        side.end()
        return count
      },
    })),
  },

  // --- ends ------------------------------------------------------------------------------------------------------------

  'drops what is queued at an end': {
    rule: 'everything written before an end arrives before it',
    make: methods((side, own) => ({
      end: (data) => {
        if (side.queued <= 100_000) return own('end')(data)
        side.abort()
        return Promise.resolve()
      },
    })),
  },
  'ends when its peer does': {
    rule: 'a reply after the end of the peer arrives whole',
    make: () => pair({ client: { allowHalfOpen: false }, server: { allowHalfOpen: false } }),
  },
  'does not mind a second end': {
    rule: 'after end() reads go on and writes are refused; a second end does nothing',
    make: methods((side, own) => ({ end: (data) => (side.ended && data === 'x' ? Promise.resolve() : own('end')(data)) })),
  },
  'puts the end before the last bytes': {
    rule: 'what arrived before the end of the stream is delivered before it',
    make: methods((side, own) => ({
      readLine: (options) => (side.peerEnded && side.buffered === 9 ? Promise.reject(new EndOfStreamError()) : own('readLine')(options)),
    })),
  },
  'takes half a close for a whole one': {
    rule: 'a connection whose peer has only ended its side is not over',
    make: facts((side) => {
      const over = new AbortController()
      return {
        signal: () => {
          if (side.peerEnded) over.abort()
          return over.signal
        },
      }
    }),
  },
  'is never over': { rule: OVER, make: facts(() => ({ closed: new Promise(ignore) })) },
  'does not know who ended first': {
    rule: OVER,
    make: facts((side) => {
      const closed = side.closed.then((info) => ({ ...info, by: info.by === 'peer' ? 'local' : info.by }))
      return { closed }
    }),
  },
  'drops what is buffered when it is over': {
    rule: 'bytes that are buffered when it is over can still be read',
    make: methods((side, own) => ({
      readExactly: (...args) => (side.signal.aborted ? Promise.reject(new ConnectionClosedError()) : own('readExactly')(...args)),
    })),
  },
  'drops what is queued at a close': {
    rule: 'close sends everything that was written before it, and resolves once the peer has ended too',
    make: methods((side) => ({
      close: async () => {
        side.abort()
      },
    })),
  },
  'hangs at close': {
    rule: 'close sends everything that was written before it, and resolves once the peer has ended too',
    make: methods((_, own) => ({
      close: () => {
        own('close')()
        return new Promise(ignore)
      },
    })),
  },
  'does not wait for its peer at a close': {
    rule: 'close sends everything that was written before it, and resolves once the peer has ended too',
    make: methods((_, own) => ({
      close: async () => {
        own('close')()
      },
    })),
  },
  'reads on after its own close': {
    rule: 'reads after the own close are refused at once, those that wait and buffered bytes too',
    make: methods((side, own) => ({
      read: (options) => (side.ended ? own('read')(options).catch(() => null) : own('read')(options)),
    })),
  },
  'resets what its peer still sends': {
    rule: 'close drops what the peer still sends',
    make: methods((side, own) => {
      const listen = async (): Promise<void> => {
        while (side.bytesRead === 0 && !side.signal.aborted) await turn()
        side.abort()
      }
      return {
        close: () => {
          if (side.bytesRead === 0) void listen()
          return own('close')()
        },
      }
    }),
  },
  'rejects a second close': {
    rule: 'close never rejects, however often it is called and however it ends',
    make: methods((side, own) => ({
      close: () => (side.ended && !side.peerEnded ? Promise.reject(new ConnectionClosedError()) : own('close')()),
    })),
  },
  'is not disposed': {
    rule: 'the connection is an async disposable',
    make: methods(() => ({ [Symbol.asyncDispose]: () => Promise.resolve() })),
  },

  // --- breaks ----------------------------------------------------------------------------------------------------------

  'shows an abort as an end': { rule: LOSS, make: carriers((carrier) => ({ does: { reset: () => carrier.release() } })) },
  'puts a loss before what had arrived': {
    rule: LOSS,
    make: methods((side, own) => ({
      readLine: (options) => (side.signal.aborted ? Promise.reject(new ConnectionLostError()) : own('readLine')(options)),
    })),
  },
  'takes a loss for an end': {
    rule: LOSS,
    make: methods((_, own) => ({
      readToEnd: (options) =>
        own('readToEnd')(options).catch((error: unknown) => {
          if (error instanceof ConnectionLostError) return Buffer.alloc(0)
          throw error
        }),
    })),
  },
  'takes bytes at a loss': {
    rule: 'a read that waits as the peer aborts rejects with ConnectionLostError, and its bytes stay unread',
    make: failing('readUntil', ConnectionLostError, (side) => side.buffered > 0 && side.tryReadExactly(1)),
  },
  'forgets the reason of an abort': {
    rule: 'abort rejects every pending and later call with ConnectionClosedError, its cause the reason',
    make: methods((_, own) => ({ abort: () => own('abort')() })),
  },
  'says last what came last': {
    rule: 'what ended a connection first is what its calls say: an end before an abort',
    make: methods((_, own) => {
      let reason: unknown
      return {
        abort: (cause) => {
          reason = cause
          own('abort')(cause)
        },
        write: (data) =>
          own('write')(data).catch((error: unknown) => {
            throw error instanceof ConnectionClosedError ? new ConnectionClosedError({ cause: reason }) : error
          }),
      }
    }),
  },
  'is over twice': {
    rule: 'abort again, or after it is over, changes nothing',
    make: () => {
      const sides = pair()
      for (const side of sides) {
        const abort = side.abort.bind(side)
        let reasons: unknown[] = []
        side.abort = (...args: unknown[]) => {
          reasons = args
          abort(...args)
        }
        const closed = side.closed.then(async (info) => {
          await turn()
          return info.by === 'aborted' && reasons.length > 0 ? { ...info, error: reasons[0] } : info
        })
        Object.defineProperty(side, 'closed', { get: () => closed })
      }
      return sides
    },
  },
  'ends its loops at a loss': {
    rule: 'a loop over chunks or lines does not take a break for an end',
    make: methods((side) => ({ [Symbol.asyncIterator]: () => untilFailure(() => side.read()) })),
  },
  'rejects a close that is cut short': {
    rule: 'a close that is cut short resolves, and what was queued is lost',
    make: methods((side, own) => ({
      close: async () => {
        await own('close')()
        if ((await side.closed).by === 'lost') throw new ConnectionLostError()
      },
    })),
  },
  'does not tell a write that it was lost': {
    rule: 'an abort of the other side rejects the writes that wait',
    make: methods((side, own) => ({
      write: async (data) => {
        const known = side.signal.aborted
        await own('write')(data).catch((error: unknown) => {
          if (known || !(error instanceof ConnectionLostError)) throw error
        })
      },
    })),
  },
  'skips what never came': {
    rule: 'bytes that were queued at an abort are dropped, and what arrives of them is cut by a loss',
    make: methods((_, own) => ({
      skip: (n, options) =>
        own('skip')(n, options).catch((error: unknown) => {
          if (error instanceof ConnectionLostError) return n
          throw error
        }),
    })),
  },
  'waits for ever to write': {
    rule: 'queued bytes that make no progress for writeTimeout cut the connection',
    make: methods((_, own) => ({ setLimits: (limits) => own('setLimits')(limits.writeTimeout === 30 ? {} : limits) })),
  },
  'keeps its source': {
    rule: 'writeFrom gives its source back when the connection fails',
    make: methods((_, own) => ({
      writeFrom: (source) =>
        own('writeFrom')(Symbol.asyncIterator in Object(source) ? { [Symbol.asyncIterator]: () => kept(source) } : source),
    })),
  },
  'minds an ignored promise': { rule: IGNORED, make: methods((_, own) => ({ write: async (data) => own('write')(data) })) },

  // --- back-pressure ---------------------------------------------------------------------------------------------------

  'never makes a write wait': {
    rule: PRESSURE,
    make: methods((side, own) => ({
      write: (data) => {
        const write = own('write')(data)
        if (side.queued === 0 || side.ended) return write
        write.catch(ignore)
        return Promise.resolve()
      },
    })),
  },
  'reads ahead without bound': { rule: PRESSURE, make: carriers(() => ({ does: { pause: ignore } })) },
  'tells nothing of its queue': { rule: PRESSURE, make: facts(() => ({ queued: 0 })) },
  'tries to write too hard': {
    rule: 'tryWrite takes all of it below the high-water mark, and else nothing',
    make: methods((side, own) => ({
      tryWrite: (data) => {
        if (side.queued > 0) side.write(data)
        return own('tryWrite')(data)
      },
    })),
  },
  'has a mark that cannot be set': {
    rule: 'writeHighWaterMark is the mark that write and tryWrite go by',
    make: methods((_, own) => ({ setLimits: (limits) => own('setLimits')({ ...limits, writeHighWaterMark: undefined }) })),
  },
  'holds a slow consumer for ever': {
    rule: 'a queue over maxWriteBuffer is aborted: the end of a slow consumer',
    make: methods((_, own) => ({ setLimits: ({ maxWriteBuffer, ...limits }) => own('setLimits')(limits) })),
  },

  // --- drains ----------------------------------------------------------------------------------------------------------

  'forgets a drain': { rule: DRAIN, make: methods(() => ({ drain: ignore })) },
  'drains only reads that wait': {
    rule: DRAIN,
    make: methods((side, own) => ({
      readLine: (options) => own('readLine')(side.drainSignal.aborted ? { idle: false } : options),
    })),
  },
  'drains in the middle of a message': {
    rule: 'a drain leaves a read in the middle of a message alone',
    make: methods((_, own) => ({ readLine: (options) => own('readLine')(options ?? { idle: true }) })),
  },
  'drains what has begun': {
    rule: 'a byte that is there is the beginning of a message, which a drain does not interrupt',
    make: methods((side, own) => ({
      drain: () => {
        own('drain')()
        if (side.buffered === 1) side.abort()
      },
    })),
  },
  'drains what it tries to read': {
    rule: 'what has arrived is read in spite of a drain',
    make: methods((side, own) => ({
      tryReadLine: (options) => {
        if (side.drainSignal.aborted && side.buffered === 0) throw new Error('draining')
        return own('tryReadLine')(options)
      },
    })),
  },
  'has no drainSignal': {
    rule: 'drainSignal aborts with a DrainingError when the connection is asked to finish',
    make: facts(() => ({ drainSignal: new AbortController().signal })),
  },
  'does not know what is idle': {
    rule: 'a read is idle by default if nothing was consumed since the last write',
    make: methods((side, own) => ({
      readLine: (options) => own('readLine')(side.bytesWritten + side.queued > 40 && options === undefined ? { idle: false } : options),
    })),
  },
  'does not hear what is idle': {
    rule: 'idle says whether a drain may interrupt a read',
    make: methods((_, own) => ({
      readLine: (options: ReadOptions = {}) => own('readLine')(options.idle === false ? { ...options, idle: true } : options),
    })),
  },
  'takes each read of a message for a message': {
    rule: 'only the first byte of a message is waited for as idle',
    make: methods((side, own) => ({
      readMessage: (read: Method, options: ReadOptions = {}) =>
        options.idle === false || side.buffered > 0 ? own('readMessage')(read, options) : own('readMessage')(read, options),
      drain: () => {
        own('drain')()
        if (side.waiting?.operation === 'readMessage()' && side.buffered === 1) side.abort()
      },
    })),
  },

  // --- facts, arguments, run, bridges ----------------------------------------------------------------------------------

  'has ended before it ends': {
    rule: 'ended and peerEnded tell which side has ended',
    make: facts((side) => ({ peerEnded: () => side.bytesRead === 0 || told(side, 'peerEnded') })),
  },
  'has no id of its own': { rule: 'ids are numbers and unique', make: facts(() => ({ id: 7 })) },
  'forgets who it was': {
    rule: 'the facts stay readable after the end',
    make: facts((side) => {
      const { remote } = side
      return { remote: () => (side.signal.aborted ? undefined : remote) }
    }),
  },
  'does not say what it waits for': {
    rule: 'waiting says the pending operation, and is undefined while nothing waits',
    make: facts(() => ({ waiting: undefined })),
  },
  'takes any limit': {
    rule: 'setLimits holds from the next call on, and refuses what cannot be',
    make: methods((_, own) => ({
      setLimits: (limits) => {
        if (limits === undefined || !('maxBuffer' in limits)) own('setLimits')(limits)
      },
    })),
  },
  'takes every wait for idle': {
    rule: 'idleTimeout is for the first byte of a message, readTimeout for the rest of it',
    make: methods((_, own) => ({
      setLimits: (limits) => own('setLimits')(limits?.readTimeout === 10 ? { ...limits, readTimeout: undefined } : limits),
    })),
  },
  'throws at a wrong argument': {
    rule: WRONG,
    make: methods((_, own) => ({
      readExactly: (n, options) => {
        if (n < 0) throw new RangeError('n must be ≥ 0')
        return own('readExactly')(n, options)
      },
    })),
  },
  'takes a wrong argument': { rule: WRONG, make: methods((_, own) => ({ peek: (n, options) => own('peek')(n ?? 0, options) })) },
  'does not throw at a wrong argument': {
    rule: 'a wrong argument of a method without a promise is thrown',
    make: methods((_, own) => ({ tryReadExactly: (n, encoding) => (n < 0 ? undefined : own('tryReadExactly')(n, encoding)) })),
  },
  'throws another error at a wrong argument': {
    rule: 'a wrong argument of a method without a promise is thrown',
    make: methods((_, own) => ({
      tryReadUntil: (...args) => {
        if (args[0] === '') throw new TypeError('empty')
        return own('tryReadUntil')(...args)
      },
    })),
  },
  'looks at the signal first': {
    rule: 'of several reasons to refuse a read its arguments come first, then ConcurrentReadError, then the signal',
    make: methods((_, own) => ({
      readExactly: (n, options) =>
        options?.signal?.aborted && n < 0 ? Promise.reject(options.signal.reason) : own('readExactly')(n, options),
    })),
  },
  'stays open after run': {
    rule: 'run closes the connection after its handler',
    make: methods((side) => ({ run: async (handler) => handler(side) })),
  },
  'swallows what a handler threw': {
    rule: 'what the connection raised and a handler let through is told by closed',
    make: methods((_, own) => ({ run: (handler) => own('run')(handler).catch(ignore) })),
  },
  'runs twice': {
    rule: 'run without a server rejects with what its handler threw, once the connection is closed',
    make: methods((_, own) => {
      let ran = false
      return {
        run: (handler) => {
          const again = ran
          ran = true
          return again ? Promise.resolve() : own('run')(handler)
        },
      }
    }),
  },
  'has a Duplex without an end': {
    rule: 'toDuplex carries bytes and ends both ways',
    make: methods((_, own) => ({
      toDuplex: () => {
        const duplex = own('toDuplex')()
        const push = duplex.push.bind(duplex)
        duplex.push = (piece: Buffer | null) => piece === null || push(piece)
        return duplex
      },
    })),
  },
  'ends when its Duplex is destroyed': {
    rule: 'destroying the Duplex before its end aborts the connection',
    make: methods((side, own) => ({
      toDuplex: () => {
        const duplex = own('toDuplex')()
        duplex._destroy = (_: unknown, done: Method) => {
          side.abort()
          done()
        }
        return duplex
      },
    })),
  },
  'hides a loss from its Duplex': {
    rule: 'a loss is an error of the Duplex',
    make: methods((_, own) => ({
      toDuplex: () => {
        const duplex = own('toDuplex')()
        const destroy = duplex.destroy.bind(duplex)
        duplex.destroy = (error: unknown) => destroy(error instanceof ConnectionLostError ? new Error('lost') : error)
        return duplex
      },
    })),
  },
  'has web streams that carry nothing': {
    rule: 'toWeb carries bytes and ends both ways',
    make: methods((_, own) => ({ toWeb: () => ({ ...own('toWeb')(), readable: new ReadableStream() }) })),
  },
  'reads beside a bridge': {
    rule: 'while a bridge stands it is the one reader',
    make: methods((_, own) => {
      let bridged = false
      return {
        toWeb: () => {
          bridged = true
          return own('toWeb')()
        },
        readLine: (options) => (bridged ? Promise.resolve('') : own('readLine')(options)),
      }
    }),
  },
}

/** Read options with a limit that is larger by `n`. */
function more<O>(options: O, n: number): O {
  const maxBytes = typeof options === 'object' ? (options as ReadOptions | null)?.maxBytes : undefined
  return maxBytes === undefined ? options : { ...options, maxBytes: maxBytes + n }
}

/** A read that, failing with an error of this class, does something first. */
function failing(
  name: keyof Connection,
  failure: abstract new (...args: never[]) => Error,
  first: (side: Connection, options?: ReadOptions) => unknown,
): MakePair {
  return methods((side, own) => ({
    [name]: (...args: unknown[]) =>
      own(name)(...args).catch((error: unknown) => {
        if (error instanceof failure || failure === Error) first(side, args.at(-1) as ReadOptions)
        throw error
      }),
  }))
}

/** What a read gives again and again, until it fails. */
function untilFailure(read: () => Promise<unknown>): AsyncIterable<unknown> & AsyncIterator<unknown> {
  const next = (): Promise<IteratorResult<unknown>> =>
    read().then(
      (value) => ({ value, done: value === null }),
      () => ({ value: undefined, done: true }),
    )
  return { next, [Symbol.asyncIterator]: () => ({ next }) }
}

/** An iterator that hears of no end. */
function kept(source: AsyncIterable<unknown>): AsyncIterator<unknown> {
  const items = source[Symbol.asyncIterator]()
  return { next: () => items.next() }
}
