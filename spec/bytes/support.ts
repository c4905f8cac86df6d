// Shared by the specs of bytes/: bytes of a small alphabet, and a model of searches in a few slow lines that are easy to check.

import { inspect } from 'node:util'
import type { ByteQueue } from '../../lib/bytes/queue.js'
import type { Search } from '../../lib/bytes/search.js'

export const KiB = 1024
export const MiB = 1024 * KiB

/** A result as the searches give it; `end` is 0 while it is not known. */
export interface Found {
  end: number
  matched: number
}

const nothing: Found = { end: 0, matched: 0 }

/** Bytes that look random, of a few values only, so that what a spec looks for occurs. The same for the same seed. */
export function bytes(length: number, seed: number, alphabet = 'aab'): Buffer {
  const result = Buffer.alloc(length)
  let state = (Math.imul(seed, 2654435761) + 1) >>> 0
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    result[at] = alphabet.charCodeAt((state >>> 16) % alphabet.length)
  }
  return result
}

/**
 * The rule itself: the match that starts first wins, then the longest; while one that starts earlier, or at the same
 * place and is longer, has begun and may still complete, the answer is not known.
 */
export function winner(text: string, delimiters: readonly string[], ended: boolean): Found {
  for (let at = 0; at < text.length; at++) {
    // What has begun here is longer than what is whole here, for it does not fit.
    if (!ended && delimiters.some((each) => each.length > text.length - at && text.endsWith(each.slice(0, text.length - at))))
      return nothing
    let matched = 0
    for (const each of delimiters) if (each.length > matched && text.startsWith(each, at)) matched = each.length
    if (matched > 0) return { end: at + matched, matched }
  }
  return nothing
}

/** Every text over an alphabet, up to a length, the empty one first. */
export function textsOver(alphabet: string, length: number): string[] {
  const all = ['']
  for (let from = 0, round = 0; round < length; round++) {
    for (const to = all.length; from < to; from++) for (const letter of alphabet) all.push(all[from] + letter)
  }
  return all
}

/** A text in pieces, cut at these places. */
export function cut(text: string, places: readonly number[]): Buffer[] {
  const edges = [0, ...[...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b), text.length]
  return edges.slice(1).map((end, index) => Buffer.from(text.slice(edges[index], end), 'latin1'))
}

/** `find` as one object, to compare with the model's. */
export function foundBy(search: Search, queue: ByteQueue, ended: boolean): Found {
  const end = search.find(queue, ended)
  return end === 0 ? nothing : { end, matched: search.matched }
}

/** Throws unless both are the same: cheaper than an assertion of tap for each of some hundred thousand comparisons. */
export function same(what: string, actual: unknown, expected: unknown): void {
  const equal = actual instanceof Uint8Array ? Buffer.compare(actual, expected as Buffer) === 0 : Object.is(actual, expected)
  if (!equal) throw new Error(`${what}: ${inspect(actual)} instead of ${inspect(expected)}`)
}

/** Counts the native work of an action: bytes that `indexOf` looks at, bytes that are copied, and calls of any kind. */
export function counting(action: () => void): { scanned: number; copied: number; calls: number } {
  const count = { scanned: 0, copied: 0, calls: 0 }
  const { indexOf, copy, set, subarray } = Buffer.prototype
  const spies = {
    indexOf(this: Buffer, value: Buffer, offset: number) {
      const found = indexOf.call(this, value, offset)
      count.calls++
      count.scanned += (found < 0 ? this.length : found + 1) - Math.min(offset, this.length)
      return found
    },
    copy(this: Buffer, target: Uint8Array, to?: number, from?: number) {
      const copied = copy.call(this, target, to, from)
      count.calls++
      count.copied += copied
      return copied
    },
    set(this: Buffer, piece: Buffer, to?: number) {
      count.calls++
      count.copied += piece.length
      set.call(this, piece, to)
    },
    subarray(this: Buffer, from?: number, to?: number) {
      count.calls++
      return subarray.call(this, from, to)
    },
  }
  const before = Object.keys(spies).map((name) => [name, Object.getOwnPropertyDescriptor(Buffer.prototype, name)] as const)
  Object.assign(Buffer.prototype, spies)
  try {
    action()
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(Buffer.prototype, name, descriptor)
      else Reflect.deleteProperty(Buffer.prototype, name)
    }
  }
  return count
}
