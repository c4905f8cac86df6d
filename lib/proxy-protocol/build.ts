// Builds the bytes of a PROXY header. Contents that the version cannot express are refused before anything is sent, because a
// server would accept a header that is almost right.

import type { Address } from '../address.js'
import { ipv4Bytes, ipv6Bytes } from '../address-bytes.js'
import { InvalidOptionsError } from '../errors.js'
import { canonicalIPv6 } from '../ipv6-text.js'
import { CRC32C, FIXED, LOCAL, PATH, PROXY, type ProxyTlv, SIGNATURE, TCP4, TCP6, UNIX, UNSPECIFIED } from './header.js'
import { sumOf } from './version-2.js'

/** The contents of a header. Without `source` and `destination` it is a LOCAL header, in version 1 UNKNOWN. */
export interface HeaderContents {
  readonly version?: 1 | 2 | undefined
  readonly source?: Address | undefined
  readonly destination?: Address | undefined
  /** A TLV of type 3 is the checksum: it is computed, and its value is ignored. */
  readonly tlvs?: readonly ProxyTlv[] | undefined
}

/** Both addresses, of one family. */
interface HeaderEnds {
  family: Address['family']
  source: Address
  destination: Address
}

// A length has two bytes.
const LONGEST = 0xffff

/**
 * Returns the bytes of a header.
 *
 * @param path - the path of the contents in the program's options
 * @throws InvalidOptionsError for contents that the version cannot express
 */
export function buildHeader(contents: HeaderContents, path: readonly (string | number)[] = ['proxyProtocol']): Buffer {
  const { version = 2, source, destination, tlvs = [] } = contents
  const refuse: Refuse = (name, message) => new InvalidOptionsError({ issues: [{ path: [...path, name], message }] })
  if (source === undefined && destination !== undefined) throw refuse('source', 'expected together with `destination`')
  if (source !== undefined && destination === undefined) throw refuse('destination', 'expected together with `source`')
  const ends = source && destination && endsOf(source, destination, refuse)
  return version === 1 ? buildLine(ends, tlvs, refuse) : buildBinary(ends, tlvs, refuse)
}

type Refuse = (name: 'source' | 'destination' | 'tlvs', message: string) => InvalidOptionsError

/** An IPv4 address next to an IPv6 address is written as an IPv4-mapped one. */
function endsOf(source: Address, destination: Address, refuse: Refuse): HeaderEnds {
  const families = [source.family, destination.family]
  if (source.family === destination.family) return { family: source.family, source, destination }
  if (families.includes('unix')) throw refuse('destination', 'expected of one family with `source`')
  return { family: 'IPv6', source, destination }
}

// --- version 1 -----------------------------------------------------------------------------------------------------------

function buildLine(ends: HeaderEnds | undefined, tlvs: readonly ProxyTlv[], refuse: Refuse): Buffer {
  if (tlvs.length > 0) throw refuse('tlvs', 'expected with version 2 only')
  if (ends === undefined) return Buffer.from('PROXY UNKNOWN\r\n')
  const { family, source, destination } = ends
  if (family === 'unix') throw refuse('source', 'expected IP addresses with version 1: it has no Unix ones')
  const text = family === 'IPv4' ? ({ address }: Address) => address : groupsOf
  return Buffer.from(
    `PROXY ${family === 'IPv4' ? 'TCP4' : 'TCP6'} ${text(source)} ${text(destination)} ${source.port} ${destination.port}\r\n`,
  )
}

// The specification has no dotted notation within IPv6 addresses.
function groupsOf(end: Address): string {
  return canonicalIPv6(end.family === 'IPv6' ? withoutZone(end) : `::ffff:${end.address}`)
}

// --- version 2 -----------------------------------------------------------------------------------------------------------

function buildBinary(ends: HeaderEnds | undefined, tlvs: readonly ProxyTlv[], refuse: Refuse): Buffer {
  const pieces = ends === undefined ? [] : [addressesOf(ends, refuse)]
  let [length, checksum] = [pieces[0]?.length ?? 0, 0]
  for (const { type, value } of tlvs) {
    const bytes = type === CRC32C ? Buffer.alloc(4) : value
    if (type === CRC32C && checksum > 0) throw refuse('tlvs', 'expected one checksum, got two')
    if (type === CRC32C) checksum = FIXED + length + 3
    if (bytes.length <= LONGEST) pieces.push(Buffer.of(type, bytes.length >> 8, bytes.length & 255), bytes)
    length += 3 + bytes.length
  }
  if (length > LONGEST) throw refuse('tlvs', `expected less than ${LONGEST} bytes in all, addresses included, got ${length}`)
  const [command, family] = ends === undefined ? [LOCAL, UNSPECIFIED] : [PROXY, codes[ends.family]]
  const header = Buffer.concat([SIGNATURE, Buffer.of(command, family, length >> 8, length & 255), ...pieces])
  if (checksum > 0) header.writeUInt32BE(sumOf(header, checksum), checksum)
  return header
}

const codes = { IPv4: TCP4, IPv6: TCP6, unix: UNIX }

function addressesOf({ family, source, destination }: HeaderEnds, refuse: Refuse): Buffer {
  if (family === 'unix') return Buffer.concat([path('source', source, refuse), path('destination', destination, refuse)])
  const pack = family === 'IPv4' ? ipv4Bytes : ipv6Bytes
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(source.port, 0)
  ports.writeUInt16BE(destination.port, 2)
  return Buffer.concat([pack(source.address), pack(destination.address), ports])
}

function path(name: 'source' | 'destination', { address }: Address, refuse: Refuse): Buffer {
  const bytes = Buffer.from(address)
  if (bytes.length > PATH) throw refuse(name, `expected a path of at most ${PATH} bytes, got ${bytes.length}`)
  return Buffer.concat([bytes], PATH)
}

/** A zone has no meaning on another machine. */
function withoutZone({ address }: Address): string {
  return address.replace(/%.*/, '')
}
