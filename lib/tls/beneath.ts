// Which stream a server's TLSSocket runs over. No runtime documents it and all have it: a socket is the TLSSocket's parent, and
// another stream is held by a member under a symbol, as it is (Bun) or within the wrapper that makes a handle of it (Node, Deno).
// The member outlives a failed handshake, where the handle itself is gone.

import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'

interface Insides {
  readonly _parent?: Duplex | null
  readonly [member: symbol]: { readonly _parentWrap?: { readonly stream?: Duplex } } | undefined
}

/** The value that `map` has for the stream under `socket`; undefined if it has none. */
export function valueBeneath<T>(socket: TLSSocket, map: WeakMap<object, T>): T | undefined {
  const insides = socket as unknown as Insides
  if (insides._parent) return map.get(insides._parent)
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    const member = insides[symbol]
    if (typeof member !== 'object' || member === null) continue
    const value = map.get(member) ?? map.get(member._parentWrap?.stream ?? member)
    if (value !== undefined) return value
  }
  return undefined
}
