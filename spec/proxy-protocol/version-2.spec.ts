// Version 2: the families, the TLVs, the checksum, and headers that contradict themselves.

import t from 'tap'
import { crc32c } from '../../lib/proxy-protocol/header.js'
import { cuts } from '../support/wait.js'
import { binary, four, parse, paths, read, signature, six, tcp4, tcp6, tlv, unix } from './support.js'

/** A header whose last TLV is its checksum. */
function summed(command: number, family: number, body: Uint8Array): Buffer {
  const header = binary(command, family, Buffer.concat([body, tlv(3, Buffer.alloc(4))]))
  header.writeUInt32BE(crc32c(header), header.length - 4)
  return header
}

const long = '/run/'.padEnd(108, 'x')
const mapped = Buffer.concat([Buffer.alloc(10), Buffer.from([255, 255, 192, 0, 2, 33]), Buffer.alloc(15), Buffer.from([1, 0, 1, 0, 2])])

const headers: [Buffer, string][] = [
  [tcp4, 'v2 192.0.2.33:40000 198.51.100.7:443'],
  [tcp6, 'v2 [2001:db8::1]:40000 [fe80::abcd]:443'],
  [binary(0x21, 0x21, mapped), 'v2 192.0.2.33:1 [::1]:2'],
  [unix, 'v2 /run/client /run/server'],
  [binary(0x21, 0x31, paths('\0abstract', '')), 'v2 \0abstract '],
  [binary(0x21, 0x31, paths(long, 'a\0b')), `v2 ${long} a`],
  [binary(0x21, 0x31, paths('\0', `\0${long.slice(1)}`)), `v2  \0${long.slice(1)}`],
  [binary(0x21, 0x00), 'v2 undefined undefined'],
  [binary(0x21, 0x00, tlv(2, 'example.com')), 'v2 undefined undefined 2=example.com'],
  [binary(0x20, 0x00), 'v2 undefined undefined'],
  [binary(0x20, 0x11, four), 'v2 undefined undefined'],
  [binary(0x20, 0xff, Buffer.from('whatever this is')), 'v2 undefined undefined'],
  [binary(0x20, 0x00, tlv(3, 'sum!')), 'v2 undefined undefined'],
  [
    binary(0x21, 0x11, Buffer.concat([four, tlv(1, 'h2'), tlv(4, ''), tlv(1, ''), tlv(0xff, 'x')])),
    'v2 192.0.2.33:40000 198.51.100.7:443 1=h2 4= 1= 255=x',
  ],
  [binary(0x21, 0x31, Buffer.concat([paths('a', 'b'), tlv(5, 'id')])), 'v2 a b 5=id'],
]

t.test('a header parses to its contents, in any pieces', async (t) => {
  for (const [bytes, header] of headers) {
    t.equal(read(bytes), header)
    t.equal(read(bytes, 'GET /'), `${header} + GET /`)
    t.equal(read(Buffer.concat([bytes, bytes])), `${header} + ${bytes.toString('latin1')}`, 'the bytes behind it may look like a header')
    for (const [head, tail] of cuts(bytes)) {
      t.equal(parse(head), undefined, 'a prefix of it')
      t.equal(read(head, Buffer.concat([tail, Buffer.from('x')])), `${header} + x`)
    }
    t.equal(read(...Array.from(bytes, (byte) => Buffer.of(byte)), 'x'), `${header} + x`, 'byte by byte')
  }
})

/** Transfers the memory of a view. */
function given({ buffer }: Buffer): string {
  try {
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
    return 'given'
  } catch (error) {
    return (error as Error).name
  }
}

t.test('TLVs are parsed when they are read, to the same immutable list each time', async (t) => {
  const bytes = binary(0x21, 0x11, Buffer.concat([four, tlv(1, 'h2'), tlv(2, ''), tlv(0xe0, 'name')]))
  const parsed = parse(bytes)
  if (typeof parsed !== 'object') throw new Error('no header')
  const { tlvs } = parsed.header
  bytes.fill(0)
  t.equal(parsed.header.tlvs, tlvs)
  tlvs[0]!.value.fill(0)
  // From Node 24 on the memory of the pool of small Buffers cannot be transferred.
  t.match(given(tlvs[2]!.value), /^(DataCloneError|given)$/)
  t.throws(() => (tlvs as unknown[]).push('more'), TypeError)
  t.throws(() => Object.assign(tlvs[1]!, { type: 5 }), TypeError)
  const told = parsed.header.tlvs.map(({ type, value }) => [type, value.toString()])
  t.strictSame(told, [
    [1, 'h2'],
    [2, ''],
    [0xe0, 'name'],
  ])
  for (const header of [binary(0x20, 0x00), tcp4, 'PROXY UNKNOWN\r\n']) {
    const none = parse(header)
    if (typeof none !== 'object') throw new Error('no header')
    t.ok(Object.isFrozen(none.header.tlvs), 'all headers without TLVs share it')
  }
})

