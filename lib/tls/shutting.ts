// Whether a TLSSocket is shutting down the sending side of the socket beneath it. The socket itself does not show it.

import type { Duplex } from 'node:stream'
import { net } from '../net.js'

/**
 * Whether a reset of a handshake's stream may meet a shutdown of its sending side. libuv refuses such a reset (EINVAL), and
 * Node then never closes the handle. A TLSSocket begins a shutdown when the peer has ended, by a FIN or a close_notify, and
 * the shutdown lasts until everything that TLS has written has left.
 *
 * An empty write finds out: libuv refuses it at once from the beginning of the shutdown on. It must not queue behind other
 * bytes, because Node would take its completion for that of a write of the TLS layer; with bytes queued the answer is yes.
 */
export function mayBeShutting(stream: Duplex): boolean {
  if (!(stream instanceof net().Socket) || stream.destroyed || stream.connecting) return false
  const { _handle: handle } = stream as { _handle?: { writeQueueSize?: number } | null }
  if (stream.writableLength > 0 || handle?.writeQueueSize) return true
  stream.write('')
  return stream.errored !== null
}
