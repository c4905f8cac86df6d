// Connections that break a rule about messages.

import type { Connection } from '../../../lib/connection/connection.js'
import type { ReadOptions } from '../../../lib/connection/reading/read-options.js'
import { EndOfStreamError } from '../../../lib/errors.js'
import { type BadConnection, ignore, type Method, methods } from './spoil.js'

export const messages: Record<string, BadConnection> = {
  'calls the function of a message late': {
    rule: 'readMessage resolves as its function does, at every cut',
    make: methods((_, own) => ({
      readMessage: (read: Method, options) =>
        own('readMessage')(async (reader: unknown) => {
          await Promise.resolve()
          return read(reader)
        }, options),
    })),
  },
  'reports only the last read of a message': {
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
  'ignores the time-out of a message': {
    rule: 'the timeout of a message holds for all of it, and it is unread again',
    make: methods((_, own) => ({
      readMessage: (read: Method, options?: ReadOptions) => own('readMessage')(read, options?.timeout === 20 ? undefined : options),
    })),
  },
  'gives back what a failed function took': {
    rule: 'a message whose function throws consumes the bytes that it read',
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
    rule: 'a second read of a message while one is pending is a ConcurrentReadError',
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
  'goes on reading for a message that has ended': {
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
}
