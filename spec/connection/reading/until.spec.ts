// readUntil, readLine and readUntilMatch: the exact end of a message.

import vm from 'node:vm'
import t from 'tap'
import { same } from '../../bytes/support.js'
import { everywhere } from '../../support/fixture.js'
import { cuts, isPending, rejection, turns, within } from '../../support/wait.js'
import { unread, wired } from './support.js'

everywhere(t, 'readUntil resolves with everything up to and including the delimiter', async (t, connect) => {
  const { a, b } = await connect()
  const first = b.readUntil('\n')
  await a.write('one\ntwo\nthr')
  const line = await within(first)
  t.ok(Buffer.isBuffer(line))
  t.equal(String(line), 'one\n')
  t.equal(String(await b.readUntil('\n')), 'two\n', 'of the same packet')
  const last = b.readUntil('\n')
  t.ok(await isPending(last))
  await a.write('ee\n\n')
  t.equal(String(await within(last)), 'three\n')
  t.equal(String(await b.readUntil('\n')), '\n', 'an empty record is a record')
})

t.test('a delimiter is found wherever a packet ends', async (t) => {
  const delimiters = {
    'a byte': '\n',
    'several bytes': '\r\n.\r\n',
    'text as UTF-8': '→¶',
    'a zero byte': Buffer.from([0]),
    'bytes of all kinds': Buffer.from([0xff, 0, 0xfe, 0xff]),
    'another view': new Uint8Array(new Uint8Array([1, 2, 3, 4, 5]).buffer, 1, 3),
    'a list': ['\r\n.\r\n', Buffer.from([0xff, 0]), '→'],
  } as const
  for (const [name, delimiter] of Object.entries(delimiters)) {
    for (const each of Array.isArray(delimiter) ? delimiter : [delimiter]) {
      const message = Buffer.concat([Buffer.from('a\r.\rb\xe2\x86', 'latin1'), Buffer.from(each as string)])
      for (const [head, tail] of cuts(Buffer.concat([message, Buffer.from('rest')]))) {
        const { connection, push } = wired()
        push(head)
        const read = connection.readUntil(delimiter as string)
        push(tail)
        same(name, await read, message)
        same(name, unread(connection), 'rest')
      }
    }
    t.pass(name)
  }
})

t.test('which of several delimiters wins does not depend on packets', async (t) => {
  const cases: [text: string, delimiters: string[], message: string][] = [
    ['a;b;;c', [';;', ';'], 'a;'],
    ['a;;b', [';', ';;'], 'a;;'],
    ['a;;b', [';;', ';'], 'a;;'],
    ['xabcdeY', ['abcde', 'cd', 'abcdz'], 'xabcde'],
    ['xabcdfY', ['abcde', 'cd'], 'xabcd'],
    ['a\r\nb', ['\n', '\r\n', '\r'], 'a\r\n'],
    ['a\rb\n', ['\n', '\r\n', '\r'], 'a\r'],
    ['a;;b', [';;', ';;'], 'a;;'],
  ]
  for (const [text, delimiters, message] of cases) {
    for (let size = 1; size <= text.length; size++) {
      const { connection, push } = wired()
      const read = connection.readUntil(delimiters, 'latin1')
      for (let at = 0; at < text.length; at += size) push(text.slice(at, at + size))
      t.equal(await within(read), message, `${text} in pieces of ${size}`)
      t.equal(unread(connection), text.slice(message.length))
    }
  }
})

t.test('a read waits for a longer delimiter exactly while it may still complete', async (t) => {
  for (const [next, message] of [
    ['\n', 'a\r\n'],
    ['b', 'a\r'],
  ] as const) {
    const { connection, push } = wired()
    const read = connection.readUntil(['\r', '\r\n'], 'latin1')
    push('a\r')
    t.ok(await isPending(read))
    push(next)
    t.equal(await read, message)
  }
  for (const over of ['end', 'lose'] as const) {
    const wire = wired()
    const read = wire.connection.readUntil(['\r', '\r\n'], 'latin1')
    wire.push('a\r')
    wire[over]()
    t.equal(await read, 'a\r', 'no more bytes can come')
  }
})

t.test('a delimiter that the program changes meanwhile stays the same', async (t) => {
  const { connection, push } = wired()
  const delimiter = Buffer.from('\n')
  const read = connection.readUntil(delimiter, 'latin1')
  delimiter.fill('x')
  push('axb\n')
  t.equal(await read, 'axb\n')
})

