// Small pieces that are sent alone are copied into memory that all connections of a process share.

import fc from 'fast-check'
import t from 'tap'
import { copySmall, releaseSmall, sharedMemory } from '../../../lib/connection/writing/small-copies.js'

interface Copy {
  readonly bytes: Buffer
  readonly expected: Buffer
  readonly where: number
}

function copied(expected: Buffer): Copy {
  const bytes = copySmall(expected)
  return { bytes, expected, where: sharedMemory() }
}

t.test('a copy keeps its bytes until it is released, whatever is copied and released meanwhile', async () => {
  let filled = 0
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ length: fc.integer({ min: 1, max: 1024 }) }) },
    { weight: 2, arbitrary: fc.record({ release: fc.nat() }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const kept: Copy[] = []
      for (const each of steps) {
        if ('length' in each) kept.push(copied(Buffer.alloc(each.length, filled++ % 251)))
        else {
          const [copy] = kept.splice(each.release % Math.max(kept.length, 1), 1)
          if (copy !== undefined) releaseSmall(copy.bytes, copy.where)
        }
        for (const { bytes, expected } of kept) if (!bytes.equals(expected)) return false
      }
      return true
    }),
  )
})

t.test('released memory is used again: a million copies need one block', async (t) => {
  releaseSmall(...release(copied(Buffer.from('first'))))
  const before = sharedMemory()
  for (let at = 0; at < 1_000_000; at++) releaseSmall(...release(copied(Buffer.from('an answer'))))
  // A copy that another test kept may still be live.
  t.ok(sharedMemory() - before <= 1)
})

t.test('a copy that is not released keeps 8 KiB alive, and no more', async (t) => {
  const { bytes } = copied(Buffer.from('stays'))
  t.equal(bytes.buffer.byteLength, 8192)
})

t.test('a copy of an earlier block is not taken for one of the current block', async (t) => {
  const old = copied(Buffer.alloc(1024, 1))
  while (sharedMemory() === old.where) copied(Buffer.alloc(1024, 2))
  const kept = copied(Buffer.alloc(1024, 3))
  releaseSmall(old.bytes, old.where)
  for (let at = 0; at < 64; at++) {
    const other = copied(Buffer.alloc(1024, 4))
    releaseSmall(other.bytes, other.where)
  }
  t.ok(kept.bytes.equals(kept.expected))
})

function release({ bytes, where }: Copy): [Buffer, number] {
  return [bytes, where]
}
