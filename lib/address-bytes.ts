// IP addresses as bytes, from whatever way their text is written.

import { canonicalIPv6 } from './ipv6-text.js'

/** The four bytes of an IPv4 address. */
export function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

/** The sixteen bytes of an IPv6 address, or of an IPv4 one as it is mapped. A zone means nothing outside of this machine, and is left out. */
export function ipv6Bytes(text: string): Buffer {
  const given = text.includes(':') ? text.replace(/%.*/, '') : `::ffff:${text}`
  const [head = '', tail] = canonicalIPv6(given).split('::')
  const [before, after] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = new Array<string>(8 - before!.length - after!.length).fill('0')
  return Buffer.from([...before!, ...zeros, ...after!].map((group) => group.padStart(4, '0')).join(''), 'hex')
}