t.test('an encoding decodes, alone or among the options', async (t) => {
  const { connection, push } = wired()
  push('\xe2\x82\xac\n\xe2\x82\xac\n\xe2\n')
  t.equal(await connection.readUntil('\n', 'utf8'), '€\n')
  t.equal(await connection.readUntil('\n', { encoding: 'latin1', timeout: 1000 }), '\xe2\x82\xac\n')
  t.equal(await connection.readUntil('\n', 'utf8'), '\ufffd\n', 'a cut character')
})

everywhere(t, 'readLine removes exactly one line end', async (t, connect) => {
  const { a, b } = await connect()
  await a.write('one\ntwo\r\nthree\r\r\n\n\r\nfo\rur\n')
  const lines = []
  for (let n = 0; n < 6; n++) lines.push(await within(b.readLine()))
  t.same(lines, ['one', 'two', 'three\r', '', '', 'fo\rur'])
})

t.test('readLine with a delimiter ends at exactly that, and removes exactly that', async (t) => {
  const { connection, push } = wired()
  push('a\nb\r\n\r\r\nc;;;d\r\n;')
  t.equal(await connection.readLine({ delimiter: '\r\n' }), 'a\nb')
  t.equal(await connection.readLine({ delimiter: '\n' }), '\r\r', 'exactly that')
  t.equal(await connection.readLine({ delimiter: Buffer.from(';;') }), 'c')
  t.equal(await connection.readLine({ delimiter: [';;', ';'] }), '', 'the longest that starts first')
  t.equal(await connection.readLine({ delimiter: [';', '\r\n'] }), 'd')
  t.equal(unread(connection), ';')
})

t.test('readLine resolves with text, UTF-8 unless an encoding is given', async (t) => {
  const { connection, push } = wired()
  push('\xe2\x82\xac\r\n'.repeat(4))
  t.equal(await connection.readLine(), '€')
  t.equal(await connection.readLine('latin1'), '\xe2\x82\xac')
  t.equal(await connection.readLine({ encoding: 'hex' }), 'e282ac')
  t.equal(await connection.readLine({ encoding: undefined, delimiter: undefined }), '€')
})

everywhere(t, 'readUntilMatch resolves with everything up to the end of the first match', async (t, connect) => {
  const { a, b } = await connect()
  const read = b.readUntilMatch(/\r?\n\r?\n/, 'latin1')
  await a.write('GET /\r\n\r')
  t.ok(await isPending(read))
  await a.write('\nbody\n\n')
  t.equal(await within(read), 'GET /\r\n\r\n')
  t.equal(String(await b.readUntilMatch(/\n\n/)), 'body\n\n')
})

t.test('readUntilMatch sees Latin-1 characters from the first unread byte on', async (t) => {
  const { connection, push } = wired()
  push('ab\xff\x00;ab;x')
  t.equal((await connection.readUntilMatch(/\u00ff\0;/)).length, 5, 'bytes as Latin-1')
  t.equal(String(await connection.readUntilMatch(/^ab;/)), 'ab;', '^ is the first unread byte')
  push('a'.repeat(3))
  t.equal(String(await connection.readUntilMatch(/a+/)), 'xaaa')
  const greedy = connection.readUntilMatch(/b+/, 'latin1')
  push('bb')
  push('b')
  t.equal(await greedy, 'bb', 'where the packet stopped')
})

t.test('flags and lastIndex of the pattern do not matter and do not change', async (t) => {
  for (const flags of ['', 'g', 'y', 'gy', 'dgy']) {
    const pattern = new RegExp('B;', `i${flags}`)
    pattern.lastIndex = 3
    const { connection, push } = wired()
    const read = connection.readUntilMatch(pattern, 'latin1')
    push('ab')
    push(';b;')
    t.equal(await read, 'ab;')
    t.equal(await connection.readUntilMatch(pattern, 'latin1'), 'b;')
    t.equal(pattern.lastIndex, 3)
    t.equal(pattern.flags, [...`i${flags}`].sort().join(''))
  }
})

t.test('a pattern of another realm is accepted', async (t) => {
  const { connection, push } = wired()
  push('ab;')
  t.equal(await connection.readUntilMatch(vm.runInNewContext('/;/'), 'latin1'), 'ab;')
})

t.test('an empty match is a RangeError', async (t) => {
  const { connection, push } = wired()
  const waiting = connection.readUntilMatch(/b*/)
  push('ab')
  t.equal(((await rejection(waiting)) as Error).name, 'RangeError')
  t.equal(((await rejection(connection.readUntilMatch(/(?=b)/))) as Error).name, 'RangeError', 'also where it is not at the start')
  await turns()
  t.equal(unread(connection), 'ab', 'and takes nothing')
})
