// Whom a server believes when a PROXY header names somebody else: everybody, or only peers on a list. Who is not believed
// is taken as it is, since otherwise anybody could say who they are.

import type { BlockList } from 'node:net'
import { type Address, isListed } from '../address.js'

/** Who must send a header: those on the lists, or, without them, all. */
export interface ProxyPlan {
  /** A list for each family: to a BlockList every IPv4 address is in `::/0` too. */
  readonly trust: { readonly IPv4: BlockList; readonly IPv6: BlockList } | undefined
}

/** Whether this peer must send one. Whoever may open a Unix socket's file is trusted already, by its mode. */
export function mustSend({ trust }: ProxyPlan, peer: Address): boolean {
  return trust === undefined || peer.family === 'unix' || isListed(trust[peer.family], peer)
}
