// The carrier over a TCP or Unix socket, accepted or connected. It handles what only sockets do: a reset that Node reports as
// an end, an RST that is possible at certain moments only, addresses that are gone once the socket is. Its rule: a break
// never looks like an end, to this side or to the peer.

import type { Socket } from 'node:net'
import { type Address, lostAddress, tcpAddress, unixAddress } from '../address.js'
import { setImmediate } from '../turn.js'
import type { AddressPair } from './carrier.js'
import { readRemaining } from './descriptor.js'
import { queueKeys } from './send-queues.js'
import { isShuttingDown, resetNow } from './socket-reset.js'
import { StreamCarrier } from './stream.js'

/** The options of a TCP socket, accepted or connected, as in `net`. */
export interface SocketOptions {
  noDelay: boolean
  keepAlive: boolean
  keepAliveInitialDelay: number
}

const unnamed = unixAddress()

// The most bytes that are read from the system when a connection is lost, beyond what Node has read already: as many as one
// read gathers by default. It bounds the memory that a peer can make the process hold by a reset.
const REST = 1024 * 1024

/**
 * The addresses of a socket. To be called at once, because a dead socket has none. `local` spares a system call. The remote
 * address of a TCP socket that the peer has reset is lost: the system still has the local one.
 */
export function addressesOf(socket: Socket, local: Address = localOf(socket)): AddressPair {
  const { remoteAddress, remotePort } = socket
  if (remoteAddress !== undefined) return { remote: tcpAddress(remoteAddress, remotePort as number), local }
  return { remote: local.family === 'unix' ? unnamed : lostAddress(local.family), local }
}

function localOf({ localAddress, localPort }: Socket): Address {
  return localAddress === undefined ? unnamed : tcpAddress(localAddress, localPort as number)
}

export class SocketCarrier extends StreamCarrier<Socket> {
  // Chunks that wait for their turn keep the process alive until then.
  #referenced = true

  // libuv writes what the system accepts within the call, and calls back for the rest once the system has copied it.
  protected override get writesSynchronously(): boolean {
    return true
  }

  constructor(socket: Socket, ends: AddressPair = addressesOf(socket)) {
    super(socket, ends)
    this.listen()
    // A connecting socket has no addresses yet.
    if (socket.connecting) socket.once('connect', () => Object.assign(this, addressesOf(socket)))
  }

  protected override get paced(): boolean {
    return this.#referenced
  }

  // It also counts what a TLSSocket reads from the socket.
  override get received(): number {
    return this.stream.bytesRead
  }

  queueKeys(): readonly string[] {
    return queueKeys(this.local, this.remote)
  }

  // Node's TLS runs twice as fast over the socket itself as over any other Duplex.
  override upgrade(): Socket {
    return this.releaseStream()
  }

  protected override ended(unsure: boolean, inOrder: () => void): void {
    if (unsure) probeEnd(this.stream, this.remote, inOrder)
    else {
      inOrder()
      if (this.remote.family !== 'unix') setImmediate(noticeReset, this.stream)
    }
  }

  // A peer may answer and close before it has read everything. A write of ours fails first then, with the answer unread.
  protected override remaining(): readonly Buffer[] {
    return readRemaining(this.stream, REST)
  }

  // A turn after 'finish', which comes soon, the handle can be reset again.
  protected resetStream(): void {
    const socket = this.stream
    if (isShuttingDown(socket)) socket.once('finish', () => setImmediate(resetNow, socket))
    else resetNow(socket)
  }

  setNoDelay(enable: boolean): void {
    this.stream.setNoDelay(enable)
  }

  setKeepAlive(enable: boolean, initialDelay: number): void {
    this.stream.setKeepAlive(enable, initialDelay)
  }

  // On a socket without a handle Node waits for 'connect', with one more listener for each call.
  ref(): void {
    this.#referenced = true
    if (!this.stream.destroyed) this.stream.ref()
  }

  unref(): void {
    this.#referenced = false
    if (!this.stream.destroyed) this.stream.unref()
  }
}

/**
 * Detects a reset that came behind the end. Only a write detects it, and an empty one is enough. Most connections end by the
 * end of this turn and need none; queued bytes fail without it. A Unix socket gets none: the write would also fail when the
 * peer has closed, which is how most of those connections end.
 */
function noticeReset(socket: Socket): void {
  if (socket.writable && socket.writableLength === 0) socket.write('')
}

/**
 * Calls `inOrder` if the end of stream that has just come is one, where the system cannot be asked by the descriptor. An empty
 * write finds out: it fails with the error of the next write, ECONNRESET or EPIPE, and so does the socket. Behind queued bytes
 * it waits as they do, so it is given one turn: a reset fails them by then.
 *
 * A Unix socket gets none: the write would also fail when the peer has closed, which is how most of those connections end.
 * (A TCP socket that was reset has lost its remote address and still has its local one.)
 */
function probeEnd(stream: Socket, { family }: Address, inOrder: () => void): void {
  if (!stream.writable || (family === 'unix' && stream.localAddress === undefined)) return inOrder()
  let reported = false
  const report = (): void => {
    if (reported) return
    reported = true
    inOrder()
  }
  stream.write('', (error) => {
    if (!error) report()
  })
  setImmediate(report)
}
