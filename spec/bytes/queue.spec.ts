import fc from 'fast-check'
import t from 'tap'
import { ByteQueue } from '../../lib/bytes/queue.js'
import { collect } from '../support/collect.js'
import { bytes, counting, KiB, MiB, same } from './support.js'

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

  indexOf(sequence: Buffer, from: number, before: number) {
    const found = this.unread.indexOf(sequence, from)
    return from < this.unread.length && found < before ? found : -1
  }

  matchAt(position: number, sequence: Buffer) {
    const there = this.unread.subarray(position, position + sequence.length)
    if (!sequence.subarray(0, there.length).equals(there)) return 'none'
    return there.length === sequence.length ? 'whole' : 'begun'
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
const seed = fc.nat()

type Read = 'take' | 'peek' | 'skip' | 'copyTo' | 'at' | 'byte' | 'window' | 'takeThrough'
type Step =
  | { do: 'push'; size: number; seed: number }
  | { do: 'burst'; size: number; count: number; seed: number }
  | { do: Read; share: number }
  | { do: 'find'; share: number; length: number; window: number; seed: number }
  | { do: 'mark' | 'rewind' | 'commit' | 'clear' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), size, seed }) },
  // Many of one size: fills slabs, and makes the list long enough to be trimmed.
  { weight: 2, arbitrary: fc.record({ do: fc.constant('burst' as const), size, count: fc.integer({ min: 2, max: 90 }), seed }) },
  {
    weight: 11,
    arbitrary: fc.record({ do: fc.constantFrom<Read[]>('take', 'peek', 'skip', 'copyTo', 'at', 'byte', 'window', 'takeThrough'), share }),
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
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
)

/** One run: the same steps on both, compared after each. */
class Run {
  readonly queue = new ByteQueue()
  readonly model = new Model()
  /** All buffers that were handed out, with what they held then. */
  readonly handedOut: { buffer: Buffer; copy: Buffer }[] = []

  step(step: Step) {
    const { queue, model } = this
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

t.test('the comparison of these specs finds a difference', async (t) => {
  t.throws(() => same('bytes', Buffer.from('a'), Buffer.from('b')), { message: 'bytes: <Buffer 61> instead of <Buffer 62>' })
  t.throws(() => same('number', 1, undefined), { message: 'number: 1 instead of undefined' })
})

t.test('no order of pushing, taking, marking and rewinding loses, duplicates or changes a byte', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 8, maxLength: 40, size: 'max' }), (steps) => {
      const run = new Run()
      for (const each of steps) run.step(each)
      for (const { buffer, copy } of run.handedOut) same('a buffer that was handed out', buffer, copy)
    }),
    { numRuns: 1200 },
  )
  t.pass('not in 1200 runs against one Buffer')
})

t.test('many tiny pieces stay in order where one slab follows another', async (t) => {
  // Long runs of one kind, which the steps above seldom make.
  fc.assert(
    fc.property(seed, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9000 }), (seed, most, taken) => {
      const queue = new ByteQueue()
      const all = bytes(20_000, seed)
      const out: Buffer[] = []
      for (let at = 0, piece = 1; at < all.length; at += piece, piece = 1 + (((all[at] as number) * at) % most)) {
        queue.push(all.subarray(at, at + piece))
        if (queue.length >= taken) out.push(queue.take(taken))
      }
      out.push(queue.take(queue.length))
      same('all of it', Buffer.concat(out), all)
    }),
    { numRuns: 1000 },
  )
  t.pass('not in 1000 runs')
})

t.test('a peek shows the bytes that are taken next, also once slabs have their largest size', async (t) => {
  const queue = new ByteQueue()
  const all = bytes(400 * KiB, 1)
  for (let at = 0; at < all.length; at += 100) queue.push(all.subarray(at, at + 100))
  const peeked = queue.peek(300 * KiB)
  t.ok(queue.take(queue.length).equals(all))
  t.ok(peeked.equals(all.subarray(0, 300 * KiB)))
})

t.test('many tiny pieces share a slab', async (t) => {
  const { allocUnsafeSlow } = Buffer
  const sizes: number[] = []
  Buffer.allocUnsafeSlow = (size: number) => {
    sizes.push(size / KiB)
    return allocUnsafeSlow(size)
  }
  try {
    const queue = new ByteQueue()
    for (let i = 0; i < 400 * KiB; i += 100) queue.push(Buffer.alloc(100))
    queue.push(Buffer.alloc(5 * KiB))
    for (let i = 0; i < 4; i++) queue.push(Buffer.alloc(100))
  } finally {
    Buffer.allocUnsafeSlow = allocUnsafeSlow
  }
  t.same(sizes, [4, 8, 16, 32, 64, 64, 64, 64, 64, 64, 4], 'they double up to a size, and begin afresh behind a large chunk')
})

