// `listen`: from options to a server that is bound. Everything is bound or nothing is.

import { type ListenOptions, type ListenPlan, listenPlan } from '../options/listen.js'
import { prepareZod } from '../options/zod.js'
import { type Clock, systemClock } from '../transport/clock.js'
import { ServerCore } from './core.js'
import { Server } from './server.js'

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
export async function listen(options?: number | ListenOptions): Promise<Server> {
  await prepareZod()
  return open(listenPlan(options), systemClock)
}

async function open(plan: ListenPlan, clock: Clock): Promise<Server> {
  if (plan.signal?.aborted) throw plan.signal.reason
  const core = new ServerCore(plan, clock)
  const server = new Server(core)
  try {
    // What cannot be served is known before anything is bound.
    await core.entries.load()
    const entries = await Promise.all(plan.endpoints.map((endpoint) => core.entries.of(endpoint)))
    // An abort closes the server, which ends this.
    for (const [at, endpoint] of plan.endpoints.entries()) await core.bind(endpoint, entries[at])
  } catch (error) {
    await server.close({ grace: 0 })
    throw plan.signal?.aborted ? plan.signal.reason : error
  }
  return server
}
