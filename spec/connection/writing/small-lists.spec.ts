// Lists of small pieces: they are joined in one step, and arrive as the same pieces written one by one.

import t from 'tap'
import { SLAB } from '../../../lib/connection/writing/slabs.js'
import { addSmallList } from '../../../lib/connection/writing/small-lists.js'
import { WriteBuffer } from '../../../lib/connection/writing/write-buffer.js'
import { ConnectionClosedError } from '../../../lib/errors.js'
import { everywhere, memory } from '../../support/fixture.js'
import { rejection, within } from '../../support/wait.js'

const added = (list: readonly unknown[], buffer = new WriteBuffer()): string | undefined => {
  const length = addSmallList(buffer, list)
  const bytes = buffer.takeSmall()
  if (length !== undefined && length !== (bytes?.length ?? 0)) throw new Error(`${length} bytes were counted`)
  return length === undefined ? undefined : String(bytes ?? '')
}

t.test('texts, or pieces of bytes, become one piece', async (t) => {
  t.equal(added(['a', '', 'b\n']), 'ab\n')
  t.equal(added(['é', '€\n', '🐦']), 'é€\n🐦')
  t.equal(added([Buffer.from('ab'), new Uint8Array([99])]), 'abc')
  const buffer = new WriteBuffer()
  buffer.addText('text ü, ')
  buffer.add(Buffer.from('bytes, '))
  t.equal(addSmallList(buffer, ['a', 'b']), 2)
  t.equal(addSmallList(buffer, [Buffer.from('c'), Buffer.from('d')]), 2)
  t.equal(String(buffer.takeSmall()), 'text ü, bytes, abcd', 'behind what was written before')
})

t.test(
  'a list that is mixed, large, or has a piece that may not be written, is left to the slow path, and nothing is appended',
  async (t) => {
    const large = 16 * 1024
    for (const list of [
      [],
      ['', ''],
      ['a', Buffer.from('b')],
      [Buffer.from('a'), 'b'],
      ['a', 7],
      [Buffer.from('a'), undefined],
      [Buffer.from('a'), new Uint8Array(0)],
      [new DataView(new ArrayBuffer(2)), new Uint8Array(1)],
      ['a', 'x'.repeat(large)],
      [Buffer.alloc(1), Buffer.alloc(large)],
      Array.from({ length: 20 }, () => 'x'.repeat(5000)),
      Array.from({ length: 20 }, () => '€'.repeat(1500)),
      Array.from({ length: 20 }, () => Buffer.alloc(5000)),
      ['a\ud83d', '\udc26'],
    ]) {
      const buffer = new WriteBuffer()
      t.equal(addSmallList(buffer, list), undefined)
      t.equal(buffer.takeSmall(), undefined)
      t.same(buffer.next(SLAB), [])
    }
  },
)

t.test('a list in a list of one is a TypeError, as in any list', async (t) => {
  const { a } = memory(t)
  for (const list of [[['nested']], [[Buffer.from('nested')]]] as unknown[]) {
    t.ok((await rejection(a.write(list as string))) instanceof TypeError)
  }
  t.equal(a.queued, 0)
})

t.test('text that would not fit if each unit took three bytes is measured, and fits', async (t) => {
  const list = ['x'.repeat(5000), 'y'.repeat(5000), 'z'.repeat(5000), 'é'.repeat(5000), 'x'.repeat(5000)]
  t.equal(added(list), list.join(''))
})

everywhere(t, 'lists of any pieces arrive in order, whatever they hold', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e7 } })
  const lists: (string | Buffer)[][] = [
    ['one '],
    ['two ', 'three '],
    [Buffer.from('four '), Buffer.from('five ')],
    ['six ', Buffer.from('seven ')],
    [],
    ['ä', 'ö', '\ud83d', '\udc26', '🐦'],
    Array.from({ length: 3000 }, (_, n) => `line ${n}\n`),
    Array.from({ length: 20_000 }, (_, n) => `line ${n}\n`),
    Array.from({ length: 3000 }, (_, n) => Buffer.from(`line ${n}\n`)),
    Array.from({ length: 20_000 }, (_, n) => Buffer.from(`line ${n}\n`)),
    ['x'.repeat(20_000), 'y'],
    [Buffer.alloc(20_000, 'x'), Buffer.from('y')],
  ]
  const arrived = b.readToEnd()
  for (const list of lists) {
    a.write('text ')
    await a.write(list)
    t.ok(a.tryWrite(list) || a.queued > 0)
    await a.flush()
  }
  await a.end()
  const once = (list: (string | Buffer)[]): Buffer => Buffer.concat(list.map((piece) => Buffer.from(piece)))
  const wanted = Buffer.concat(lists.flatMap((list) => [Buffer.from('text '), once(list), once(list)]))
  t.ok((await within(arrived)).equals(wanted))
})

