import fc from 'fast-check'
import t from 'tap'
import { LineCache } from '../../lib/bytes/lines.js'
import { ByteQueue } from '../../lib/bytes/queue.js'
import { same } from './support.js'

const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n', '\r\n', 'line\n'), minLength: 1, maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom('é\n', '€', '\n\xff\n', `${'long '.repeat(4000)}\n`, 'short\n'.repeat(4000)) },
)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), text }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('next' as const), most: fc.constantFrom(1, 2, 5, 7, 30_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('skip' as const), n: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom<('mark' | 'rewind' | 'commit' | 'clear')[]>('mark', 'rewind', 'commit', 'clear') }),
  },
)

t.test('a line is the next unread one, whatever other reads took or made unread again', async (t) => {
  let lines = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), (steps) => {
      const queue = new ByteQueue()
      const cache = new LineCache()
      for (const each of steps) {
        if (each.do === 'push') queue.push(Buffer.from(each.text))
        else if (each.do === 'skip') queue.skip(Math.min(each.n, queue.length))
        else if (each.do !== 'next') queue[each.do]()
        else {
          const before = Buffer.from(queue.peek(queue.length))
          const line = cache.next(queue, each.most)
          const length = line === undefined ? 0 : before.indexOf('\n') + 1
          same('what is left', queue.peek(queue.length), before.subarray(length))
          if (line === undefined) continue
          lines++
          if (length > each.most) throw new Error(`${length} bytes, over the limit of ${each.most}`)
          same('line', line, before.toString('utf8', 0, length).replace(/\r?\n$/, ''))
        }
      }
    }),
    { numRuns: 2000 },
  )
  t.ok(lines > 1000, `none of ${lines} lines in 2000 runs`)
})

t.test('ASCII lines in one chunk take the fast path', async (t) => {
  const queue = new ByteQueue()
  const cache = new LineCache()
  queue.push(Buffer.from('one\r\ntwo\n\n\r\nan end'))
  t.same(
    [1, 2, 3, 4].map(() => cache.next(queue, 5)),
    ['one', 'two', '', ''],
  )
  t.equal(cache.next(queue, 100), undefined)
  t.equal(queue.length, 6)
})

t.test('a line one byte over the limit is not returned', async (t) => {
  const queue = new ByteQueue()
  const cache = new LineCache()
  queue.push(Buffer.from('four\r\nfive\n'))
  t.equal(cache.next(queue, 5), undefined)
  t.equal(queue.length, 11)
  t.equal(cache.next(queue, 6), 'four')
  t.equal(cache.next(queue, 4), undefined)
  t.equal(cache.next(queue, 5), 'five')
})

t.test('text that is not ASCII is checked once, not for each of its lines', async (t) => {
  const queue = new ByteQueue()
  const cache = new LineCache()
  queue.push(Buffer.from('a\né\nb\nc'))
  let windows = 0
  const { window } = queue
  queue.window = (n) => {
    windows++
    return window.call(queue, n)
  }
  for (let i = 0; i < 3; i++) {
    t.equal(cache.next(queue, 100), undefined)
    queue.skip(queue.indexOfByte(10, 0) + 1)
  }
  t.equal(windows, 1)
  queue.push(Buffer.from('d\n'))
  queue.skip(1)
  t.equal(cache.next(queue, 100), 'd', 'but not what comes after it')
})
