// The stream under a server's TLSSocket. No runtime documents where it is, and all have it: a socket is the TLSSocket's parent;
// another stream is in a member under a symbol, directly (Bun) or within the wrapper that makes a handle of it (Node, Deno).
// The member outlives a failed handshake, when the handle itself is gone.
// Decision: docs/decisions/tls-by-nodes-own-server.md

import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'

interface Internals {
  readonly _parent?: Duplex | null
  readonly [member: symbol]: { readonly _parentWrap?: { readonly stream?: Duplex } } | undefined
}

/** The value that `map` has for the stream under `socket`; undefined if it has none. */
export function valueOfUnderlying<T>(socket: TLSSocket, map: WeakMap<object, T>): T | undefined {
  const internals = socket as unknown as Internals
  if (internals._parent) return map.get(internals._parent)
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    const member = internals[symbol]
    if (typeof member !== 'object' || member === null) continue
    const value = map.get(member) ?? map.get(member._parentWrap?.stream ?? member)
    if (value !== undefined) return value
  }
  return undefined
}
