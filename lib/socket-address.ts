// Node's SocketAddress, by which it parses addresses and asks a BlockList. All of its options are given: one that is left out
// it would look for further, and find where somebody has written to Object.prototype.

import type { SocketAddress } from 'node:net'
import { net } from './net.js'

export function socketAddress(address: string, family: 'ipv4' | 'ipv6'): SocketAddress {
  return new (net().SocketAddress)({ address, family, port: 0, flowlabel: 0 })
}
