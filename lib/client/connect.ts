// The public function `connect`. It refuses the arguments of Node's own functions and leaves the rest to `connecting.ts`.
// Decision: docs/decisions/one-deadline-to-connect.md

import type { Connection } from '../connection/connection.js'
import { kindOf } from '../kind-of.js'
import { type ConnectOptions, resolveConnectOptions } from '../options/connect.js'
import { open } from './connecting.js'

/**
 * Connects to a TCP port or a Unix socket.
 *
 * The addresses of a host are tried by [Happy Eyeballs v2](https://www.rfc-editor.org/rfc/rfc8305): IPv6 and IPv4
 * alternately, the next one after 250 ms or as soon as one fails. The first that answers wins; all other attempts are closed.
 *
 * **Resolves** with the connection. With `tls`, its handshake is complete and the server's certificate is verified against
 * the host name; with `proxyProtocol`, a PROXY header was sent first.
 *
 * **Rejects** with InvalidOptionsError for wrong options (`issues` has each path; nothing was tried), with ConnectError if
 * the name has no address or no address answered (`errors` has the error of each attempt, `code` is that of the last), with
 * HandshakeError if TLS failed (no further address is tried), with TimeoutError when `timeout`, the one deadline over all
 * steps, expires, and with TypeError for a second argument. Nothing is left open then.
 *
 * **Cancelling**: aborting `signal` rejects with `signal.reason` and leaves nothing open. Once connected, `signal` has no
 * effect: use `connection.abort()`, or the `signal` of each read.
 *
 * @param options - a `port` or a `path`, and the options of the connection
 * @example
 * await using connection = await connect({ host: 'example.com', port: 853, tls: true, timeout: 5000 })
 * await connection.write(query)
 * const size = (await connection.readExactly(2)).readUInt16BE()
 * const answer = await connection.readExactly(size)
 */
export function connect(options: ConnectOptions): Promise<Connection>
export async function connect(options: ConnectOptions, second?: unknown): Promise<Connection> {
  // `net.connect` takes a callback.
  if (typeof second === 'function') throw new TypeError('connect() takes no callback: await the connection that it promises')
  // Node has `connect(port, host)`.
  if (second !== undefined) throw new TypeError(`connect() takes one argument, not ${kindOf(second)} behind it: write { port, host }`)
  return open(resolveConnectOptions(options))
}
