// IP addresses as bytes, from their text in any valid notation.

import { canonicalIPv6 } from './ipv6-text.js'

/** The four bytes of an IPv4 address. */
export function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

/** The sixteen bytes of an IPv6 address, or of an IPv4 address as an IPv4-mapped one. A zone (`%eth0`) is local to the machine and is left out. */
export function ipv6Bytes(text: string): Buffer {
  const bare = text.includes(':') ? text.replace(/%.*/, '') : `::ffff:${text}`
  const [head = '', tail] = canonicalIPv6(bare).split('::')
  const [before, after] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = new Array<string>(8 - before!.length - after!.length).fill('0')
  return Buffer.from([...before!, ...zeros, ...after!].map((group) => group.padStart(4, '0')).join(''), 'hex')
}
