// The memory of the queue: which small pieces are joined, what is copied, and what is freed.

import fc from 'fast-check'
import t from 'tap'
import { ByteQueue } from '../../lib/bytes/queue.js'
import { collect } from '../support/collect.js'
import { seed } from './queue-model.js'
import { bytes, counting, KiB, MiB, same } from './support.js'

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