t.test('a rewind restores all bytes since the mark, also where the list would be trimmed', async (t) => {
  const queue = new ByteQueue()
  for (let i = 0; i < 300; i++) queue.push(Buffer.alloc(2048, i & 0xff))
  queue.skip(2048 * 50)
  queue.mark()
  queue.skip(2048 * 220)
  t.equal(queue.at(0), 270 & 0xff)
  queue.rewind()
  t.equal(queue.at(0), 50)
  queue.skip(2048 * 249)
  t.equal(queue.take(2048)[2047], 299 & 0xff)
})

t.test('a message that arrives byte by byte keeps no object for each byte', async (t) => {
  const queue = new ByteQueue()
  for (let i = 0; i < 3000; i++) queue.push(Buffer.from([i]))
  t.equal(queue.window(Number.POSITIVE_INFINITY).length, 1)
  queue.skip(2)
  t.equal(queue.window(Number.POSITIVE_INFINITY).length, 2998, 'the first pieces stand alone, the others are one')
})

t.test('a large chunk that arrives in one piece is not copied', async (t) => {
  const queue = new ByteQueue()
  const large = Buffer.alloc(2048)
  for (const chunk of [Buffer.from('a'), Buffer.from('b'), Buffer.from('c'), large, Buffer.from('d'), Buffer.from('e')]) queue.push(chunk)
  t.equal(queue.take(3).toString(), 'abc')
  t.equal(queue.peek(2048), large)
  queue.skip(2048)
  t.equal(queue.take(2).toString(), 'de')
})

t.test('joining a piece does not change bytes that were returned before', async (t) => {
  const queue = new ByteQueue()
  for (const letter of 'abcd') queue.push(Buffer.from(letter))
  const peeked = queue.peek(4)
  queue.skip(2)
  const joined = queue.window(Number.POSITIVE_INFINITY)
  for (const letter of 'efgh') queue.push(Buffer.from(letter))
  t.equal(peeked.toString(), 'abcd')
  t.equal(joined.toString(), 'cd')
  t.equal(queue.take(6).toString(), 'cdefgh')
})

t.test('after a rewind a piece is joined only with the last slab', async (t) => {
  const queue = new ByteQueue()
  for (const letter of 'abcdef') queue.push(Buffer.from(letter))
  queue.mark()
  queue.skip(6)
  queue.push(Buffer.from('g'))
  queue.rewind()
  queue.push(Buffer.from('h'))
  queue.push(Buffer.from('i'))
  t.equal(queue.take(9).toString(), 'abcdefghi')
})

t.test('an empty chunk adds no bytes, and an empty queue has none', async (t) => {
  const queue = new ByteQueue()
  queue.push(Buffer.alloc(0))
  t.equal(queue.length, 0)
  t.equal(queue.window(Number.POSITIVE_INFINITY).length, 0)
  t.equal(queue.take(0).length, 0)
  t.equal(queue.takeThrough(0, 1), undefined)
  t.equal(queue.window(1).length, 0)
  t.equal(queue.indexOfByte(0, 0), -1)
  t.equal(queue.indexOf(Buffer.from('a'), 0), -1)
})

t.test('a rewind restores the bytes since the second mark only', async (t) => {
  const queue = new ByteQueue()
  queue.push(Buffer.from('abc'))
  queue.mark()
  queue.skip(1)
  queue.mark()
  queue.skip(1)
  t.equal(queue.marked, 1)
  queue.rewind()
  t.equal(queue.consumed, 1)
  t.equal(queue.take(2).toString(), 'bc')
})

t.test('a rewind or a commit without a mark has no effect', async (t) => {
  const queue = new ByteQueue()
  queue.push(Buffer.from('abc'))
  queue.skip(1)
  queue.rewind()
  queue.commit()
  t.equal(queue.marked, 0)
  t.equal(queue.take(2).toString(), 'bc')
})

