// One attempt to connect to one place: a socket that becomes a carrier, or an error, or nothing at all if it is cut. Here
// are the traps of Node's connecting sockets; which places there are, and in which order they are tried, is decided above.

import type { NetConnectOpts, Socket } from 'node:net'
import { type Address, isLost, lostAddress, tcpAddress, unixAddress } from '../address.js'
import { net } from '../net.js'
import { bare } from '../options/own.js'
import type { Attempt } from '../transport/attempt.js'
import type { Ends } from '../transport/carrier.js'
import type { SocketDefaults } from '../transport/listening/listener.js'
import { networkDenied } from '../transport/permission.js'
import { endsOf, SocketCarrier } from '../transport/socket.js'
import { systemError } from '../transport/system-error.js'
import { pathTooLong } from '../transport/unix-path.js'

/** Where one attempt goes: one address, with nothing left to look up. */
export type Place =
  | { kind: 'tcp'; address: string; port: number; localAddress: string | undefined; localPort: number | undefined }
  | { kind: 'unix'; path: string }

/** What the socket is set to, and what it says first. */
export interface DialOptions extends SocketDefaults {
  /** A PROXY header. It is no payload: the connection never sees it, nor counts it. */
  readonly header?: Uint8Array | undefined
}

/** Begins to connect. `done` resolves with a carrier of which nothing was read, or rejects with Node's error. */
export function dial(place: Place, options: DialOptions): Attempt<SocketCarrier> {
  const denied = networkDenied()
  /* c8 ignore next: as in `bind` of transport/listener.ts */
  if (denied) return { done: Promise.reject(denied), cut() {} }
  // Node (before 24) would cut the name, and connect to whoever has the shorter one.
  const refusal = place.kind === 'unix' ? pathTooLong('connect', place.path) : undefined
  if (refusal !== undefined) return { done: Promise.reject(refusal), cut() {} }
  return new Dialling(place, options)
}

class Dialling implements Attempt<SocketCarrier> {
  readonly done: Promise<SocketCarrier>
  readonly #socket: Socket
  #carrier: SocketCarrier | undefined

  constructor(place: Place, options: DialOptions) {
    const socket = net().connect(bare(whereOf(place, options)))
    this.#socket = socket
    this.done = new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => {
        const ends = endsAt(place, socket)
        if (sameEnd(ends)) {
          socket.destroy(systemError('connect', 'ECONNREFUSED', String(ends.remote)))
          return
        }
        if (options.header !== undefined) socket.write(options.header)
        // At once: from the end of this event on Node reads, unless the socket is paused.
        this.#carrier = new SocketCarrier(socket, ends)
        socket.off('error', reject)
        resolve(this.#carrier)
      })
    })
  }

  cut(): void {
    if (this.#carrier === undefined) this.#socket.destroy()
    else this.#carrier.reset()
  }
}

/** The ends of a socket that has just connected. A peer that has broken off already has no address any more; but it is known where it was. */
export function endsAt(place: Place, socket: Socket): Ends {
  if (place.kind === 'unix') return { remote: unixAddress(place.path), local: unixAddress() }
  const { remote, local } = endsOf(socket)
  const known = tcpAddress(place.address, place.port)
  return {
    remote: isLost(remote) || remote.family === 'unix' ? known : remote,
    local: local.family === 'unix' ? askedFor(place, known.family as 'IPv4' | 'IPv6') : local,
  }
}

/** This end, as far as the program said what it shall be: what the system picked is not known any more. */
function askedFor({ localAddress, localPort }: Extract<Place, { kind: 'tcp' }>, family: 'IPv4' | 'IPv6'): Address {
  return localAddress && localPort ? tcpAddress(localAddress, localPort) : lostAddress(family)
}

// TCP lets a socket connect to itself, by a simultaneous open, when nobody listens on a local port and the system happens
// to pick that very port for this end: a client that tries again and again gets there, and hears its own words.
function sameEnd({ remote, local }: Ends): boolean {
  return remote.family !== 'unix' && String(remote) === String(local)
}

function whereOf(place: Place, { noDelay, keepAlive, keepAliveInitialDelay }: DialOptions): NetConnectOpts {
  // Half-open, because who ends when is not Node's to decide.
  // What is undefined here Node would look for further, and find where somebody has written to Object.prototype.
  const none = { fd: undefined, signal: undefined, path: undefined }
  const all = { ...none, allowHalfOpen: true, noDelay, keepAlive, keepAliveInitialDelay }
  if (place.kind === 'unix') return { ...all, path: place.path } as unknown as NetConnectOpts
  const { address, port, localAddress, localPort } = place
  const from = { ...(localAddress !== undefined && { localAddress }), ...(localPort !== undefined && { localPort }) }
  return { ...all, host: address, port, ...from } as unknown as NetConnectOpts
}
