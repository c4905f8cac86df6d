// One attempt to connect to one address: it yields a carrier or an error, and nothing if it is cut. The traps of Node's
// connecting sockets are handled here; `connecting.ts` and `happy-eyeballs.ts` decide which addresses are tried, and when.

import type { NetConnectOpts, Socket } from 'node:net'
import { type Address, isLost, lostAddress, tcpAddress, unixAddress } from '../address.js'
import { net } from '../net.js'
import { withoutPrototype } from '../options/own.js'
import type { Attempt } from '../transport/attempt.js'
import type { AddressPair } from '../transport/carrier.js'
import { networkDenied } from '../transport/permission.js'
import { addressesOf, SocketCarrier, type SocketOptions } from '../transport/socket.js'
import { systemError } from '../transport/system-error.js'
import { pathTooLong } from '../transport/unix-path.js'

/** The address of one attempt. */
export type DialTarget =
  | { kind: 'tcp'; address: string; port: number; localAddress: string | undefined; localPort: number | undefined }
  | { kind: 'unix'; path: string }

/** The options of the socket, and the header that it sends first. */
export interface DialOptions extends SocketOptions {
  /** A PROXY header. It is not payload: the connection does not count it. */
  readonly header?: Uint8Array | undefined
}

/** Begins to connect. `done` resolves with a carrier from which nothing was read, or rejects with Node's error. */
export function dial(target: DialTarget, options: DialOptions): Attempt<SocketCarrier> {
  const denied = networkDenied()
  /* c8 ignore next: only Node 26 has this permission; tried in spec/transport/permission.spec.ts */
  if (denied) return { done: Promise.reject(denied), cut() {} }
  // Node before 24 truncates a path that is too long, and would connect to the socket at the shorter path.
  const refusal = target.kind === 'unix' ? pathTooLong('connect', target.path) : undefined
  if (refusal !== undefined) return { done: Promise.reject(refusal), cut() {} }
  return new SocketAttempt(target, options)
}

class SocketAttempt implements Attempt<SocketCarrier> {
  readonly done: Promise<SocketCarrier>
  readonly #socket: Socket
  #carrier: SocketCarrier | undefined

  constructor(target: DialTarget, options: DialOptions) {
    const socket = net().connect(withoutPrototype(socketOptions(target, options)))
    this.#socket = socket
    this.done = new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => {
        const ends = addressesAt(target, socket)
        if (sameEnd(ends)) {
          socket.destroy(systemError('connect', 'ECONNREFUSED', String(ends.remote)))
          return
        }
        if (options.header !== undefined) socket.write(options.header)
        // The carrier pauses the socket within this event: otherwise Node starts to read after it.
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

/**
 * The addresses of a socket that has just connected. If the peer has reset already the system has no remote address; then
 * it is the address that was dialled.
 */
export function addressesAt(target: DialTarget, socket: Socket): AddressPair {
  if (target.kind === 'unix') return { remote: unixAddress(target.path), local: unixAddress() }
  const { remote, local } = addressesOf(socket)
  const known = tcpAddress(target.address, target.port)
  return {
    remote: isLost(remote) || remote.family === 'unix' ? known : remote,
    local: local.family === 'unix' ? requestedLocal(target, known.family as 'IPv4' | 'IPv6') : local,
  }
}

/** The local address, if the options name it completely. The one that the system chose is lost with the socket. */
function requestedLocal({ localAddress, localPort }: Extract<DialTarget, { kind: 'tcp' }>, family: 'IPv4' | 'IPv6'): Address {
  return localAddress && localPort ? tcpAddress(localAddress, localPort) : lostAddress(family)
}

// A TCP socket may connect to itself by a simultaneous open: nothing listens on a local port, and the system chooses that port
// as the local one. A client that retries often enough gets there, and would read its own bytes.
function sameEnd({ remote, local }: AddressPair): boolean {
  return remote.family !== 'unix' && String(remote) === String(local)
}

function socketOptions(target: DialTarget, { noDelay, keepAlive, keepAliveInitialDelay }: DialOptions): NetConnectOpts {
  // `allowHalfOpen`: without it Node would end this side when the peer ends.
  // The options that are undefined here are named so that Node does not find them on a polluted Object.prototype.
  const none = { fd: undefined, signal: undefined, path: undefined }
  const all = { ...none, allowHalfOpen: true, noDelay, keepAlive, keepAliveInitialDelay }
  if (target.kind === 'unix') return { ...all, path: target.path } as unknown as NetConnectOpts
  const { address, port, localAddress, localPort } = target
  const from = { ...(localAddress !== undefined && { localAddress }), ...(localPort !== undefined && { localPort }) }
  return { ...all, host: address, port, ...from } as unknown as NetConnectOpts
}
