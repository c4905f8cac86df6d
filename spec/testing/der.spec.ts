// Values to bytes, as X.690 has them: the examples of its text and of RFC 5280, and OpenSSL for the rest (certificate.spec.ts).

import t from 'tap'
import {
  bitString,
  der,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
  TRUE,
  time,
  utf8String,
} from '../../lib/testing/der.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

t.test('a length is as short as it can be', async (t) => {
  const lengths: [number, string][] = [
    [0, '0400'],
    [1, '0401'],
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65_535, '0482ffff'],
    [65_536, '0483010000'],
  ]
  for (const [length, head] of lengths) {
    const bytes = octetString(Buffer.alloc(length, 7))
    t.equal(hex(bytes.subarray(0, bytes.length - length)), head)
    t.equal(bytes.length, head.length / 2 + length)
  }
})

t.test('an integer is positive, and as short as it can be', async (t) => {
  const integers: [string, string][] = [
    ['00', '020100'],
    ['0000', '020100'],
    ['01', '020101'],
    ['7f', '02017f'],
    ['80', '02020080'],
    ['000080', '02020080'],
    ['0100', '02020100'],
    ['ff00', '020300ff00'],
  ]
  for (const [bytes, expected] of integers) t.equal(hex(integer(Buffer.from(bytes, 'hex'))), expected)
})

t.test('an object identifier has its first two numbers in one byte, and the others seven bits at a time', async (t) => {
  t.equal(hex(oid('2.5.29.17')), '0603551d11')
  t.equal(hex(oid('1.2.840.10045.4.3.2')), '06082a8648ce3d040302')
  t.equal(hex(oid('2.999.3')), '0603883703', 'the example of X.690')
  t.equal(hex(oid('1.3.6.1.4.1.16384')), '06082b06010401818000')
})

t.test('a time has two digits for its year up to 2049, and four from then on', async (t) => {
  t.equal(time(Date.UTC(2026, 10, 30, 12, 34, 56, 789)).toString('latin1'), '\x17\r261130123456Z')
  t.equal(time(Date.UTC(2049, 11, 31, 23, 59, 59, 999)).toString('latin1'), '\x17\r491231235959Z')
  t.equal(time(Date.UTC(2050, 0, 1)).toString('latin1'), '\x18\x0f20500101000000Z')
  t.equal(time(0).toString('latin1'), '\x17\r700101000000Z')
  t.equal(time(Date.UTC(9999, 11, 31, 23, 59, 59)).toString('latin1'), '\x18\x0f99991231235959Z')
})

t.test('values are put together', async (t) => {
  t.equal(hex(TRUE), '0101ff')
  t.equal(hex(bitString(Buffer.of(1, 2))), '0303000102')
  t.equal(hex(utf8String('é')), '0c02c3a9')
  t.equal(hex(sequence(TRUE, integer(Buffer.of(5)))), '30060101ff020105')
  t.equal(hex(sequence()), '3000')
  t.equal(hex(setOf(TRUE)), '31030101ff')
  t.equal(hex(explicit(3, TRUE)), 'a3030101ff')
  t.equal(hex(implicit(2, Buffer.from('a'))), '820161')
  t.equal(hex(der(0x10)), '1000')
})
