// What a connection passes by the endpoint that it came to, between being accepted and being asked who it is: a PROXY
// header, a TLS handshake, or neither. What an endpoint does not have is not loaded.

import type { EntryPlan } from '../options/listen.js'
import type { HeaderStep } from '../proxy-protocol/reader.js'
import type { Carrier, Handshake } from '../transport/carrier.js'

/** The steps of an endpoint. */
export interface Entry {
  /** Reads the PROXY header of those who must send one. */
  readonly header?: HeaderStep | undefined
  /** Begins the TLS handshake; with `tls.optional` it looks at the first byte before. Never throws. */
  readonly secure?: ((carrier: Carrier) => Handshake) | undefined
}

export async function entryOf({ proxyProtocol }: EntryPlan): Promise<Entry> {
  if (proxyProtocol === undefined) return {}
  const { headerStep } = await import('../proxy-protocol/reader.js')
  return { header: headerStep(proxyProtocol) }
}
