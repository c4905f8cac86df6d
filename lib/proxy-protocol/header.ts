// The PROXY protocol as data: what a header says, and the numbers that reading and building share. The source is HAProxy's
// proxy-protocol.txt, sections 2.1 (version 1, a line of text) and 2.2 (version 2, binary). Pure; knows no sockets.

import type { Address } from '../address.js'

/** One type-length-value of a version 2 header (section 2.2.1 of proxy-protocol.txt names the types). */
export interface ProxyTlv {
  /** 0 to 255. */
  readonly type: number
  readonly value: Buffer
}

/** What a header says. One that speaks of nobody (UNKNOWN, LOCAL, AF_UNSPEC) has no `source` and no `destination`. */
export interface ProxyHeader {
  readonly version: 1 | 2
  /** The real client. */
  readonly source: Address | undefined
  /** What the real client connected to. */
  readonly destination: Address | undefined
  /**
   * In the order in which they came; none in version 1, and none of a LOCAL header. Parsed when they are looked at; each
   * look at a `value` gives a copy.
   */
  readonly tlvs: readonly ProxyTlv[]
}

/** What the proxy in front said of a connection, and who the proxy is. */
export interface ProxyInfo extends ProxyHeader {
  /** The socket's own remote address: the proxy. */
  readonly peer: Address
}

/** Why bytes are no header. Whoever reads them makes of it the error that a program sees. */
export class MalformedHeader extends Error {}

export const NO_HEADER = 'the connection does not begin with one: configure the proxy to send it, or name the proxies that do in `trust`'

/** The twelve bytes that begin a version 2 header and nothing else. */
export const SIGNATURE: Buffer = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
/** Signature, version and command, family and protocol, length. */
export const FIXED = 16

/** Version 2 and the command: the proxy's own connection (a health check), or one that it passes on. */
export const LOCAL = 0x20
export const PROXY = 0x21

/** Family and protocol. Of those that the document knows, the datagram ones cannot be meant here. */
export const UNSPECIFIED = 0x00
export const TCP4 = 0x11
export const TCP6 = 0x21
export const UNIX = 0x31

/** How many bytes the two addresses, with their ports, take. */
export const ADDRESSES: ReadonlyMap<number, number> = new Map([
  [UNSPECIFIED, 0],
  [TCP4, 12],
  [TCP6, 36],
  [UNIX, 216],
])

/** The bytes of one Unix address. */
export const PATH = 108

/** The type of the TLV that holds a checksum of the whole header, its own four bytes taken as zeros. */
export const CRC32C = 0x03

// Castagnoli's polynomial, its bits reversed.
const POLYNOMIAL = 0x82f63b78

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

/** The checksum that section 2.2.3 asks for (RFC 4960, appendix B). */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}
