// `writeFrom`: writes an iterable, an async iterable, a Readable or a web stream with back-pressure. When anything fails,
// the source is returned, destroyed or cancelled, even while its next piece is pending.

import type { Readable } from 'node:stream'
import type { ReadableStream as WebReadable } from 'node:stream/web'
import { isThenable, kindOf } from '../../kind-of.js'
import { checkWritable, type WriteData } from './write-data.js'
import type { WriteHalf } from './write-half.js'

/** What `writeFrom` takes: pieces as `write` takes them. */
export type WriteSource = Iterable<WriteData> | AsyncIterable<WriteData> | Readable | WebReadable<WriteData>

/** A source that is being written: an iterator, or the reader of a web stream. */
interface Pieces {
  next(): unknown
  /** Called when all pieces were written. */
  done(): void
  /** Ends the source before its end. */
  cancel(reason: unknown): unknown
}

/** Writes every piece of a source; resolves with the number of bytes. */
export async function writeFrom(writeHalf: WriteHalf, source: unknown): Promise<number> {
  const pieces = piecesOf(source)
  let fail: (error: unknown) => void = () => {}
  const removeListener = writeHalf.onEnd(() => fail(writeHalf.refusal))
  const unlessEnded = <T>(wait: () => T | PromiseLike<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      fail = reject
      Promise.resolve(wait()).then(resolve, reject)
    })
  let bytes = 0
  let at = 0
  try {
    // Before the first piece: after this side's end the source is not asked for one.
    let room = writeHalf.room()
    for (;;) {
      await unlessEnded(() => room)
      const { value, done } = await unlessEnded(() => pieces.next() as IteratorResult<unknown>)
      if (done) {
        removeListener()
        pieces.done()
        return bytes
      }
      const taken = writeHalf.putAwaited(checkWritable(value, at++))
      bytes += taken.bytes
      room = taken.room
    }
  } catch (error) {
    removeListener()
    // An error of the cancellation is dropped: the caller gets the failure that led to it.
    new Promise((resolve) => resolve(pieces.cancel(error))).catch(() => {})
    throw error
  }
}

function piecesOf(source: unknown): Pieces {
  if (typeof source === 'object' && source !== null && !ArrayBuffer.isView(source)) {
    if (typeof (source as Partial<WebReadable>).getReader === 'function') return ofWebStream(source as WebReadable)
    const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = source as AsyncIterable<unknown> & Iterable<unknown>
    if (typeof asynchronous === 'function') return ofIterator(source, asynchronous.call(source))
    if (typeof synchronous === 'function') return ofIterator(source, synchronous.call(source))
  }
  throw new TypeError(`source must be an iterable, an async iterable or a stream, not ${kindOf(source)}${insteadOf(source)}`)
}

function ofIterator(source: object, iterator: AsyncIterator<unknown> | Iterator<unknown>): Pieces {
  return {
    next: () => iterator.next(),
    done() {},
    cancel: () => (isNodeStream(source) ? void source.destroy() : iterator.return?.()),
  }
}

/** Advice for a generator that was not called, or for a single piece. */
function insteadOf(source: unknown): string {
  if (isThenable(source)) return ''
  return typeof source === 'function' ? ': call the function, and give what it returns' : ': write() takes a single piece'
}

/** Duck-typed, for streams of the `readable-stream` package. */
function isNodeStream(source: object): source is Readable {
  const { destroy, pipe } = source as Partial<Readable>
  return typeof destroy === 'function' && typeof pipe === 'function'
}

/** Uses the stream's reader: `return()` of its iterator waits for a pending `next()`, and would never cancel a silent stream. */
function ofWebStream(stream: WebReadable): Pieces {
  const reader = stream.getReader()
  const release = (): void => reader.releaseLock()
  return {
    next: () => reader.read(),
    done: release,
    cancel: (reason) => reader.cancel(reason).finally(release),
  }
}
