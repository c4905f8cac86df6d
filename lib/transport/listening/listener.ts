// Listeners: they accept connections and pass them to a server, over TCP, Unix sockets or inherited sockets. One call binds one
// endpoint, completely or not at all. A listener does not decide on admission: it passes on every connection that the system
// accepts, also one that is dead already.

import type { Address } from '../../address.js'
import type { ResolvedEndpoint } from '../../options/listen.js'
import type { Carrier } from '../carrier.js'
import { networkDenied } from '../permission.js'
import { bindDescriptor, bindSystemd } from './inherited.js'
import { bindTcp } from './tcp.js'
import { bindUnix } from './unix.js'

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

/** The settings of accepted TCP sockets, as in `net`. */
export interface SocketDefaults {
  noDelay: boolean
  keepAlive: boolean
  keepAliveInitialDelay: number
}

/**
 * Binds an endpoint. Rejects with Node's own error, or with InvalidOptionsError if this machine does not support the options.
 * Then nothing is left open, and connections that came meanwhile are reset.
 */
export async function bind(endpoint: ResolvedEndpoint, sink: ListenerSink, defaults: SocketDefaults): Promise<Listener> {
  const denied = networkDenied()
  /* c8 ignore next: tried on Node 26, in spec/transport/permission.spec.ts; Node 20 has no such permission */
  if (denied) throw denied
  switch (endpoint.kind) {
    case 'tcp':
      return bindTcp(endpoint, sink, defaults)
    case 'unix':
      return bindUnix(endpoint, sink, defaults)
    case 'fd':
      return bindDescriptor(endpoint, sink, defaults)
    case 'systemd':
      return bindSystemd(endpoint, sink, defaults)
  }
}
