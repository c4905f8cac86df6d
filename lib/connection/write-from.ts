// Writing a whole source with back-pressure: an iterable, an async iterable, a Readable. The source is given back in
// order: returned or destroyed when the connection fails, even while it is asked for its next piece.

import { Readable } from 'node:stream'
import type { ConnectionCore } from './core.js'
import { kindOf } from './read-options.js'
import type { Writable } from './writable.js'

/** What `writeFrom` takes: pieces as `write` takes them. */
export type WriteSource = Iterable<Writable> | AsyncIterable<Writable> | Readable

type Pieces = AsyncIterator<unknown> | Iterator<unknown>

/** Writes every piece of a source; resolves with the number of bytes. */
export async function writeFrom(core: ConnectionCore, source: unknown): Promise<number> {
  const pieces = iteratorOf(source)
  let fail: (error: unknown) => void = () => {}
  const forget = core.outcome.listen(() => fail(core.outbox.refusal))
  let bytes = 0
  try {
    for (;;) {
      // First of all: a stream that has ended asks the source for nothing.
      await core.outbox.room()
      const { value, done } = await new Promise<IteratorResult<unknown>>((resolve, reject) => {
        fail = reject
        Promise.resolve(pieces.next()).then(resolve, reject)
      })
      if (done) {
        forget()
        return bytes
      }
      bytes += core.outbox.put(value)
    }
  } catch (error) {
    forget()
    giveBack(source, pieces)
    throw error
  }
}

function iteratorOf(source: unknown): Pieces {
  if (typeof source === 'object' && source !== null && !ArrayBuffer.isView(source)) {
    const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = source as AsyncIterable<unknown> & Iterable<unknown>
    if (typeof asynchronous === 'function') return asynchronous.call(source)
    if (typeof synchronous === 'function') return synchronous.call(source)
  }
  throw new TypeError(`source must be an iterable, an async iterable or a Readable, not ${kindOf(source)}: use write for a single piece`)
}

/** Ends a source in the middle. What it says to that is its own matter: the failure that led here is the one to tell. */
function giveBack(source: unknown, pieces: Pieces): void {
  if (source instanceof Readable) {
    source.destroy()
    return
  }
  Promise.resolve()
    .then(() => pieces.return?.())
    .catch(() => {})
}
