// Addresses of TCP and Unix sockets in one shape, in canonical text. An IPv4-mapped IPv6 address is shown as the IPv4 address.
// This module parses text only; it uses no socket.

import type { BlockList } from 'node:net'
import { canonicalIPv6 } from './ipv6-text.js'
import { net } from './net.js'
import { socketAddress } from './socket-address.js'

/**
 * The address of one end of a connection, or of a listening socket.
 *
 * `String(address)` is `1.2.3.4:80`, `[::1]:80` or the path.
 */
export interface Address {
  /** The IP address in canonical text (an IPv4-mapped one as IPv4), or the path of a Unix socket (`''` if it has none). */
  readonly address: string
  /** The TCP port; 0 for a Unix socket. */
  readonly port: number
  readonly family: 'IPv4' | 'IPv6' | 'unix'
  toString(): string
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/
const MAPPED_GROUPS = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/

class SocketEnd implements Address {
  readonly address: string
  readonly port: number
  readonly family: 'IPv4' | 'IPv6' | 'unix'

  constructor(address: string, port: number, family: 'IPv4' | 'IPv6' | 'unix') {
    this.address = address
    this.port = port
    this.family = family
  }

  toString(): string {
    if (this.family === 'unix') return this.address
    return this.family === 'IPv6' ? `[${this.address}]:${this.port}` : `${this.address}:${this.port}`
  }
}

/** The address of a TCP end, from the text that Node or a PROXY header has. Text that is not an IP address is unchanged. */
export function tcpAddress(text: string, port: number): Address {
  if (!text.includes(':')) return new SocketEnd(text, port, 'IPv4')
  // Fast path: the kernel prints every IPv4 client of a dual-stack server as a mapped address, and `canonical` takes 2 µs.
  const address = unmapped(text) ?? canonical(text)
  return new SocketEnd(address, port, address.includes(':') ? 'IPv6' : 'IPv4')
}

/** The address of a Unix socket. Without a path it is that of an unnamed socket. */
export function unixAddress(path = ''): Address {
  return new SocketEnd(path, 0, 'unix')
}

/** The address of a TCP peer that has reset, for which the system has no address any more. */
export function lostAddress(family: 'IPv4' | 'IPv6'): Address {
  return new SocketEnd('', 0, family)
}

/** Whether an address is one from `lostAddress`. That of an unnamed Unix peer is not. */
export function isLost({ address, family }: Address): boolean {
  return address === '' && family !== 'unix'
}

/** Whether an IP address is on a BlockList, which has no zones: `fe80::1%eth0` is looked up as `fe80::1`. */
export function isListed(list: BlockList, { address, family }: Address): boolean {
  return list.check(socketAddress(address.replace(/%.*/, ''), family === 'IPv6' ? 'ipv6' : 'ipv4'))
}

// Text that does not come from the kernel may not be canonical: `::FFFF:102:304` is 1.2.3.4 as well. A zone (`%eth0`) is kept,
// since a link-local address is ambiguous without it.
function canonical(text: string): string {
  const percent = text.indexOf('%')
  const bare = percent < 0 ? text : text.slice(0, percent)
  if (!net().isIPv6(bare)) return text
  const address = canonicalIPv6(bare)
  return mappedBy(address) ?? (percent < 0 ? address : address + text.slice(percent))
}

/** The IPv4 address in an IPv4-mapped address that is canonical text; undefined for any other. */
function mappedBy(address: string): string | undefined {
  const [, high, low] = MAPPED_GROUPS.exec(address) ?? []
  if (low === undefined) return undefined
  const value = Number.parseInt(high as string, 16) * 0x10000 + Number.parseInt(low, 16)
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')
}

/** The IPv4 address in an IPv4-mapped address in the dotted notation of operating systems; undefined for any other. */
function unmapped(address: string): string | undefined {
  const inner = MAPPED.exec(address)?.[1]
  return inner !== undefined && net().isIPv4(inner) ? inner : undefined
}
