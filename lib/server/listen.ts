// `listen`, as a program calls it.

import { kindOf } from '../kind-of.js'
import type { ListenOptions } from '../options/listen.js'
import { openServer } from './open.js'
import type { Server } from './server.js'

/**
 * Listens for connections. Resolves, once every endpoint is bound, with a server to iterate over.
 *
 * Rejects with InvalidOptionsError (each bad path in `issues`), with Node's own error when a bind fails (`EADDRINUSE`,
 * `EACCES`, `ENOTFOUND` …), or with `signal.reason`; then nothing is left open.
 *
 * @param options - a port, or options; a free port on all interfaces by default
 * @example
 * const server = await listen({ port: 8888, idleTimeout: 60_000 })
 */
export function listen(options?: number | ListenOptions): Promise<Server>
export async function listen(options?: number | ListenOptions, second?: unknown): Promise<Server> {
  // As `net.createServer` and `net.connect` take one.
  if (typeof second === 'function') throw new TypeError('listen() takes no handler: give it to `server.serve(handler)`')
  // As Node's own `listen(port, host)`: without it the server would be open to all interfaces.
  if (second !== undefined) throw new TypeError(`listen() takes one argument, not ${kindOf(second)} behind it: write { port, host }`)
  return openServer(options)
}
