// Version 2 of the PROXY protocol: sixteen bytes, two addresses, and TLVs. It is parsed as its bytes arrive, each byte once. A header
// that contradicts itself is refused at that byte, before the last byte arrives.

import { type Address, tcpAddress, unixAddress } from '../address.js'
import {
  ADDRESSES,
  CRC32C,
  crc32c,
  FIXED,
  LOCAL,
  MalformedHeader,
  NO_HEADER,
  PATH,
  PROXY,
  type ProxyHeader,
  SIGNATURE,
  TCP4,
  TCP6,
  UNIX,
} from './header.js'
import { NO_TLVS, TLV_HEAD, Tlvs } from './tlvs.js'

// A connection of the proxy itself: the other contents of the header are ignored (section 2.2).
const local: ProxyHeader = { version: 2, source: undefined, destination: undefined, tlvs: NO_TLVS }

const CHECKSUM = 4

export class Version2 {
  /** The number of bytes that must have arrived before the next call of `parse`. */
  needs = 1
  /** The length of the header; 0 while it is unknown. */
  length = 0
  /** The offset of the next TLV. */
  #at = 0
  /** The offset of the checksum, if there is one. */
  #checksum: number | undefined

  /** Returns the header once its `length` bytes have arrived; undefined while the bytes may still become one. @throws MalformedHeader */
  parse(bytes: Buffer): ProxyHeader | undefined {
    if (this.length === 0) this.#begin(bytes)
    if (this.length > 0 && bytes[12] === PROXY) this.#walk(bytes)
    if (this.length === 0 || bytes.length < this.length) return undefined
    return bytes[12] === LOCAL ? local : this.#header(bytes.subarray(0, this.length))
  }

  #begin(bytes: Buffer): void {
    const seen = Math.min(bytes.length, SIGNATURE.length)
    if (bytes.compare(SIGNATURE, 0, seen, 0, seen) !== 0) throw new MalformedHeader(NO_HEADER)
    const [command, family] = [bytes[12], bytes[13]]
    if (command !== undefined && command !== LOCAL && command !== PROXY)
      throw new MalformedHeader(`expected LOCAL or PROXY of version 2, got ${hex(command)}`)
    // Datagrams do not occur on a stream, and the specification demands that unknown values are refused.
    if (command === PROXY && family !== undefined && !ADDRESSES.has(family))
      throw new MalformedHeader(`expected a stream over IPv4, IPv6 or a Unix socket, got family and protocol ${hex(family)}`)
    this.needs = bytes.length + 1
    if (bytes.length < FIXED) return
    this.length = FIXED + bytes.readUInt16BE(14)
    this.#at = FIXED + (ADDRESSES.get(family as number) ?? 0)
    this.needs = this.length
    if (command === PROXY && this.#at > this.length) throw new MalformedHeader(`${this.length} bytes are too short for its addresses`)
  }

  /** Checks the TLVs that have arrived. Without a family no addresses precede them. */
  #walk(bytes: Buffer): void {
    const { length } = this
    while (this.#at < length && this.#at < bytes.length) {
      const start = this.#at + TLV_HEAD
      const type = bytes[this.#at] as number
      // The missing bytes can only make it longer.
      const size = ((bytes[this.#at + 1] ?? 0) << 8) | (bytes[this.#at + 2] ?? 0)
      if (start + size > length) throw new MalformedHeader('a TLV goes beyond its end')
      if (type === CRC32C) this.#sum(start, size, bytes.length)
      if (bytes.length < start) {
        this.needs = bytes.length + 1
        return
      }
      this.#at = start + size
    }
    this.needs = Math.min(this.#at + 1, length)
  }

  #sum(start: number, size: number, arrived: number): void {
    if (this.#checksum !== undefined && this.#checksum !== start) throw new MalformedHeader('two checksums')
    if (size > CHECKSUM || (arrived >= start && size < CHECKSUM) || start + CHECKSUM > this.length)
      throw new MalformedHeader('a checksum has four bytes')
    this.#checksum = start
  }

  #header(bytes: Buffer): ProxyHeader {
    const at = this.#checksum
    if (at !== undefined && sumOf(bytes, at) !== bytes.readUInt32BE(at)) throw new MalformedHeader('its checksum is wrong')
    const [source, destination] = addressesOf(bytes)
    const tlvs = new Tlvs(bytes.subarray(FIXED + (ADDRESSES.get(bytes[13] as number) as number)))
    return {
      version: 2,
      source,
      destination,
      get tlvs() {
        return tlvs.list
      },
    }
  }
}

/** The checksum of a header, computed with its own four bytes as zeros. */
export function sumOf(header: Buffer, at: number): number {
  return crc32c(Buffer.from(header).fill(0, at, at + CHECKSUM))
}

function addressesOf(header: Buffer): [Address, Address] | [undefined, undefined] {
  switch (header[13]) {
    case TCP4:
      return [tcpAddress(ipv4(header, 16), header.readUInt16BE(24)), tcpAddress(ipv4(header, 20), header.readUInt16BE(26))]
    case TCP6:
      return [tcpAddress(ipv6(header, 16), header.readUInt16BE(48)), tcpAddress(ipv6(header, 32), header.readUInt16BE(50))]
    case UNIX:
      return [unixAddress(path(header, 16)), unixAddress(path(header, 16 + PATH))]
    default:
      return [undefined, undefined]
  }
}

function ipv4(header: Buffer, at: number): string {
  return header.subarray(at, at + 4).join('.')
}

function ipv6(header: Buffer, at: number): string {
  return Array.from({ length: 8 }, (_, group) => header.readUInt16BE(at + 2 * group).toString(16)).join(':')
}

// The bytes up to the first NUL. An abstract name begins with a NUL.
function path(header: Buffer, at: number): string {
  const bytes = header.subarray(at, at + PATH)
  const end = bytes.indexOf(0, 1)
  const name = bytes.toString('utf8', 0, end < 0 ? PATH : end)
  return name === '\0' ? '' : name
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`
}
