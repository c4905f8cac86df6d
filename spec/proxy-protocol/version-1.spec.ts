// Version 1: which lines are headers, and that any other line is refused at the first byte with which it cannot become one.

import fc from 'fast-check'
import t from 'tap'
import { cuts } from '../support/wait.js'
import { line4, line6, parse, read } from './support.js'

const longest6 = `PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`
const unknownTo = (size: number): string => `PROXY UNKNOWN ${'x'.repeat(size - 'PROXY UNKNOWN \r\n'.length)}\r\n`

t.test('a line parses to its contents', async (t) => {
  const cases: [string, string][] = [
    [line4, 'v1 192.0.2.33:40000 198.51.100.7:443'],
    [line6, 'v1 [2001:db8::1]:40000 [fe80::abcd]:443'],
    ['PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n', 'v1 0.0.0.0:0 255.255.255.255:65535'],
    ['PROXY TCP6 :: 0:0:0:0:0:0:0:1 1 2\r\n', 'v1 [::]:1 [::1]:2'],
    ['PROXY TCP6 2001:DB8::A 1:2:3:4:5:6:7:: 1 2\r\n', 'v1 [2001:db8::a]:1 [1:2:3:4:5:6:7:0]:2'],
    // An IPv4 client of a socket for both families, as HAProxy and nginx write it, and as the specification defines it.
    ['PROXY TCP6 ::ffff:192.0.2.33 ::FFFF:198.51.100.7 1 2\r\n', 'v1 192.0.2.33:1 198.51.100.7:2'],
    ['PROXY TCP6 ::ffff:c000:221 ::1 1 2\r\n', 'v1 192.0.2.33:1 [::1]:2'],
    [longest6, `v1 [${'ffff:'.repeat(7)}ffff]:65535 [${'ffff:'.repeat(7)}ffff]:65535`],
    ['PROXY UNKNOWN\r\n', 'v1 undefined undefined'],
    ['PROXY UNKNOWN 192.0.2.33 198.51.100.7 40000 443\r\n', 'v1 undefined undefined'],
    ['PROXY UNKNOWN  \0\xff TCP4\r\n', 'v1 undefined undefined'],
    [unknownTo(107), 'v1 undefined undefined'],
  ]
  for (const [line, header] of cases) {
    t.equal(read(line), header, line)
    t.equal(read(`${line}GET /\r\n`), `${header} + GET /\r\n`, 'bytes behind it')
    for (const [head, tail] of cuts(Buffer.from(line, 'latin1'))) {
      t.equal(read(head), undefined, 'a prefix of it')
      t.equal(read(head, tail), header)
    }
    t.equal(read(...Array.from(Buffer.from(line, 'latin1'), (byte) => Buffer.of(byte)), 'x'), `${header} + x`, 'byte by byte')
  }
  t.equal(read(''), undefined)
  t.equal(read('', line4, ''), 'v1 192.0.2.33:40000 198.51.100.7:443')
})

// `|` precedes the first byte with which the line cannot become a header.
const refused = [
  '|GET / HTTP/1.1',
  '|proxy TCP4',
  'P|OST',
  'PROXY|\t',
  'PROXY |\r\n',
  'PROXY |tcp4',
  'PROXY TCP|5 ',
  'PROXY TCP4|6',
  'PROXY TCP4|\r\n',
  'PROXY TCP| ',
  'PROXY UNKNOW| ',
  'PROXY UNKNOWN|x',
  'PROXY UNKNOWN |\n',
  'PROXY UNKNOWN x\r|x',
  'PROXY UNKNOWN x\r|\r\n',
  'PROXY TCP4 | 1.2.3.4',
  'PROXY TCP4 30|0.',
  'PROXY TCP4 0|1.',
  'PROXY TCP4 1.|.',
  'PROXY TCP4 1.2.3| ',
  'PROXY TCP4 1.2.3.4|.',
  'PROXY TCP4 1.2.3.4|/',
  'PROXY TCP4 |::1',
  'PROXY TCP4 |-1',
  'PROXY TCP4 1.2.3.4 5.6.7.8|\r\n',
  'PROXY TCP4 1.2.3.4 5.6.7.8 |\r\n',
  'PROXY TCP4 1.2.3.4 5.6.7.8 1|\r\n',
  'PROXY TCP4 1.2.3.4 5.6.7.8 1 |\r\n',
  'PROXY TCP4 1.2.3.4 5.6.7.8 1 2| ',
  'PROXY TCP4 1.2.3.4 5.6.7.8 1 2|\n',
  'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r|x',
  'PROXY TCP4 1.2.3.4 5.6.7.8 6553|6',
  'PROXY TCP4 1.2.3.4 5.6.7.8 12345|6',
  'PROXY TCP4 1.2.3.4 5.6.7.8 0|0',
  'PROXY TCP4 1.2.3.4 5.6.7.8 |+1',
  'PROXY TCP4 1.2.3.4 5.6.7.8 | 1',
  'PROXY TCP6 1|.2.3.4',
  'PROXY TCP6 :|1',
  'PROXY TCP6 ::|:',
  'PROXY TCP6 1::2:|:',
  'PROXY TCP6 1234|5',
  'PROXY TCP6 |g',
  'PROXY TCP6 1:2:3:4:5:6:7:8|:',
  'PROXY TCP6 1::2:3:4:5:6:7|:',
  'PROXY TCP6 1:2:3:4:5:6:7| ',
  'PROXY TCP6 fe80::1|%eth0',
  'PROXY TCP6 ::fffe:1|.2',
  'PROXY TCP6 ::ffff:1.2.3| ',
  'PROXY TCP6 ::ffff:300|.',
  `${longest6.slice(0, -2)}|0`,
  `${unknownTo(107).slice(0, -2)}|x\r\n`,
]