t.test('taken chunks are freed while others follow them', async (t) => {
  // Only the garbage collector shows it.
  const queue = new ByteQueue()
  // In a function of their own: this one would hold the last chunk as long as it lives.
  const pushed = () => {
    const chunk = Buffer.alloc(4096)
    queue.push(chunk)
    return new WeakRef(chunk)
  }
  const refs = Array.from({ length: 10 }, pushed)
  const alive = async () => {
    // A WeakRef that was made or read holds its target to the end of the turn.
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    return refs.filter((ref) => ref.deref() !== undefined).length
  }
  queue.skip(4096)
  t.equal(await alive(), 9)
  queue.mark()
  queue.skip(4096 * 3)
  t.equal(await alive(), 9, 'what a mark may give back stays')
  queue.mark()
  t.equal(await alive(), 6)
  queue.skip(4096 * 3)
  queue.commit()
  t.equal(await alive(), 3)
  t.equal(queue.length, 4096 * 3)
  queue.mark()
  queue.skip(4096 * 3)
  queue.commit()
  t.equal(await alive(), 0)
})

t.test('an empty queue keeps no memory for small pieces', async (t) => {
  const queue = new ByteQueue()
  const slab = (() => {
    for (let i = 0; i < 9; i++) queue.push(Buffer.from('x'))
    queue.skip(2)
    return new WeakRef(queue.window(Number.POSITIVE_INFINITY).buffer)
  })()
  queue.skip(7)
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  t.equal(slab.deref(), undefined)
  t.equal(queue.length, 0)
})

t.test('taking message after message does not move the rest of the list each time', async (t) => {
  const queue = new ByteQueue()
  let moved = 0
  const { splice } = Array.prototype
  Array.prototype.splice = function (this: unknown[], from: number, count: number) {
    moved += this.length - count
    return splice.call(this, from, count)
  } as typeof splice
  try {
    for (let i = 0; i < 10_000; i++) queue.push(Buffer.alloc(2048))
    for (let i = 0; i < 10_000; i++) queue.take(2048)
  } finally {
    Array.prototype.splice = splice
  }
  t.equal(queue.length, 0)
  t.ok(moved > 0 && moved <= 10_000, `${moved} entries moved for 10,000 chunks`)
})

t.test('a byte is copied at most twice when each arrives alone', async (t) => {
  const one = Buffer.from('x')
  const queue = new ByteQueue()
  const { copied, calls } = counting(() => {
    for (let i = 0; i < MiB; i++) queue.push(one)
    queue.take(MiB)
  })
  t.ok(copied <= 2.1 * MiB, `${copied} bytes copied`)
  t.ok(calls <= 2.1 * MiB, `${calls} calls`)
})

t.test('a position near the end of a long list is found from the end', async (t) => {
  const queue = new ByteQueue()
  let looks = 0
  const count = 2000
  for (let i = 0; i < count; i++) {
    const chunk = Buffer.alloc(2048)
    Object.defineProperty(chunk, 'length', {
      get() {
        looks++
        return 2048
      },
    })
    queue.push(chunk)
    queue.at(0)
    queue.at(queue.length - 1)
    queue.indexOfByte(1, queue.length - 2048)
    queue.matchAt(queue.length - 1, Buffer.from('ab'))
  }
  t.ok(looks > count && looks < 20 * count, `${looks} looks at the length of one of ${count} chunks`)
})

t.test('a byte in the middle of a long list is found', async (t) => {
  const queue = new ByteQueue()
  for (let i = 0; i < 5000; i++) queue.push(Buffer.alloc(2048, i & 0xff))
  for (const [position, chunk] of [
    [0, 0],
    [2048 * 2500 - 1, 2499],
    [2048 * 2500, 2500],
    [2048 * 2500 + 1, 2500],
    [2048 * 5000 - 1, 4999],
  ] as const) {
    t.equal(queue.at(position), chunk & 0xff)
  }
})

t.test('the memory of a chunk from which bytes were taken is released once it is skipped', async (t) => {
  const queue = new ByteQueue()
  // In functions of their own: this one would hold what they make as long as it lives.
  const pushed = (): [WeakRef<object>, WeakRef<object>] => {
    const chunk = Buffer.alloc(4096)
    queue.push(chunk)
    return [new WeakRef(chunk), new WeakRef(chunk.buffer)]
  }
  const takes: [string, () => void][] = [
    ['take', () => void queue.take(10)],
    ['takeThrough', () => void queue.takeThrough(0, 10)],
  ]
  for (const [name, take] of takes) {
    const [first, second] = [pushed(), pushed()]
    const alive = async (): Promise<boolean[]> => {
      await new Promise((resolve) => setImmediate(resolve))
      collect()
      return [...first, ...second].map((ref) => ref.deref() !== undefined)
    }
    take()
    queue.skip(4096)
    t.strictSame(await alive(), [false, false, true, true], `${name}, in front of another chunk`)
    take()
    queue.skip(queue.length)
    t.strictSame(await alive(), [false, false, false, false], `${name}, of all that is there`)
  }
})
