import fc from 'fast-check'
import t from 'tap'
import { Latin1Cache } from '../../lib/bytes/latin1.js'
import { ByteQueue } from '../../lib/bytes/queue.js'
import { KiB, same } from './support.js'

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), size: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('first' as const), n: fc.nat(120) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('skip' as const), n: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('mark' as const, 'rewind' as const, 'commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('clear' as const, 'forget' as const) }) },
)

t.test('the text is that of the unread bytes, whatever other reads took or made unread again', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => {
      const queue = new ByteQueue()
      const cache = new Latin1Cache()
      let byte = 0
      for (const each of steps) {
        if (each.do === 'push') queue.push(Buffer.from(Array.from({ length: each.size }, () => byte++ & 255)))
        else if (each.do === 'skip') queue.skip(Math.min(each.n, queue.length))
        else if (each.do === 'first') {
          const n = Math.min(each.n, queue.length)
          same('text', cache.first(queue, n), queue.peek(n).toString('latin1'))
        } else if (each.do === 'forget') cache.clear()
        else queue[each.do]()
      }
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

t.test('short messages before many buffered bytes decode each byte at most twice', async (t) => {
  const queue = new ByteQueue()
  const cache = new Latin1Cache()
  const size = 64 * KiB
  for (let n = 0; n < 4; n++) queue.push(Buffer.alloc(size, 'x'))
  let decoded = 0
  const { latin1 } = queue
  queue.latin1 = (from, to) => {
    decoded += to - from
    return latin1.call(queue, from, to)
  }
  while (queue.length > 0) {
    cache.first(queue, Math.min(queue.length, size))
    queue.skip(4)
  }
  t.ok(decoded <= 2 * 4 * size, `${decoded} bytes`)
})
