// Addresses as linnet shows them: one shape for TCP and Unix sockets, in canonical text, the same for a peer that came
// over IPv4 and one that came over an IPv4-mapped IPv6 address. Pure; knows no sockets.

import { SocketAddress } from 'node:net'

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

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

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

/** The address of a TCP end, from text as Node or a PROXY header gives it. */
export function tcpAddress(text: string, port: number): Address {
  const mapped = MAPPED.exec(text)
  if (mapped) return new SocketEnd(mapped[1] as string, port, 'IPv4')
  if (!text.includes(':')) return new SocketEnd(text, port, 'IPv4')
  return new SocketEnd(canonical(text), port, 'IPv6')
}

/** The address of a Unix socket; without a path, that of an unnamed one. */
export function unixAddress(path = ''): Address {
  return new SocketEnd(path, 0, 'unix')
}

// Node prints what the kernel says, which is canonical already; text of another origin need not be. A zone (`%eth0`)
// is kept, since a link-local address means nothing without it.
function canonical(text: string): string {
  const [bare = '', zone] = text.split('%')
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' })
  const mapped = MAPPED.exec(address)
  if (mapped) return address
  return zone === undefined ? address : `${address}%${zone}`
}
