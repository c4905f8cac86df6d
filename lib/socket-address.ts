// Node's SocketAddress, which a BlockList takes. All of its options are named, so that Node does not find any on a polluted
// Object.prototype.

import type { SocketAddress } from 'node:net'
import { net } from './net.js'

export function socketAddress(address: string, family: 'ipv4' | 'ipv6'): SocketAddress {
  return new (net().SocketAddress)({ address, family, port: 0, flowlabel: 0 })
}
