// Opening a server: everything is bound or nothing is.

import { listenPlan, type ResolvedListenOptions } from '../options/listen.js'
import { type Clock, systemClock } from '../transport/clock.js'
import { ServerCore } from './core.js'
import { Server } from './server.js'

/** A server that is bound, by options that are checked here. */
export function openServer(options: unknown): Promise<Server> {
  return open(listenPlan(options), systemClock)
}

async function open(plan: ResolvedListenOptions, clock: Clock): Promise<Server> {
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
