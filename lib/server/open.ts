// Opening a server: loads the TLS options and binds all endpoints, or leaves nothing open.

import { type ResolvedListenOptions, resolveListenOptions } from '../options/listen.js'
import { type Clock, systemClock } from '../transport/clock.js'
import { ServerCore } from './core.js'
import { Server } from './server.js'

/** Checks the options and opens the server. */
export function openServer(options: unknown): Promise<Server> {
  return open(resolveListenOptions(options), systemClock)
}

async function open(options: ResolvedListenOptions, clock: Clock): Promise<Server> {
  if (options.signal?.aborted) throw options.signal.reason
  const core = new ServerCore(options, clock)
  const server = new Server(core)
  try {
    // TLS options that do not load are reported before anything is bound.
    await core.handshakes.load()
    const handshakes = await Promise.all(options.endpoints.map((endpoint) => core.handshakes.of(endpoint)))
    // Aborting `signal` closes the server, and then `bind` rejects.
    for (const [at, endpoint] of options.endpoints.entries()) await core.bind(endpoint, handshakes[at])
  } catch (error) {
    await server.close({ grace: 0 })
    throw options.signal?.aborted ? options.signal.reason : error
  }
  return server
}
