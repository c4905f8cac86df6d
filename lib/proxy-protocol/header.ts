// The contents of a PROXY header, and the constants that parsing and building share. The specification is HAProxy's
// proxy-protocol.txt (https://github.com/haproxy/haproxy/blob/master/doc/proxy-protocol.txt), sections 2.1 (version 1, a line of text)
// and 2.2 (version 2, binary). It uses no sockets.

import type { Address } from '../address.js'

/** One type-length-value of a version 2 header (section 2.2.1 of proxy-protocol.txt names the types). */
export interface ProxyTlv {
  /** 0 to 255. */
  readonly type: number
  readonly value: Buffer
}

/** The contents of a header. One without addresses (UNKNOWN, LOCAL, AF_UNSPEC) has no `source` and no `destination`. */
export interface ProxyHeader {
  readonly version: 1 | 2
  /** The address of the real client. */
  readonly source: Address | undefined
  /** The address that the real client connected to. */
  readonly destination: Address | undefined
  /**
   * In the order of the header; empty in version 1 and in a LOCAL header. They are parsed when they are read; each read of a
   * `value` returns a copy.
   */
  readonly tlvs: readonly ProxyTlv[]
}

/** The header that the proxy in front sent for a connection, and the address of the proxy. */
export interface ProxyInfo extends ProxyHeader {
  /** The remote address of the socket: the proxy. */
  readonly peer: Address
}

/** The reason why bytes are no header. The reader of the header wraps it in the error that a program sees. */
export class MalformedHeader extends Error {}

export const NO_HEADER = 'the connection does not begin with one: configure the proxy to send it, or name the proxies that do in `trust`'

/** The first twelve bytes of a version 2 header. */
export const SIGNATURE: Buffer = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
/** The length of the fixed part: signature, version and command, family and protocol, length. */
export const FIXED = 16

/** Version 2 and the command: the proxy's own connection (a health check), or one that it relays. */
export const LOCAL = 0x20
export const PROXY = 0x21

/** Family and protocol. The specification also has datagram protocols, which do not occur on a stream. */
export const UNSPECIFIED = 0x00
export const TCP4 = 0x11
export const TCP6 = 0x21
export const UNIX = 0x31

/** The length of both addresses with their ports, by family and protocol. */
export const ADDRESSES: ReadonlyMap<number, number> = new Map([
  [UNSPECIFIED, 0],
  [TCP4, 12],
  [TCP6, 36],
  [UNIX, 216],
])

/** The length of one Unix address. */
export const PATH = 108

/** The type of the TLV with the checksum of the whole header, computed with its own four bytes as zeros. */
export const CRC32C = 0x03

// The Castagnoli polynomial, with its bits reversed.
const POLYNOMIAL = 0x82f63b78

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

/** The checksum of section 2.2.3: CRC32c (RFC 4960, appendix B). */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}
