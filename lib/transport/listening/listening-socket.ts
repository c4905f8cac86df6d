// One listening socket: a `net.Server` that wraps accepted sockets in carriers, and whose close does not wait for connections.
// Until the whole endpoint is bound it holds accepted connections, so that the server sees none if the bind fails.

import type { ListenOptions, Server, Socket } from 'node:net'
import { type Address, lostAddress, tcpAddress, unixAddress } from '../../address.js'
import { net } from '../../net.js'
import { withoutPrototype } from '../../options/own.js'
import { afterTurn } from '../../turn.js'
import type { Carrier } from '../carrier.js'
import { addressesOf, SocketCarrier, type SocketOptions } from '../socket.js'
import type { Listener, ListenerSink } from './listener.js'

type State =
  /** Accepts, and keeps the connections; next: open, closed. */
  | { kind: 'holding'; held: Carrier[] }
  /** Next: closed. */
  | { kind: 'open' }
  | { kind: 'closed'; done: Promise<void> }

/** The options of `listen`, with two that Node accepts and its types lack. */
export type BindOptions = ListenOptions & { fd?: number; reusePort?: boolean }

export class ListeningSocket {
  readonly #server: Server
  readonly #sink: ListenerSink
  #state: State = { kind: 'holding', held: [] }
  #address: Address = unixAddress()

  constructor(sink: ListenerSink, defaults: SocketOptions) {
    this.#sink = sink
    // Paused, so that a waiting connection is not read. Half-open, because the connection decides when each side ends.
    this.#server = net().createServer(withoutPrototype({ pauseOnConnect: true, allowHalfOpen: true, ...defaults }))
    // Node reads `maxConnections` from the server, which inherits from Object.prototype.
    this.#server.maxConnections = Number.POSITIVE_INFINITY
    this.#server.on('connection', (socket) => this.#accept(socket))
  }

  get address(): Address {
    return this.#address
  }

  /** Binds it. `name` is the name of a Unix socket, which the system does not return. */
  async listen(options: BindOptions, name?: string): Promise<void> {
    const server = this.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(withoutPrototype(options), () => {
        server.off('error', reject)
        resolve()
      })
    })
    server.on('error', (error) => this.#sink.failed(error))
    const bound = server.address()
    // A Unix socket's address is a string or null. An inherited one is an object without an address on Bun.
    const isTcp = bound !== null && typeof bound === 'object' && typeof bound.address === 'string'
    this.#address = isTcp ? tcpAddress(bound.address, bound.port) : unixAddress(name)
  }

  #accept(socket: Socket): void {
    const carrier = new SocketCarrier(socket, this.#ends(socket))
    if (this.#state.kind === 'holding') this.#state.held.push(carrier)
    else this.#sink.accepted(carrier)
  }

  // A peer that has already reset has no address. On a socket that is bound to one address every connection has that local
  // address.
  #ends(socket: Socket): ReturnType<typeof addressesOf> {
    const { address, family } = this.#address
    if (family === 'unix') return addressesOf(socket, this.#address)
    const anywhere = family === 'IPv6' ? '::' : '0.0.0.0'
    const ends = addressesOf(socket, address === anywhere ? undefined : this.#address)
    // A socket without a local address is dead too.
    return ends.local.family === 'unix' ? { remote: lostAddress(family), local: this.#address } : ends
  }

  /** Passes on the connections that were kept, and all later ones. */
  open(): void {
    if (this.#state.kind !== 'holding') return
    const { held } = this.#state
    this.#state = { kind: 'open' }
    for (const carrier of held) this.#sink.accepted(carrier)
  }

  // The callback of `server.close` waits for every connection. The socket itself is closed within the call, and its handle by the
  // end of this turn. The system resets the connections in its queue that were not accepted.
  close(): Promise<void> {
    if (this.#state.kind === 'closed') return this.#state.done
    if (this.#state.kind === 'holding') for (const carrier of this.#state.held) carrier.reset()
    this.#server.close()
    const done = new Promise<void>((resolve) => afterTurn(resolve))
    this.#state = { kind: 'closed', done }
    return done
  }

  ref(): void {
    this.#server.ref()
  }

  unref(): void {
    this.#server.unref()
  }
}

/** Opens bound sockets, as one listener. `onClose` is called once, before it closes. */
export function listenerOf(listeningSockets: readonly ListeningSocket[], onClose: () => void = () => {}): Listener {
  for (const listeningSocket of listeningSockets) listeningSocket.open()
  let closed: Promise<void> | undefined
  return {
    addresses: listeningSockets.map(({ address }) => address),
    close() {
      if (closed === undefined) {
        onClose()
        closed = closeAll(listeningSockets)
      }
      return closed
    },
    ref() {
      for (const listeningSocket of listeningSockets) listeningSocket.ref()
    },
    unref() {
      for (const listeningSocket of listeningSockets) listeningSocket.unref()
    },
  }
}

export async function closeAll(listeningSockets: readonly ListeningSocket[]): Promise<void> {
  await Promise.all(listeningSockets.map((listeningSocket) => listeningSocket.close()))
}
