// The end of a TLS stream from this side: a close_notify. Node lets OpenSSL send it and, in the same call, look for the peer's.
// So two things have to be done first, for each TLSSocket that carries a connection, and each
// stream that may be one or have one inside.
//
// Node hands on what it has decrypted record by record, and promises and ticks run in between. An end in such a moment makes
// OpenSSL throw away the records that have come and are not decrypted yet, and take itself for ended: the rest of the stream
// is lost, and reads as a clean end. A turn later nothing is left to decrypt. (All releases of Node up to 26, TLS 1.2 and 1.3.)
//
// And a close_notify that meets a reset fails in silence, while the system names its error once: it is asked before.

import type { Duplex } from 'node:stream'
import { setImmediate } from '../turn.js'
import { resetOf } from './descriptor.js'

/** Calls `end` when the stream may be ended, with the reset that the close_notify would meet. */
export function beforeCloseNotify(stream: Duplex, end: (reset: Error | undefined) => void): void {
  setImmediate(() => end(resetOf(stream)))
}
