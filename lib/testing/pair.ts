// Two connections tied together in memory: the same class and the same rules as over a socket, so that a test of a protocol
// needs no network.

import { Connection } from '../connection/connection.js'
import { ConnectionCore } from '../connection/lifecycle.js'
import { type PairOptions, pairPlan } from '../options/testing.js'
import { systemClock } from '../transport/clock.js'
import { memoryPair } from '../transport/memory/carrier.js'
import { closeConnections } from './dispose.js'

/** What `pair` returns: both ends, and what closes both. */
export type Pair = [client: Connection, server: Connection] & { [Symbol.asyncDispose](): Promise<void> }

/**
 * Two connections that talk to each other in memory: `[client, server]`. No socket, the same class, the same rules.
 *
 * `client.run(handler)` settles as the handler does. `server.run(handler)` is judged as on a server: it resolves with
 * undefined where a server would call it a normal end, and rejects with what would be the server's `handlerError`.
 *
 * What it returns is async disposable: that closes both ends, and aborts what does not come to its end without time passing.
 *
 * @throws InvalidOptionsError
 * @example
 * const [client, server] = pair({ maxChunk: 1 })
 * const done = server.run(handler)
 * await client.write('hello\n')
 */
export function pair(options?: PairOptions): Pair {
  const plan = pairPlan(options)
  const { clock = systemClock } = plan
  const [client, server] = memoryPair({ ...plan.way, clock })
  const there = new ConnectionCore(server, plan.server, clock)
  there.side = 'server'
  const sides: [client: Connection, server: Connection] = [
    new Connection(new ConnectionCore(client, plan.client, clock)),
    new Connection(there),
  ]
  // Not enumerable: it is still an array of two.
  return Object.defineProperty(sides, Symbol.asyncDispose, { value: () => closeConnections(sides, clock) }) as Pair
}
