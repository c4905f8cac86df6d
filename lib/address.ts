// Addresses as linnet shows them: one shape for TCP and Unix sockets, in canonical text, the same for a peer that came
// over IPv4 and one that came over an IPv4-mapped IPv6 address. Pure; knows no sockets.

import type { BlockList } from 'node:net'
import { canonicalIPv6 } from './ipv6-text.js'
import { net } from './net.js'
import { socketAddress } from './socket-address.js'

/**
 * An end of a connection, or what a server is bound to.
 *
 * `String(address)` is `1.2.3.4:80`, `[::1]:80` or the path.
 */
export interface Address {
  /** Canonical text of the IP address (an IPv4-mapped one as IPv4), or the path of a Unix socket (`''` if it has no name). */
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

/** The address of a TCP end, from text as Node or a PROXY header gives it. Text that is no IP address is left as it is. */
export function tcpAddress(text: string, port: number): Address {
  if (!text.includes(':')) return new SocketEnd(text, port, 'IPv4')
  // As the kernel prints every IPv4 client of a dual-stack server: `canonical` would take 2 µs for it.
  const address = unmapped(text) ?? canonical(text)
  return new SocketEnd(address, port, address.includes(':') ? 'IPv6' : 'IPv4')
}

/** The address of a Unix socket; without a path, that of an unnamed one. */
export function unixAddress(path = ''): Address {
  return new SocketEnd(path, 0, 'unix')
}

/** The address of a TCP peer that the system does not know any more: it has none, and stands for no other. */
export function lostAddress(family: 'IPv4' | 'IPv6'): Address {
  return new SocketEnd('', 0, family)
}

/** Whether it is such an address. A Unix peer without a name is none of these. */
export function isLost({ address, family }: Address): boolean {
  return address === '' && family !== 'unix'
}

/** Whether an IP address is on a list. A BlockList knows no zones: `fe80::1%eth0` is fe80::1 to it. */
export function isListed(list: BlockList, { address, family }: Address): boolean {
  return list.check(socketAddress(address.replace(/%.*/, ''), family === 'IPv6' ? 'ipv6' : 'ipv4'))
}

// Text from elsewhere than the kernel need not be canonical: `::FFFF:102:304` is 1.2.3.4 too. A zone (`%eth0`) is kept,
// since a link-local address means nothing without it.
function canonical(text: string): string {
  const percent = text.indexOf('%')
  const bare = percent < 0 ? text : text.slice(0, percent)
  if (!net().isIPv6(bare)) return text
  const address = canonicalIPv6(bare)
  return mappedBy(address) ?? (percent < 0 ? address : address + text.slice(percent))
}

/** The IPv4 address in an IPv4-mapped one in canonical text. */
function mappedBy(address: string): string | undefined {
  const [, high, low] = MAPPED_GROUPS.exec(address) ?? []
  if (low === undefined) return undefined
  const value = Number.parseInt(high as string, 16) * 0x10000 + Number.parseInt(low, 16)
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')
}

/** The IPv4 address in an IPv4-mapped one, as systems print it. */
function unmapped(address: string): string | undefined {
  const inner = MAPPED.exec(address)?.[1]
  return inner !== undefined && net().isIPv4(inner) ? inner : undefined
}
