// How to reset a socket. libuv refuses a reset in some states, and Node then never closes the handle; Unix sockets have no
// reset, and TLSSockets have no method for it. Each of these cases is handled here.
// Decision: docs/decisions/a-close-is-patient-a-cut-is-a-reset.md

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterTurn } from '../turn.js'

/**
 * Whether libuv is shutting down the sending side, which lasts from `end()` with nothing queued until 'finish'. A reset fails
 * with EINVAL in this time, and Node then never closes the handle.
 */
export function isShuttingDown({ writableEnded, writableFinished, writableLength }: Duplex): boolean {
  return writableEnded && !writableFinished && writableLength === 0
}

type TcpHandle = { reset?(done?: () => void): number; close(done?: () => void): void }

/**
 * Makes the close of a socket's handle a reset, for a socket that is about to be destroyed. It acts on the TCP handle of the
 * socket, or on the one beneath a TLSSocket: Node has no method that resets a TLSSocket. Bun has such a method, and its handles
 * cannot be reset. Without a TCP handle it does nothing.
 */
export function resetAtClose(socket: Socket): void {
  const { _handle: handle } = socket as Socket & { _handle?: (TcpHandle & { _parent?: TcpHandle }) | null }
  const tcp = handle?._parent ?? handle
  if (!tcp || isShuttingDown(socket)) return
  if (typeof tcp.reset === 'function') tcp.close = tcp.reset
  else reset(socket)
}

function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    // A Unix socket has no reset, and Node throws.
  }
}

/** Resets the socket, or destroys it where there is no reset. `destroy` in the same turn keeps the reset from waiting for the write queue. */
export function resetNow(socket: Socket): void {
  if (socket.destroyed) return
  // Node resets a connecting socket once it is connected, which may never happen. One that has not connected by the next turn
  // is destroyed: the peer has no connection yet.
  if (socket.connecting) {
    socket.once('connect', () => resetNow(socket))
    afterTurn(() => socket.destroy())
    return
  }
  reset(socket)
  socket.destroy()
}
