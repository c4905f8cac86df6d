// A model of the queue as one Buffer, and runs of the same random steps on the queue and on the model.

import fc from 'fast-check'
import { ByteQueue, type Position } from '../../lib/bytes/queue.js'
import { bytes, KiB, same } from './support.js'

/** The queue as one Buffer: slow, and too simple to be wrong. */
class Model {
  unread = Buffer.alloc(0)
  consumed = 0
  taken: Buffer | undefined

  push(chunk: Buffer) {
    this.unread = Buffer.concat([this.unread, chunk])
  }

  skip(n: number) {
    if (this.taken) this.taken = Buffer.concat([this.taken, this.unread.subarray(0, n)])
    this.unread = this.unread.subarray(n)
    this.consumed += n
  }

  clear() {
    this.consumed += this.unread.length
    this.unread = Buffer.alloc(0)
    this.taken = undefined
  }

  rewind() {
    if (!this.taken) return
    this.consumed -= this.taken.length
    this.unread = Buffer.concat([this.taken, this.unread])
    this.taken = undefined
  }

  /** Back to where `taken` had that many bytes. */
  returnTo(length: number) {
    if (!this.taken) return
    const back = this.taken.subarray(length)
    this.unread = Buffer.concat([back, this.unread])
    this.consumed -= back.length
    this.taken = this.taken.subarray(0, length)
  }

  indexOf(sequence: Buffer, from: number, before: number) {
    const found = this.unread.indexOf(sequence, from)
    return from < this.unread.length && found < before ? found : -1
  }

  matchAt(position: number, sequence: Buffer) {
    const there = this.unread.subarray(position, position + sequence.length)
    if (!sequence.subarray(0, there.length).equals(there)) return 'none'
    return there.length === sequence.length ? 'full' : 'partial'
  }
}

const size = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 20 }) },
  { weight: 2, arbitrary: fc.integer({ min: 21, max: 600 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1500, max: 5 * KiB }) },
  { weight: 1, arbitrary: fc.constantFrom(2047, 2048, 4095, 4096, 4097) },
)

// No `fc.double`: nearly all of its numbers are next to 0.
const share = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 1000 }).map((each) => each / 1000) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1) },
)

export const seed = fc.nat()

type Read = 'take' | 'peek' | 'skip' | 'copyTo' | 'at' | 'byte' | 'window' | 'takeThrough' | 'takeMiddle'

type Step =
  | { do: 'push'; size: number; seed: number }
  | { do: 'burst'; size: number; count: number; seed: number }
  | { do: Read; share: number }
  | { do: 'find'; share: number; length: number; window: number; seed: number }
  | { do: 'mark' | 'rewind' | 'commit' | 'clear' | 'remember' | 'return' }

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), size, seed }) },
  // Many of one size: fills slabs, and makes the list long enough to be trimmed.
  { weight: 2, arbitrary: fc.record({ do: fc.constant('burst' as const), size, count: fc.integer({ min: 2, max: 90 }), seed }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom<Read[]>('take', 'peek', 'skip', 'copyTo', 'at', 'byte', 'window', 'takeThrough', 'takeMiddle'),
      share,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('find' as const),
      share,
      length: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 7, max: 70 })),
      window: fc.constantFrom(1, 3, 50, 3000, Number.POSITIVE_INFINITY),
      seed,
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom<('mark' | 'rewind' | 'commit')[]>('mark', 'rewind', 'commit') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom<('remember' | 'return')[]>('remember', 'return') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
)

/** One run: the same steps on both, compared after each. */
export class Run {
  readonly queue = new ByteQueue()
  readonly model = new Model()
  /** All buffers that were handed out, with what they held then. */
  readonly handedOut: { buffer: Buffer; copy: Buffer }[] = []
  /** A place behind the mark, and the bytes taken from the mark up to it. */
  place: { position: Position; taken: number } | undefined

  step(step: Step) {
    const { queue, model } = this
    if (step.do === 'mark' || step.do === 'rewind' || step.do === 'commit' || step.do === 'clear') this.place = undefined
    switch (step.do) {
      case 'push':
        this.push(step.size, step.seed)
        break
      case 'burst':
        for (let i = 0; i < step.count && queue.length < 150 * KiB; i++) this.push(step.size, step.seed + i)
        break
      case 'find':
        this.find(step.share, step.length, step.window, step.seed)
        break
      case 'mark':
        queue.mark()
        model.taken = Buffer.alloc(0)
        break
      case 'rewind':
        queue.rewind()
        model.rewind()
        break
      case 'commit':
        queue.commit()
        model.taken = undefined
        break
      case 'clear':
        queue.clear()
        model.clear()
        break
      case 'remember':
        if (model.taken) this.place = { position: queue.position, taken: model.taken.length }
        break
      case 'return':
        if (this.place === undefined) break
        queue.returnTo(this.place.position)
        model.returnTo(this.place.taken)
        break
      default:
        this.read(step.do, step.share)
    }
    this.compare(step.do)
  }