t.test('the memory of a list may be used again after the call', async (t) => {
  const { a, b } = memory(t)
  const pieces = [Buffer.from('ab'), Buffer.from('cd')]
  const list: Buffer[] = [...pieces]
  a.write(list)
  for (const piece of pieces) piece.fill('x')
  list.push(Buffer.from('e'))
  await a.end()
  t.equal(await b.readToEnd('latin1'), 'abcd')
})

t.test('a list of a class of the program is written as its elements, whatever its methods do', async (t) => {
  class List extends Array<string> {
    override join(): string {
      return 'joined'
    }
    override filter(): never[] {
      throw new Error('filtered')
    }
  }
  const { a, b } = memory(t)
  a.write(List.of('one ', 'zwei ', 'drei'))
  a.write(List.of(' ü\ud83d', '\udc26'))
  await a.end()
  t.equal(await b.readToEnd('utf8'), 'one zwei drei ü\ufffd\ufffd')
})

t.test('a getter of a list may write, and both writes arrive whole', async (t) => {
  const { a, b } = memory(t)
  const list: unknown[] = [Buffer.from('[one '), Buffer.from('two]')]
  let asked = 0
  Object.defineProperty(list, 1, {
    enumerable: true,
    get: () => {
      if (asked++ === 0) a.write(['(from ', 'within)'])
      return Buffer.from('two]')
    },
  })
  a.write(list as Buffer[])
  await a.end()
  t.equal(await b.readToEnd('latin1'), '(from within)[one two]')
})

t.test('queued bytes of a list are counted, and a waiting list resolves when there is room', async (t) => {
  const { a, b } = memory(t, { client: { writeHighWaterMark: 10 }, highWaterMark: 1 })
  const waits = a.write(['grün ', 'und ', 'blau'])
  t.equal(a.queued, 14)
  t.equal(a.tryWrite(['more', 'more']), false)
  t.ok((await rejection(a.write(['x', 7 as never]))) instanceof TypeError)
  const arrived = b.readToEnd('utf8')
  await within(waits)
  await a.end()
  t.equal(await arrived, 'grün und blau')
})

t.test('a class of the program that iterates and maps over something else is written as its elements', async (t) => {
  class List<T> extends Array<T> {
    override *[Symbol.iterator](): ArrayIterator<T> {
      yield 7 as T
    }
    override map(): never[] {
      return []
    }
  }
  const { a, b } = memory(t)
  a.write(List.of('small ', 'texts, ') as string[])
  a.write(List.of(Buffer.from('bytes, '), Buffer.from('more, ')) as Buffer[])
  a.write(List.of<string | Buffer>('both, ', Buffer.from('kinds, ')) as string[])
  t.equal(a.tryWrite(List.of<string | Buffer>(Buffer.from('tried, '), 'too, ') as string[]), true)
  a.write(List.of('6f6e', '65') as string[], 'hex')
  await a.writeFrom([List.of<string | Buffer>(', from a ', Buffer.from('source')) as string[]])
  await a.end(List.of<string | Buffer>(', ', Buffer.from('end')) as string[])
  t.equal(await b.readToEnd('latin1'), 'small texts, bytes, more, both, kinds, tried, too, one, from a source, end')
})

t.test('each element of a mixed list is checked as it is written, and a write that its getter makes does not split the list', async (t) => {
  const { a, b } = memory(t)
  const list: unknown[] = ['[one ', Buffer.from('two '), 'three]']
  let asked = 0
  Object.defineProperty(list, 2, {
    enumerable: true,
    get: () => {
      a.write(`(${++asked})`)
      // The second time it is a number, which cannot be written.
      return asked === 1 ? 'three]' : 7
    },
  })
  await a.write(list as string[])
  await a.end()
  t.equal(await b.readToEnd('latin1'), '(1)[one two three]')
})

t.test('a list whose getter ends the sending side rejects, and nothing of it is sent', async (t) => {
  const { a, b } = memory(t)
  const list: unknown[] = ['one', Buffer.from('two'), 'three']
  Object.defineProperty(list, 2, {
    enumerable: true,
    get: () => {
      void a.end()
      return 'three'
    },
  })
  t.ok((await rejection(a.write(list as string[]))) instanceof ConnectionClosedError)
  t.equal(await b.readToEnd('latin1'), '')
})
