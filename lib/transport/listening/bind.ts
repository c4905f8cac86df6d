// Binds one endpoint, completely or not at all: a TCP port, a Unix socket, or sockets that were inherited.

import type { ResolvedEndpoint } from '../../options/listen.js'
import { networkDenied } from '../permission.js'
import type { SocketOptions } from '../socket.js'
import { bindDescriptor, bindSystemd } from './inherited.js'
import type { Listener, ListenerSink } from './listener.js'
import { bindTcp } from './tcp.js'
import { bindUnix } from './unix.js'

/**
 * Binds an endpoint. Rejects with Node's own error, or with InvalidOptionsError if this machine does not support the options.
 * Then nothing is left open, and connections that came meanwhile are reset.
 */
export async function bind(endpoint: ResolvedEndpoint, sink: ListenerSink, defaults: SocketOptions): Promise<Listener> {
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
