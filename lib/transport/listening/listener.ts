// A listener: it accepts connections and passes them to a server. It does not decide on admission: it passes on every
// connection that the system accepts, also one that is dead already.

import type { Address } from '../../address.js'
import type { Carrier } from '../carrier.js'

/** A bound endpoint. */
export interface Listener {
  /** The bound addresses, in order. A host name may have several. */
  readonly addresses: readonly Address[]
  /** Stops listening, and resolves once no client can connect. Open connections are not affected. Never rejects. May be called again. */
  close(): Promise<void>
  ref(): void
  unref(): void
}

/** Receives the accepted connections of a listener. May be called before `bind` has resolved, in the same turn. */
export interface ListenerSink {
  accepted(carrier: Carrier): void
  /** Accepting a connection failed. Listening goes on. */
  failed(error: Error): void
  /** Resolves when binding is to stop: a name lookup under way is abandoned. */
  readonly stopped?: Promise<void> | undefined
}