t.test('a line is refused at the first byte with which it cannot become a header', async (t) => {
  for (const marked of refused) {
    const at = marked.indexOf('|')
    const [before, line] = [marked.slice(0, at), marked.replace('|', '')]
    t.equal(parse(before), undefined, `${JSON.stringify(before)} may become one`)
    const reason = parse(before, line.slice(at, at + 1))
    t.type(reason, 'string', `${JSON.stringify(marked)} is none`)
    t.equal(parse(line.slice(0, at + 1)), reason)
    t.equal(typeof parse(line), 'string', 'the whole line is refused too')
  }
})

t.test('the reason names what was expected', async (t) => {
  const reasons: [string, RegExp][] = [
    ['GET /', /does not begin with one/],
    ['PROXY TCP5', /TCP4, TCP6 or UNKNOWN, got "TCP5"/],
    ['PROXY TCP4 ::', /an IPv4 address, got "::"/],
    ['PROXY TCP6 1.2 ', /an IPv6 address, got "1.2"/],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 99999', /a port, got "99999"/],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3', /the end of the line, got "3"/],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n', /the end of the line, got "3"/],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n', /line feed without a carriage return/],
    ['PROXY TCP4 1.2.3.4 1.2.3.4\n 1 2\r\n', /line feed without a carriage return/],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r ', /carriage return without a line feed/],
    [unknownTo(108), /more than 107 bytes/],
    ['XY TCP4 1.2.3.4 1.2.3.4 1 2\r\n', /does not begin with one/],
  ]
  for (const [line, reason] of reasons) t.match(parse(line), reason)
})

/** Complete lines that begin with `text`, with fields of these kinds. */
function completions(text: string): string[] {
  if ('PROXY TCP4 '.startsWith(text)) return [line4]
  if ('PROXY TCP6 '.startsWith(text)) return [line6]
  if (text.startsWith('PROXY UNKNOWN ') || 'PROXY UNKNOWN '.startsWith(text))
    return [`${text.padEnd(13, 'UNKNOWN')}\r\n`, 'PROXY UNKNOWN\r\n']
  if (text.endsWith('\r')) return [`${text}\n`]
  const [family, ...fields] = text.slice('PROXY '.length).split(' ')
  const rest = (family === 'TCP4' ? ['1.1.1.1', '1.1.1.1', '1', '1'] : ['::1', '::1', '1', '1']).slice(fields.length)
  const endings = [
    '',
    '0',
    '.0',
    '0.0',
    '.0.0',
    '0.0.0',
    '.0.0.0',
    '0.0.0.0',
    ':',
    '::',
    ...Array.from({ length: 8 }, (_, n) => ':0'.repeat(n)),
  ]
  return endings.map((ending) => `${[text + ending, ...rest].join(' ')}\r\n`)
}

t.test('a line that needs more bytes can become a header, and a refused line cannot', async () => {
  const [ip4, port] = [fc.ipV4(), fc.nat(65_535)]
  const ip6 = fc.ipV6().filter((text) => !text.includes('.'))
  const line = fc.oneof(
    fc.tuple(ip4, ip4, port, port).map((fields) => `PROXY TCP4 ${fields.join(' ')}\r\n`),
    fc.tuple(ip6, ip6, port, port).map((fields) => `PROXY TCP6 ${fields.join(' ')}\r\n`),
  )
  // A prefix of a header, with one more byte inserted.
  const property = fc.property(line, fc.nat(), fc.nat(), fc.constantFrom(...'0159afg.:% \r\nTU-'), (whole, at, where, byte) => {
    const part = whole.slice(0, at % whole.length)
    const position = where % (part.length + 1)
    const other = part.slice(0, position) + byte + part.slice(position)
    // It may become a header of version 2.
    fc.pre(other[0] !== '\r')
    const completed = completions(other).some((text) => text.startsWith(other) && typeof parse(text) === 'object')
    const parsed = parse(other)
    return (
      typeof parse(whole) === 'object' && parse(part) === undefined && completed === (parsed === undefined || typeof parsed === 'object')
    )
  })
  fc.assert(property, { numRuns: 3000 })
})
