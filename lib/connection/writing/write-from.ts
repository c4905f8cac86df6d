// Writing a whole source with back-pressure: an iterable, an async iterable, a Readable, a web stream. The source is given
// back when anything fails: returned, destroyed or cancelled, even while it is asked for its next piece.

import type { Readable } from 'node:stream'
import type { ReadableStream as WebReadable } from 'node:stream/web'
import { isThenable, kindOf } from '../../kind-of.js'
import type { ConnectionCore } from '../lifecycle.js'
import { checkWritable, type WriteData } from './write-data.js'

/** What `writeFrom` takes: pieces as `write` takes them. */
export type WriteSource = Iterable<WriteData> | AsyncIterable<WriteData> | Readable | WebReadable<WriteData>

/** A source that is being written. */
interface Pieces {
  next(): unknown
  /** All of it was written. */
  done(): void
  /** Ends it in the middle. */
  giveBack(reason: unknown): unknown
}

/** Writes every piece of a source; resolves with the number of bytes. */
export async function writeFrom(core: ConnectionCore, source: unknown): Promise<number> {
  const pieces = piecesOf(source)
  const { writeHalf } = core
  let fail: (error: unknown) => void = () => {}
  const forget = writeHalf.whenRefused(() => fail(writeHalf.refusal))
  const unlessRefused = <T>(wait: () => T | PromiseLike<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      fail = reject
      Promise.resolve(wait()).then(resolve, reject)
    })
  let bytes = 0
  let at = 0
  try {
    // First of all: a stream that has ended asks the source for nothing.
    let room = writeHalf.room()
    for (;;) {
      await unlessRefused(() => room)
      const { value, done } = await unlessRefused(() => pieces.next() as IteratorResult<unknown>)
      if (done) {
        forget()
        pieces.done()
        return bytes
      }
      checkWritable(value, at++)
      const taken = writeHalf.putAwaited(value)
      bytes += taken.bytes
      room = taken.room
    }
  } catch (error) {
    forget()
    // What the source says to that is not told: the failure that led here is.
    new Promise((resolve) => resolve(pieces.giveBack(error))).catch(() => {})
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
    giveBack: () => (isNodeStream(source) ? void source.destroy() : iterator.return?.()),
  }
}

/** A generator that was not called; else it is one piece. */
function insteadOf(source: unknown): string {
  if (isThenable(source)) return ''
  return typeof source === 'function' ? ': call the function, and give what it returns' : ': write() takes a single piece'
}

/** Also one of another copy of Node's streams. */
function isNodeStream(source: object): source is Readable {
  const { destroy, pipe } = source as Partial<Readable>
  return typeof destroy === 'function' && typeof pipe === 'function'
}

/** By its reader: `return()` of its iterator waits for a `next()` that is pending, so that a silent stream is never cancelled. */
function ofWebStream(stream: WebReadable): Pieces {
  const reader = stream.getReader()
  const release = (): void => reader.releaseLock()
  return {
    next: () => reader.read(),
    done: release,
    giveBack: (reason) => reader.cancel(reason).finally(release),
  }
}
