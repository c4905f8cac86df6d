// Marks, rewinds and positions. That no order of calls loses a byte is shown in queue-model.spec.ts.

import t from 'tap'
import { ByteQueue } from '../../lib/bytes/queue.js'

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