t.test('the checksum is CRC32c, and is verified', async (t) => {
  t.equal(crc32c(Buffer.from('123456789')), 0xe3069283, 'the check value of the algorithm')
  t.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa, 'RFC 3720, appendix B.4')
  t.equal(crc32c(Buffer.alloc(0)), 0)
  for (const [family, body] of [
    [0x11, four],
    [0x21, six],
    [0x31, paths('a', 'b')],
    [0x00, Buffer.alloc(0)],
    [0x11, Buffer.concat([four, tlv(2, 'example.com')])],
  ] as const) {
    const header = summed(0x21, family, body)
    t.match(read(header), /^v2 .* 3=/s)
    for (const [head, tail] of cuts(header)) t.equal(read(head, tail), read(header))
    for (let at = 16; at < header.length; at++) {
      // Its type: then it is no checksum.
      if (at === header.length - 7) continue
      const other = Buffer.from(header)
      other[at]! ^= 1
      t.type(parse(other), 'string', `byte ${at} is another`)
    }
  }
  t.equal(parse(binary(0x21, 0x11, Buffer.concat([four, tlv(3, Buffer.alloc(4))]))), 'its checksum is wrong')
})

// The bytes up to the one with which it cannot become a header, and the reason.
const refused: [Buffer, RegExp][] = [
  [Buffer.from('\r\n\r\n\0\r\nQUIT\r', 'latin1'), /does not begin with one/],
  [Buffer.from('\r\r'), /does not begin with one/],
  [Buffer.concat([signature, Buffer.from([0x22])]), /LOCAL or PROXY of version 2, got 0x22/],
  [Buffer.concat([signature, Buffer.from([0x11])]), /LOCAL or PROXY of version 2, got 0x11/],
  [Buffer.concat([signature, Buffer.from([0x01])]), /LOCAL or PROXY of version 2, got 0x01/],
  ...[0x01, 0x02, 0x10, 0x12, 0x20, 0x22, 0x30, 0x32, 0x13, 0x41, 0xff].map((family): [Buffer, RegExp] => [
    Buffer.concat([signature, Buffer.from([0x21, family])]),
    new RegExp(`got family and protocol 0x${family.toString(16).padStart(2, '0')}`),
  ]),
  [binary(0x21, 0x11), /16 bytes are too short for its addresses/],
  [binary(0x21, 0x11, four.subarray(1)).subarray(0, 16), /27 bytes are too short for its addresses/],
  [binary(0x21, 0x21, six.subarray(1)).subarray(0, 16), /too short/],
  [binary(0x21, 0x31, Buffer.alloc(215)).subarray(0, 16), /too short/],
  [binary(0x21, 0x11, Buffer.concat([four, Buffer.alloc(1)])), /a TLV goes beyond its end/],
  [binary(0x21, 0x11, Buffer.concat([four, Buffer.alloc(2)])).subarray(0, -1), /a TLV goes beyond its end/],
  [binary(0x21, 0x11, Buffer.concat([four, Buffer.from([1, 0, 1])])), /a TLV goes beyond its end/],
  [binary(0x21, 0x11, Buffer.concat([four, Buffer.from([1, 1, 0, 0])])).subarray(0, -2), /a TLV goes beyond its end/],
  [binary(0x21, 0x11, Buffer.concat([four, tlv(1, 'h2'), Buffer.from([2, 0, 2, 0])])).subarray(0, -1), /a TLV goes beyond its end/],
  [binary(0x21, 0x00, Buffer.from('x')), /a TLV goes beyond its end/],
  [binary(0x21, 0x11, Buffer.concat([four, tlv(3, 'abc'), tlv(1, '')])).subarray(0, -6), /a checksum has four bytes/],
  [binary(0x21, 0x11, Buffer.concat([four, tlv(3, 'abcde')])).subarray(0, -5), /a checksum has four bytes/],
  [binary(0x21, 0x11, Buffer.concat([four, tlv(3, Buffer.alloc(256))])).subarray(0, -257), /a checksum has four bytes/],
  [binary(0x21, 0x11, Buffer.concat([four, tlv(3, 'abc')])).subarray(0, -5), /a checksum has four bytes/],
  [binary(0x21, 0x11, Buffer.concat([four, tlv(3, 'abcd'), tlv(3, 'abcd')])).subarray(0, -6), /two checksums/],
]

t.test('a contradiction is refused at the byte where it appears', async (t) => {
  for (const [bytes, reason] of refused) {
    t.match(parse(bytes), reason)
    t.match(parse(Buffer.concat([bytes, Buffer.alloc(70_000)])), reason, 'whatever follows')
    t.match(parse(...Array.from(bytes, (byte) => Buffer.of(byte))), reason, 'byte by byte')
    t.equal(parse(bytes.subarray(0, -1)), undefined, 'and no byte earlier')
  }
})

t.test('a header of any length is parsed in linear time', async (t) => {
  const value = Buffer.alloc(0xffff - 12 - 3, 'v')
  const header = binary(0x21, 0x11, Buffer.concat([four, tlv(0xe0, value)]))
  t.equal(header.length, 16 + 0xffff)
  const parsed = parse(header, 'payload')
  if (typeof parsed !== 'object') throw new Error(parsed)
  t.ok(parsed.header.tlvs[0]?.value.equals(value))
  t.equal(parsed.rest.toString(), 'payload')
  // Twenty thousand TLVs, a byte at a time.
  const many = binary(0x21, 0x11, Buffer.concat([four, ...Array.from({ length: 21_000 }, () => tlv(4, ''))]))
  const one = parse(...Array.from(many, (byte) => Buffer.of(byte)), 'x')
  t.equal(typeof one === 'object' && one.header.tlvs.length, 21_000)
})

t.test('a parsed header shares no memory with the received bytes', async (t) => {
  const bytes = binary(0x21, 0x11, Buffer.concat([four, tlv(2, 'name')]))
  const parsed = parse(bytes)
  if (typeof parsed !== 'object') throw new Error(parsed)
  bytes.fill('x')
  t.equal(parsed.header.tlvs[0]?.value.toString(), 'name')
})
