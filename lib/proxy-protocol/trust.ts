// The peers whose PROXY headers a server trusts: all, or those on a list. From any other peer no header is read, because a client
// could claim any address by one.

import type { BlockList } from 'node:net'
import { type Address, isListed } from '../address.js'

/** The peers that must send a header: those on the lists, or all peers without lists. */
export interface ResolvedProxyProtocol {
  /** One list for each family, because a BlockList finds every IPv4 address in `::/0` too. */
  readonly trust: { readonly IPv4: BlockList; readonly IPv6: BlockList } | undefined
}

/** Whether this peer must send a header. A peer on a Unix socket always must: the mode of the file has admitted it. */
export function mustSend({ trust }: ResolvedProxyProtocol, peer: Address): boolean {
  return trust === undefined || peer.family === 'unix' || isListed(trust[peer.family], peer)
}
