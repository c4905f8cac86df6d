// `connect`, as a program calls it.

import type { Connection } from '../connection/connection.js'
import { kindOf } from '../kind-of.js'
import { type ConnectOptions, connectPlan } from '../options/connect.js'
import { open } from './connecting.js'

/**
 * Connects to a TCP port, or to a Unix socket. Resolves with the connection.
 *
 * A host with several addresses is tried by Happy Eyeballs v2 (RFC 8305): IPv6 and IPv4 in turn, the next address after
 * 250 ms or as soon as one fails; the first that answers wins, and all other attempts are closed.
 *
 * With `tls` the connection is TLS, and the server's certificate was verified against the host's name; with
 * `proxyProtocol` a PROXY header went first.
 *
 * Rejects with InvalidOptionsError (each bad path in `issues`; nothing was tried), with ConnectError if no address
 * answered or the name has none (`errors` has the error of each attempt, `code` is the last one's), with HandshakeError if
 * TLS failed (no other address is tried then), or with TimeoutError when `timeout`, one deadline for all of it, is over.
 * Nothing is left open then.
 *
 * Aborting `signal` rejects with its reason, and leaves nothing open; once connected it does nothing: see `abort()` and
 * the `signal` of reads.
 *
 * @param options - a `port` or a `path`, and what the connection shall have
 * @example
 * await using connection = await connect({ host: 'example.com', port: 853, tls: true, timeout: 5000 })
 * await connection.write(query)
 * const size = (await connection.readExactly(2)).readUInt16BE()
 * const answer = await connection.readExactly(size)
 */
export function connect(options: ConnectOptions): Promise<Connection>
export async function connect(options: ConnectOptions, second?: unknown): Promise<Connection> {
  // As `net.connect` takes one.
  if (typeof second === 'function') throw new TypeError('connect() takes no callback: await the connection that it promises')
  // As Node's own `connect(port, host)`.
  if (second !== undefined) throw new TypeError(`connect() takes one argument, not ${kindOf(second)} behind it: write { port, host }`)
  return open(connectPlan(options))
}
