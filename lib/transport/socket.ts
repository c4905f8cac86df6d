// The carrier over a socket, TCP or Unix, accepted or connected. It knows what sockets do that other streams do not:
// a reset that looks like an end, an RST that has to be asked for at the right moment, addresses that are gone when
// the socket is. It keeps the rule that a break never looks like an end, to this side or to the peer.

import type { Socket } from 'node:net'
import { type Address, lostAddress, tcpAddress, unixAddress } from '../address.js'
import { afterTurn, setImmediate } from '../turn.js'
import { takeRest } from './descriptor.js'
import { queueKeys } from './send-queues.js'
import { type Ends, StreamCarrier } from './stream.js'

const unnamed = unixAddress()

// The most that is taken from the system of a connection that is lost, beyond what was read ahead: as much as one read may
// gather by default. What a peer can make a process hold by a reset is bounded by it.
const REST = 1024 * 1024

/**
 * The ends of a socket, to be asked for as soon as it is there: a dead socket knows none. `local` spares a system call. The
 * peer of a TCP socket that it has reset is lost: the system knows this end, and the other no more.
 */
export function endsOf(socket: Socket, local: Address = localOf(socket)): Ends {
  const { remoteAddress, remotePort } = socket
  if (remoteAddress !== undefined) return { remote: tcpAddress(remoteAddress, remotePort as number), local }
  return { remote: local.family === 'unix' ? unnamed : lostAddress(local.family), local }
}

function localOf({ localAddress, localPort }: Socket): Address {
  return localAddress === undefined ? unnamed : tcpAddress(localAddress, localPort as number)
}

export class SocketCarrier extends StreamCarrier<Socket> {
  // What waits for its turn keeps the process alive until then.
  #referenced = true

  // libuv writes at once what the system takes, and says so for the rest once it is copied into the system.
  protected override get leavesAtOnce(): boolean {
    return true
  }

  constructor(socket: Socket, ends: Ends = endsOf(socket)) {
    super(socket, ends)
    this.take()
    // One that is still connecting has no ends yet.
    if (socket.connecting) socket.once('connect', () => Object.assign(this, endsOf(socket)))
  }

  protected override get paced(): boolean {
    return this.#referenced
  }

  // Also while TLS reads it.
  override get received(): number {
    return this.stream.bytesRead
  }

  queueKeys(): readonly string[] {
    return queueKeys(this.local, this.remote)
  }

  // TLS of Node's runs over the socket itself: twice as fast as over anything that only looks like one.
  override upgrade(): Socket {
    return this.giveAway()
  }

  protected override ended(unsure: boolean, inOrder: () => void): void {
    if (unsure) probeEnd(this.stream, this.remote, inOrder)
    else {
      inOrder()
      if (this.remote.family !== 'unix') setImmediate(noticeReset, this.stream)
    }
  }

  // A peer may have answered and gone before it had read all: our own write then fails first.
  protected override rest(): readonly Buffer[] {
    return takeRest(this.stream, REST)
  }

  // A turn after 'finish', which never takes long, the handle is free again.
  protected cut(): void {
    const socket = this.stream
    if (isShutting(socket)) socket.once('finish', () => setImmediate(breakOff, socket))
    else breakOff(socket)
  }

  setNoDelay(enable: boolean): void {
    this.stream.setNoDelay(enable)
  }

  setKeepAlive(enable: boolean, initialDelay: number): void {
    this.stream.setKeepAlive(enable, initialDelay)
  }

  // A socket without a handle would wait for a connection, with one more listener each time.
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
 * While libuv shuts the sending side down, from `end()` with nothing queued until 'finish', a reset is EINVAL, and Node then
 * never closes the handle.
 */
function isShutting({ writableEnded, writableFinished, writableLength }: Socket): boolean {
  return writableEnded && !writableFinished && writableLength === 0
}

type TcpHandle = { reset?(done?: () => void): number; close(done?: () => void): void }

/**
 * Makes the close of a socket's handle a reset, for a socket that is about to be destroyed: of the TCP handle itself, or of
 * the one beneath a TLSSocket. Node has no method that resets a TLSSocket. Bun has, and its handles cannot be reset. Where there
 * is no TCP handle it does nothing.
 */
export function resetAtClose(socket: Socket): void {
  const { _handle: handle } = socket as Socket & { _handle?: (TcpHandle & { _parent?: TcpHandle }) | null }
  const tcp = handle?._parent ?? handle
  if (!tcp || isShutting(socket)) return
  if (typeof tcp.reset === 'function') tcp.close = tcp.reset
  else reset(socket)
}

function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    // Unix sockets have none, and Node throws.
  }
}

/** RST where there is one. `destroy` in the same turn keeps the reset from waiting for the write queue. */
function breakOff(socket: Socket): void {
  if (socket.destroyed) return
  // It would be reset once it is connected, and may never be. What has not connected by the next turn vanishes without a
  // word to the peer, which has not heard of it.
  if (socket.connecting) {
    socket.once('connect', () => breakOff(socket))
    afterTurn(() => socket.destroy())
    return
  }
  reset(socket)
  socket.destroy()
}

/**
 * Notices a reset that came behind the end: nothing but a write does, and one of nothing is enough. Most connections end by
 * this turn's end, and need none; what is queued fails by itself. The peer of a Unix socket that has closed, as most of them
 * end, would fail it too.
 */
function noticeReset(socket: Socket): void {
  if (socket.writable && socket.writableLength === 0) socket.write('')
}

/**
 * Calls `inOrder` if the end of stream that has just come is one, where the system cannot be asked by its descriptor. A write
 * of nothing tells: it fails with what the system has in store for the next write, ECONNRESET or EPIPE, and the socket with
 * it. Behind queued bytes it waits as they do, so it is given this turn and no more: a reset would have failed them by then.
 *
 * A peer of a Unix socket that has closed, as most of them end, would fail that write as well. (A TCP socket that was reset
 * has no remote address any more, but it still has its own.)
 */
function probeEnd(stream: Socket, { family }: Address, inOrder: () => void): void {
  if (!stream.writable || (family === 'unix' && stream.localAddress === undefined)) return inOrder()
  let told = false
  const tell = (): void => {
    if (told) return
    told = true
    inOrder()
  }
  stream.write('', (error) => {
    if (!error) tell()
  })
  setImmediate(tell)
}
