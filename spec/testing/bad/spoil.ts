// Connections that break a rule, each with the sentence of the rule that the check must name. Most are pairs in memory
// whose methods are spoiled one by one; some have a carrier that is.

import { Connection } from '../../../lib/connection/connection.js'
import { ConnectionCore } from '../../../lib/connection/lifecycle.js'
import type { ReadOptions } from '../../../lib/connection/reading/read-options.js'
import { resolveConnectionOptions } from '../../../lib/options/connection.js'
import type { MakePair } from '../../../lib/testing/check.js'
import { pair } from '../../../lib/testing/pair.js'
import type { Carrier, CarrierSink } from '../../../lib/transport/carrier.js'
import { systemClock } from '../../../lib/transport/clock.js'
import { memoryPair } from '../../../lib/transport/memory/carrier.js'

export interface BadConnection {
  /** The rule that must be named. */
  rule: string
  make: MakePair
}

// biome-ignore lint/suspicious/noExplicitAny: any method of a connection
export type Method = (...args: any[]) => any

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
export const ignore = (): void => {}

/** Both sides of a pair with some methods replaced; each replacement is made of the method itself. */
export function methods(make: (side: Connection, own: (name: keyof Connection) => Method) => Record<string | symbol, Method>): MakePair {
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
export function facts(make: (side: Connection) => Partial<Record<keyof Connection, unknown>>): MakePair {
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

/** The value that the class gives for a member, although the connection has a replacement. */
export function told(side: Connection, fact: keyof Connection): unknown {
  return Reflect.get(Connection.prototype, fact, side)
}

/** A pair whose carriers are spoiled: their methods, or the events that they report. */
export function carriers(
  spoil: (carrier: Carrier, sink: CarrierSink) => { does?: Partial<Carrier>; tells?: Partial<CarrierSink> },
): MakePair {
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
      return new Connection(new ConnectionCore(carrier, resolveConnectionOptions({}), systemClock))
    })
    return [a as Connection, b as Connection]
  }
}

/** What arrives, with the chunk that holds the byte at `at` replaced. */
export function atByte(at: number, spoil: (chunk: Buffer) => Buffer): MakePair {
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

/** Read options with a limit that is larger by `n`. */
export function more<O>(options: O, n: number): O {
  const maxBytes = typeof options === 'object' ? (options as ReadOptions | null)?.maxBytes : undefined
  return maxBytes === undefined ? options : { ...options, maxBytes: maxBytes + n }
}

/** A read that, failing with an error of this class, does something first. */
export function failing(
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
export function untilFailure(read: () => Promise<unknown>): AsyncIterable<unknown> & AsyncIterator<unknown> {
  const next = (): Promise<IteratorResult<unknown>> =>
    read().then(
      (value) => ({ value, done: value === null }),
      () => ({ value: undefined, done: true }),
    )
  return { next, [Symbol.asyncIterator]: () => ({ next }) }
}

/** An iterator without `return`. */
export function kept(source: AsyncIterable<unknown>): AsyncIterator<unknown> {
  const items = source[Symbol.asyncIterator]()
  return { next: () => items.next() }
}

export const WHOLE = 'bytes arrive whole and in order, both ways at once'
export const NULL = 'read resolves with null at the end of the stream, each time, and with no empty chunk'
export const ONE_READ = 'there is one read at a time: a second one is a ConcurrentReadError, and the first is untouched'
export const CUT_SHORT = 'a read that the end of the stream cuts short rejects with the bytes that had arrived and consumes nothing'
export const LOSS = 'the peer of an abort reads what had arrived, then ConnectionLostError and never an end'
export const OVER = 'a connection closes once both sides have ended, and closed names the side that ended first'
export const WRONG = 'a wrong argument is a rejection, TypeError or RangeError, and no byte is consumed'
export const DRAIN = 'a drain rejects a read that waits for a new message with DrainingError, and a later one too'
export const PRESSURE = 'a side that does not read makes write wait, and reading lets it go on'
export const IGNORED = 'a promise of write, flush or end that is ignored raises no unhandled rejection'
