// One listening socket: a `net.Server` that makes carriers of what it accepts, and whose close waits for nobody. Until
// the whole endpoint is bound it holds what comes, so that a bind that fails after all has shown nobody a connection.

import type { ListenOptions, Server, Socket } from 'node:net'
import { type Address, lostAddress, tcpAddress, unixAddress } from '../../address.js'
import { net } from '../../net.js'
import { bare } from '../../options/own.js'
import { afterTurn } from '../../turn.js'
import type { Carrier } from '../carrier.js'
import { endsOf, SocketCarrier } from '../socket.js'
import type { Intake, Listener, SocketDefaults } from './listener.js'

type State =
  /** Accepts, but hands nothing on yet; next: open, closed. */
  | { kind: 'holding'; held: Carrier[] }
  /** Next: closed. */
  | { kind: 'open' }
  | { kind: 'closed'; done: Promise<void> }

/** Where it may be bound: what Node takes and its types lack. */
export type Place = ListenOptions & { fd?: number; reusePort?: boolean }

export class ListeningSocket {
  readonly #server: Server
  readonly #intake: Intake
  #state: State = { kind: 'holding', held: [] }
  #address: Address = unixAddress()

  constructor(intake: Intake, defaults: SocketDefaults) {
    this.#intake = intake
    // Paused, so that a connection that waits is not read; half-open, because who ends when is not Node's to decide.
    this.#server = net().createServer(bare({ pauseOnConnect: true, allowHalfOpen: true, ...defaults }))
    // Node asks the server itself, which inherits what somebody gave to all objects.
    this.#server.maxConnections = Number.POSITIVE_INFINITY
    this.#server.on('connection', (socket) => this.#accept(socket))
  }

  get address(): Address {
    return this.#address
  }

  /** Binds it. `name` is what a Unix socket is called where the system does not tell. */
  async listen(place: Place, name?: string): Promise<void> {
    const server = this.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(bare(place), () => {
        server.off('error', reject)
        resolve()
      })
    })
    server.on('error', (error) => this.#intake.failed(error))
    const bound = server.address()
    // A Unix socket is a text, or nothing; an inherited one is an object without an address on Bun.
    const isTcp = bound !== null && typeof bound === 'object' && typeof bound.address === 'string'
    this.#address = isTcp ? tcpAddress(bound.address, bound.port) : unixAddress(name)
  }

  #accept(socket: Socket): void {
    const carrier = new SocketCarrier(socket, this.#ends(socket))
    if (this.#state.kind === 'holding') this.#state.held.push(carrier)
    else this.#intake.accepted(carrier)
  }

  // A peer that has reset already has no address any more, and none is invented for it. On a socket that is bound to one
  // address every connection has that one.
  #ends(socket: Socket): ReturnType<typeof endsOf> {
    const { address, family } = this.#address
    if (family === 'unix') return endsOf(socket, this.#address)
    const anywhere = family === 'IPv6' ? '::' : '0.0.0.0'
    const ends = endsOf(socket, address === anywhere ? undefined : this.#address)
    // A socket that does not even know its own address is as dead.
    return ends.local.family === 'unix' ? { remote: lostAddress(family), local: this.#address } : ends
  }

  /** Everything is bound: what came and what will come is handed on. */
  open(): void {
    if (this.#state.kind !== 'holding') return
    const { held } = this.#state
    this.#state = { kind: 'open' }
    for (const carrier of held) this.#intake.accepted(carrier)
  }

  // The callback of `server.close` waits for every connection. The socket itself is closed within the call, and its
  // handle by the end of this turn. What was in the system's queue and not accepted is reset by the system.
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

/** Opens what is bound, as one listener. `leave` is called when it is about to close, once. */
export function listenerOf(listeningSockets: readonly ListeningSocket[], leave: () => void = () => {}): Listener {
  for (const listeningSocket of listeningSockets) listeningSocket.open()
  let closed: Promise<void> | undefined
  return {
    addresses: listeningSockets.map(({ address }) => address),
    close() {
      if (closed === undefined) {
        leave()
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
