// The cost of a search is counted, not timed: bytes that were looked at, and native calls.

import t from 'tap'
import type { Delimiter } from '../../lib/bytes/delimiter.js'
import { ByteQueue } from '../../lib/bytes/queue.js'
import { queueOf, startSearch } from './search-support.js'
import { counting, KiB, MiB, same } from './support.js'

// The cost is counted, not timed: bytes that were looked at, and native calls.
const kinds: [string, Delimiter, number][] = [
  ['one byte', '\n', 1.01],
  ['a sequence', '\r\n', 1.1],
  ['a list', ['\n', '\r\n', 'END'], 3.5],
]

for (const [name, delimiter, scans] of kinds) {
  t.test(`searching for ${name} resumes with each piece of a long message`, async (t) => {
    for (const [size, piece, fill] of [
      [16 * MiB, KiB, 'x'],
      [16 * MiB, 3000, 'x'],
      [MiB, 1, 'x'],
      // Each piece ends with what may begin a delimiter.
      [MiB, KiB, '\r'],
      [MiB / 4, 1, '\r'],
    ] as const) {
      const queue = new ByteQueue()
      const search = startSearch(delimiter)
      const chunk = Buffer.alloc(piece, fill)
      let pieces = 0
      const { scanned, calls } = counting(() => {
        for (let at = 0; at < size; at += piece) {
          queue.push(chunk)
          pieces++
          if (search.find(queue, false) !== 0) throw new Error('found')
        }
        queue.push(Buffer.from('\r\n'))
        same('end', search.find(queue, true), queue.length)
      })
      // Behind each piece, the bytes in which a delimiter might have begun are looked at again.
      const most = scans * size + pieces * 24
      t.ok(scanned <= most, `${scanned} bytes looked at, for ${size} in pieces of ${piece}`)
      t.ok(calls <= 20 * pieces + 200, `${calls} calls for ${pieces} pieces`)
    }
  })

  t.test(`searching for ${name} is linear in 64 MiB that arrive in large pieces`, async (t) => {
    const queue = new ByteQueue()
    const search = startSearch(delimiter)
    const chunk = Buffer.alloc(64 * KiB, 'x')
    const start = performance.now()
    const { scanned, calls } = counting(() => {
      for (let i = 0; i < KiB; i++) {
        queue.push(chunk)
        search.find(queue, false)
      }
    })
    queue.push(Buffer.from('\r\n'))
    t.equal(search.find(queue, true), 64 * MiB + 2)
    t.equal(queue.take(queue.length).length, 64 * MiB + 2)
    const time = performance.now() - start
    t.ok(scanned <= scans * 64 * MiB + KiB * 24, `${scanned} bytes looked at`)
    t.ok(calls <= 60 * KiB, `${calls} calls for 1024 pieces`)
    // Some 50 ms on the slowest machine known. The bound only distinguishes linear from quadratic.
    t.ok(time < 5000, `${Math.round(time)} ms`)
  })

  t.test(`searching for ${name} does not look at all bytes after a short message`, async (t) => {
    // Of a list, the others are missing: they must not be looked for as far as the data goes.
    const ends = typeof delimiter === 'string' ? [delimiter] : (delimiter as string[])
    for (const end of ends) {
      const count = 40_000
      const queue = queueOf(`a short line${end}`.repeat(count))
      let found = 0
      const { scanned, calls } = counting(() => {
        for (; queue.length > 0; found++) queue.skip(startSearch(delimiter).find(queue, false))
      })
      t.equal(found, count)
      t.ok(scanned <= count * (16 + (ends.length - 1) * 2100), `${scanned} bytes looked at`)
      t.ok(calls <= count * (ends.length === 1 ? 1.1 : 6.1), `${calls} calls for ${count} messages`)
    }
  })
}
