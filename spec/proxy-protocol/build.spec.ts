// Built headers are compared with the specification byte by byte, and parsed again. Contents that a version cannot express are
// refused.

import { inspect } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { type Address, tcpAddress, unixAddress } from '../../lib/address.js'
import { InvalidOptionsError } from '../../lib/errors.js'
import { buildHeader, type HeaderContents } from '../../lib/proxy-protocol/build.js'
import { binary, four, line4, line6, parse, paths, read, six, tcp4, tcp6, tlv, unix } from './support.js'

const from4 = tcpAddress('192.0.2.33', 40_000)
const to4 = tcpAddress('198.51.100.7', 443)
const from6 = tcpAddress('2001:db8::1', 40_000)
const to6 = tcpAddress('fe80::abcd%eth0', 443)
const fromUnix = unixAddress('/run/client')
const toUnix = unixAddress('/run/server')

t.test('each header has the bytes of the specification', async (t) => {
  const cases: [HeaderContents, string | Buffer][] = [
    [{ version: 1, source: from4, destination: to4 }, line4],
    [{ version: 1, source: from6, destination: to6 }, line6],
    [{ version: 1 }, 'PROXY UNKNOWN\r\n'],
    [{ version: 1, source: from4, destination: to6, tlvs: [] }, 'PROXY TCP6 ::ffff:c000:221 fe80::abcd 40000 443\r\n'],
    [{ version: 1, source: tcpAddress('::1.2.3.4', 1), destination: tcpAddress('::', 2) }, 'PROXY TCP6 ::102:304 :: 1 2\r\n'],
    [{ source: from4, destination: to4 }, tcp4],
    [{ version: 2, source: from6, destination: to6 }, tcp6],
    [{ source: fromUnix, destination: toUnix }, unix],
    [{ source: unixAddress(), destination: unixAddress('\0a') }, binary(0x21, 0x31, paths('', '\0a'))],
    [
      { source: from4, destination: to6 },
      binary(0x21, 0x21, Buffer.concat([Buffer.from(`${'00'.repeat(10)}ffffc0000221`, 'hex'), six.subarray(16)])),
    ],
    [{}, binary(0x20, 0x00)],
    [{ tlvs: [{ type: 5, value: Buffer.from('id') }] }, binary(0x20, 0x00, tlv(5, 'id'))],
    [
      {
        source: from4,
        destination: to4,
        tlvs: [
          { type: 2, value: Buffer.from('example.com') },
          { type: 0xee, value: Buffer.alloc(0) },
        ],
      },
      binary(0x21, 0x11, Buffer.concat([four, tlv(2, 'example.com'), tlv(0xee, '')])),
    ],
  ]
  for (const [contents, expected] of cases) t.equal(buildHeader(contents).toString('latin1'), expected.toString('latin1'))
})

t.test('a checksum is computed, whatever its given value and position', async (t) => {
  for (const value of ['', 'sum!', 'much too long']) {
    const sum = { type: 3, value: Buffer.from(value) }
    const name = { type: 2, value: Buffer.from('example.com') }
    for (const tlvs of [[sum], [sum, name], [name, sum], [name, sum, name]]) {
      const header = buildHeader({ source: from4, destination: to4, tlvs })
      t.match(read(header), /^v2 192.0.2.33:40000 198.51.100.7:443.* 3=/s)
      header[20]! ^= 1
      t.equal(parse(header), 'its checksum is wrong')
    }
  }
})

t.test('contents that a version cannot express are refused, with their path', async (t) => {
  const tlvs = [{ type: 2, value: Buffer.from('x') }]
  const most = 0xffff - 12 - 3
  const path = (size: number): Address => unixAddress('x'.repeat(size))
  const cases: [HeaderContents, string, RegExp][] = [
    [{ source: from4 }, 'destination', /together with `source`/],
    [{ destination: from4 }, 'source', /together with `destination`/],
    [{ source: from4, destination: toUnix }, 'destination', /one family/],
    [{ source: fromUnix, destination: to6 }, 'destination', /one family/],
    [{ version: 1, source: from4, destination: to4, tlvs }, 'tlvs', /version 2/],
    [{ version: 1, tlvs }, 'tlvs', /version 2/],
    [{ version: 1, source: fromUnix, destination: toUnix }, 'source', /no Unix/],
    [{ source: path(109), destination: path(1) }, 'source', /at most 108 bytes, got 109/],
    [{ source: path(108), destination: unixAddress('ü'.repeat(55)) }, 'destination', /at most 108 bytes, got 110/],
    [{ source: from4, destination: to4, tlvs: [{ type: 2, value: Buffer.alloc(most + 1) }] }, 'tlvs', /less than 65535 bytes in all/],
    [{ tlvs: [{ type: 2, value: Buffer.alloc(70_000) }] }, 'tlvs', /got 70003/],
    [{ tlvs: [3, 3].map((type) => ({ type, value: Buffer.alloc(4) })) }, 'tlvs', /one checksum/],
  ]
  for (const [contents, name, message] of cases) {
    for (const path of [undefined, []]) {
      try {
        buildHeader(contents, path)
        t.fail(`it was said: ${inspect(contents)}`)
      } catch (error) {
        t.ok(error instanceof InvalidOptionsError)
        t.match(error, { issues: [{ path: [...(path ?? ['proxyProtocol']), name], message }] })
      }
    }
  }
  t.equal(buildHeader({ source: from4, destination: to4, tlvs: [{ type: 2, value: Buffer.alloc(most) }] }).length, 16 + 0xffff)
  t.equal(buildHeader({ source: path(108), destination: path(0) }).length, 16 + 216)
})

t.test('a built header parses to its contents', async () => {
  const port = fc.nat(65_535)
  const ip4 = fc.tuple(fc.ipV4(), port).map(([text, port]) => tcpAddress(text, port))
  const ip6 = fc.tuple(fc.ipV6(), port).map(([text, port]) => tcpAddress(text, port))
  const name = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\0'))
  const local = fc.tuple(fc.constantFrom('', '\0'), name).map(([start, text]) => unixAddress(start && text === '' ? '' : start + text))
  const either = fc.oneof(ip4, ip6)
  const ends = fc.oneof(fc.tuple(either, either), fc.tuple(local, local), fc.constant([undefined, undefined] as const))
  const tlvs = fc.array(
    fc.record({
      type: fc.nat(255).filter((type) => type !== 3),
      value: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    }),
    { maxLength: 5 },
  )
  const property = fc.property(fc.constantFrom(1, 2), ends, tlvs, fc.string(), (version, [source, destination], tlvs, rest) => {
    fc.pre(version === 2 || source?.family !== 'unix')
    const parsed = parse(buildHeader({ version: version as 1 | 2, source, destination, tlvs: version === 1 ? [] : tlvs }), rest)
    if (typeof parsed !== 'object') return false
    const { header } = parsed
    const said = source === undefined || version === 1 ? [] : tlvs
    return (
      header.version === version &&
      String(header.source) === String(source) &&
      String(header.destination) === String(destination) &&
      header.tlvs.length === said.length &&
      header.tlvs.every(({ type, value }, index) => type === said[index]?.type && value.equals(said[index].value)) &&
      parsed.rest.equals(Buffer.from(rest, 'latin1'))
    )
  })
  fc.assert(property, { numRuns: 1000 })
})
