// Fuzzing: for any bytes in any pieces the result is a header, a request for more bytes, or a MalformedHeader, and it does not
// depend on the pieces. (`parse` passes every other exception on.)

import fc from 'fast-check'
import t from 'tap'
import { HeaderParser } from '../../lib/proxy-protocol/parse.js'
import { binary, four, line4, line6, parse, paths, read, signature, tcp4, tcp6, tlv, unix } from './support.js'

const withTlvs = binary(0x21, 0x11, Buffer.concat([four, tlv(1, 'h2'), tlv(0x20, tlv(0x21, 'TLSv1.3')), tlv(2, 'example.com')]))
const headers: Buffer[] = [
  Buffer.from(line4),
  Buffer.from(line6),
  Buffer.from('PROXY UNKNOWN 1 2 3\r\n'),
  tcp4,
  tcp6,
  unix,
  withTlvs,
  binary(0x20, 0x00),
  binary(0x21, 0x00, tlv(4, 'xyz')),
  binary(0x21, 0x31, Buffer.concat([paths('\0a', ''), tlv(5, '')])),
]

/** Pieces of `bytes`, cut at these places. */
function pieces(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

/** The result for these pieces, without the reason of an error, which quotes the bytes so far and depends on the pieces. */
function outcome(...pieces: (string | Uint8Array)[]): string | undefined {
  return typeof parse(...pieces) === 'string' ? 'malformed' : read(...pieces)
}

const places = fc.array(fc.nat(), { maxLength: 6 })

t.test('every prefix of a header needs more bytes', async (t) => {
  for (const header of headers) {
    for (let size = 0; size < header.length; size++)
      if (parse(header.subarray(0, size)) !== undefined) t.fail(`${size} bytes of ${read(header)}`)
    t.type(parse(header), 'object')
  }
})

t.test('one changed byte gives another header or none, and no other exception', async (t) => {
  let malformed = 0
  for (const header of headers) {
    for (let at = 0; at < header.length; at++) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const other = Buffer.from(header)
        other[at]! ^= flip
        const all = outcome(other, 'payload')
        if (outcome(...Array.from(other, (byte) => Buffer.of(byte)), 'payload') !== all) t.fail(`${read(header)}: ${at} ^ ${flip}`)
        if (typeof parse(other, Buffer.alloc(70_000)) === 'string') malformed++
      }
    }
  }
  t.ok(malformed > 1000, `${malformed} were none`)
})

t.test('any bytes behind any prefix give the same result in any pieces', async () => {
  const beginnings = [Buffer.alloc(0), Buffer.from('PROXY '), Buffer.from('PROXY TCP4 '), Buffer.from('PROXY TCP6 '), signature]
  const heads = [...beginnings, Buffer.concat([signature, Buffer.from([0x21, 0x11])]), withTlvs.subarray(0, 28), tcp4.subarray(0, 15)]
  const tail = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: fc.constantFrom(...'0129.:afg \r\n'), maxLength: 120 }).map((text) => Buffer.from(text)),
  )
  const property = fc.property(fc.constantFrom(...heads), tail, places, (head, tail, places) => {
    const bytes = Buffer.concat([head, tail])
    return outcome(bytes) === outcome(...pieces(bytes, places))
  })
  fc.assert(property, { numRuns: 3000 })
})

t.test('all bytes behind a header are returned', async () => {
  const property = fc.property(fc.constantFrom(...headers), fc.uint8Array({ maxLength: 200 }), places, (header, payload, places) => {
    const parsed = parse(...pieces(Buffer.concat([header, payload]), places))
    return typeof parsed === 'object' && parsed.rest.equals(payload)
  })
  fc.assert(property, { numRuns: 1000 })
})

t.test('an endless header holds at most twice the bytes that have arrived', async (t) => {
  const parser = new HeaderParser()
  const head = binary(0x20, 0x00, Buffer.alloc(0xffff)).subarray(0, 16)
  t.equal(parser.push(head), undefined)
  const before = process.memoryUsage().arrayBuffers
  for (let n = 0; n < 1000; n++) t.equal(parser.push(Buffer.of(n)), undefined)
  t.ok(process.memoryUsage().arrayBuffers - before < 60_000, 'no memory is allocated by the length field')
})
