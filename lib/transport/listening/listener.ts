// Listeners: what brings accepted connections to a server, whatever they come in by. One call binds one endpoint, whole
// or not at all. Who may come in is not their business: every connection that the system hands over is handed on, also
// one that is dead already.

import type { Address } from '../../address.js'
import type { ResolvedEndpoint } from '../../options/listen.js'
import type { Carrier } from '../carrier.js'
import { networkDenied } from '../permission.js'
import { bindDescriptor, bindSystemd } from './inherited.js'
import { bindTcp } from './tcp.js'
import { bindUnix } from './unix.js'

/** One endpoint that is bound. */
export interface Listener {
  /** What was bound, in order. A name with several addresses has several. */
  readonly addresses: readonly Address[]
  /** Stops listening; resolves once nobody can connect any more. Connections go on. Never rejects; may be called again. */
  close(): Promise<void>
  ref(): void
  unref(): void
}

/** Who takes what a listener brings. May be called before `bind` has resolved, in the same turn. */
export interface Intake {
  accepted(carrier: Carrier): void
  /** The runtime told that accepting one failed. Listening goes on. */
  failed(error: Error): void
  /** Resolves when nothing is to be bound any more: a name that is being looked up is not waited for. */
  readonly stopped?: Promise<void> | undefined
}

/** What accepted TCP sockets are set to; as in `net`. */
export interface SocketDefaults {
  noDelay: boolean
  keepAlive: boolean
  keepAliveInitialDelay: number
}

/**
 * Binds an endpoint. Rejects with Node's own error, or InvalidOptionsError where this machine cannot do what was asked
 * for; then nothing is left open, and who connected meanwhile was reset.
 */
export async function bind(plan: ResolvedEndpoint, intake: Intake, defaults: SocketDefaults): Promise<Listener> {
  const denied = networkDenied()
  /* c8 ignore next: tried on Node 26, in spec/transport/permission.spec.ts; Node 20 has no such permission */
  if (denied) throw denied
  switch (plan.kind) {
    case 'tcp':
      return bindTcp(plan, intake, defaults)
    case 'unix':
      return bindUnix(plan, intake, defaults)
    case 'fd':
      return bindDescriptor(plan, intake, defaults)
    case 'systemd':
      return bindSystemd(plan, intake, defaults)
  }
}
