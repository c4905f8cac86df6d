// IP addresses as bytes, from whatever way their text is written.

import { socketAddress } from './socket-address.js'

/** The four bytes of an IPv4 address. */
export function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

/** The sixteen bytes of an IPv6 address, or of an IPv4 one as it is mapped. A zone means nothing outside of this machine, and is left out. */
export function ipv6Bytes(text: string): Buffer {
  const given = text.includes(':') ? text.replace(/%.*/, '') : `::ffff:${text}`
  const { address } = socketAddress(given, 'ipv6')
  // A dotted end stands for two groups.
  const [, front = address, dotted] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? []
  const last =
    dotted === undefined
      ? ''
      : ipv4Bytes(dotted)
          .toString('hex')
          .replace(/^(....)/, '$1:')
  const [head = '', tail] = `${front}${last}`.split('::')
  const [before, after] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = new Array<string>(8 - before!.length - after!.length).fill('0')
  return Buffer.from([...before!, ...zeros, ...after!].map((group) => group.padStart(4, '0')).join(''), 'hex')
}
