// The public function `listen`. It refuses the arguments of Node's own functions and leaves the rest to `open.ts`.

import { kindOf } from '../kind-of.js'
import type { ListenOptions } from '../options/listen.js'
import { openServer } from './open.js'
import type { Server } from './server.js'

/**
 * Opens a server on one or more endpoints: TCP ports, Unix sockets, or sockets that systemd or a parent process opened.
 *
 * **Resolves** with the server once every endpoint is bound. Connections are accepted from then on, and wait until
 * `for await`, `server.accept` or `server.serve` takes them.
 *
 * **Rejects** with InvalidOptionsError for wrong options (`issues` has each path), with Node's error if an endpoint cannot
 * be bound (`EADDRINUSE`, `EACCES`, `ENOTFOUND` …), and with TypeError for a second argument. Nothing is left open then.
 *
 * **Cancelling**: aborting `signal` before the server is bound rejects with `signal.reason` and leaves nothing open;
 * aborting it later closes the server, as `server.close()` does.
 *
 * @param options - a TCP port, or options. Default: a free port on all interfaces.
 * @example
 * const server = await listen({ port: 8888, idleTimeout: 60_000 })
 */
export function listen(options?: number | ListenOptions): Promise<Server>
export async function listen(options?: number | ListenOptions, second?: unknown): Promise<Server> {
  // `net.createServer` and `net.connect` take a callback.
  if (typeof second === 'function') throw new TypeError('listen() takes no handler: give it to `server.serve(handler)`')
  // Node has `listen(port, host)`. Ignoring the host would open the server to all interfaces.
  if (second !== undefined) throw new TypeError(`listen() takes one argument, not ${kindOf(second)} behind it: write { port, host }`)
  return openServer(options)
}