  push(size: number, seed: number) {
    const chunk = bytes(size, seed)
    this.queue.push(chunk)
    this.model.push(chunk)
  }

  /** Of small shares even less: most messages are short. */
  count(share: number) {
    return Math.round(share ** 3 * this.queue.length)
  }

  read(how: Read, share: number) {
    const { queue, model } = this
    const n = this.count(share)
    const expected = Buffer.from(model.unread.subarray(0, n))
    if (how === 'take' || how === 'peek') {
      const buffer = queue[how](n)
      same(how, buffer, expected)
      this.handedOut.push({ buffer, copy: expected })
      if (how === 'take') model.skip(n)
    } else if (how === 'skip') {
      queue.skip(n)
      model.skip(n)
    } else if (how === 'copyTo') {
      const target = new Uint8Array(n)
      queue.copyTo(target)
      same(how, target, expected)
    } else if (how === 'at') {
      if (n < queue.length) same(how, queue.at(n), model.unread[n])
    } else if (how === 'window') {
      same(how, queue.window(n), queue.window(Number.POSITIVE_INFINITY).subarray(0, n))
    } else if (how === 'takeThrough') {
      const byte = model.unread[n] ?? 0
      const most = n + 1
      const length = queue.window(Number.POSITIVE_INFINITY).indexOf(byte) + 1
      const buffer = queue.takeThrough(byte, most)
      same('takeThrough takes', buffer?.length ?? 0, length > most ? 0 : length)
      if (buffer === undefined) return
      const copy = Buffer.from(model.unread.subarray(0, length))
      same(how, buffer, copy)
      this.handedOut.push({ buffer, copy })
      model.skip(length)
    } else if (how === 'takeMiddle') {
      const [before, after] = [Math.ceil(n / 3), Math.floor(n / 4)]
      const buffer = queue.takeMiddle(before, n - before - after, after)
      const copy = Buffer.from(model.unread.subarray(before, n - after))
      same(how, buffer, copy)
      this.handedOut.push({ buffer, copy })
      model.skip(n)
    } else {
      for (const byte of [97, 98, 99]) {
        same(how, queue.indexOfByte(byte, n), n < queue.length ? model.unread.indexOf(byte, n) : -1)
      }
    }
  }

  find(share: number, length: number, window: number, seed: number) {
    const { queue, model } = this
    const from = this.count(share)
    const before = from + window
    // A sequence of the unread bytes, one that may occur in them, and one that begins at the very end.
    const somewhere = seed % (queue.length + 1)
    const sequences = [model.unread.subarray(somewhere, somewhere + length), bytes(length, seed), bytes(length, seed, 'a')]
    sequences.push(Buffer.concat([model.unread.subarray(Math.max(0, queue.length - (length >> 1))), bytes(length, seed)]))
    for (const sequence of sequences) {
      if (sequence.length === 0) continue
      same('indexOf', queue.indexOf(sequence, from), model.indexOf(sequence, from, Number.POSITIVE_INFINITY))
      same('indexOf, bounded', queue.indexOf(sequence, from, before), model.indexOf(sequence, from, before))
      for (const at of [from, somewhere, queue.length - (length >> 1), queue.length, queue.length + 1]) {
        if (at >= 0) same('matchAt', queue.matchAt(at, sequence), model.matchAt(at, sequence))
      }
    }
  }

  compare(after: string) {
    const { queue, model } = this
    same(`length after ${after}`, queue.length, model.unread.length)
    same(`consumed after ${after}`, queue.consumed, model.consumed)
    same(`marked after ${after}`, queue.marked, model.taken?.length ?? 0)
    const head = queue.window(Number.POSITIVE_INFINITY)
    same(`head after ${after}`, head, model.unread.subarray(0, head.length))
    same(`head is there after ${after}`, head.length > 0, model.unread.length > 0)
    same(`all bytes after ${after}`, queue.peek(queue.length), model.unread)
  }
}
