// Whether a socket's sending side is being shut down by the TLSSocket above it, which the socket itself does not know.

import type { Duplex } from 'node:stream'
import { net } from '../net.js'

/**
 * Whether a reset of a stream that a handshake runs over may meet a shutdown of its sending side. libuv refuses such a reset
 * (EINVAL), and Node then never closes the handle. A TLSSocket begins a shutdown by itself, where the peer has ended by a FIN
 * or by a close_notify, and it lasts until all that TLS has written has left.
 *
 * A write of nothing tells: libuv refuses it, at once, from the beginning of the shutdown on. It must not wait behind other
 * bytes, since Node would take its end for that of a write of the TLS layer; so with bytes queued the answer is yes.
 */
export function mayBeShutting(stream: Duplex): boolean {
  if (!(stream instanceof net().Socket) || stream.destroyed || stream.connecting) return false
  const { _handle: handle } = stream as { _handle?: { writeQueueSize?: number } | null }
  if (stream.writableLength > 0 || handle?.writeQueueSize) return true
  stream.write('')
  return stream.errored !== null
}
