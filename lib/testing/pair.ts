// `pair`: two connections that are connected in memory. Class and behaviour are those of a connection over a socket, so that a
// test of a protocol needs no network.

import { Connection } from '../connection/connection.js'
import { ConnectionCore } from '../connection/lifecycle.js'
import { type PairOptions, resolvePairOptions } from '../options/testing.js'
import { systemClock } from '../transport/clock.js'
import { memoryPair } from '../transport/memory/carrier.js'
import { closeConnections } from './dispose.js'

/** Both ends of a connection in memory. Disposal closes both. */
export type Pair = [client: Connection, server: Connection] & { [Symbol.asyncDispose](): Promise<void> }

/**
 * Makes two connections that are connected in memory: `[client, server]`. They need no socket and behave as over one.
 *
 * `client.run(handler)` settles as the handler does. `server.run(handler)` resolves with `undefined` when the handler ends
 * normally in the sense of a server, and rejects with an error that would be the server's `handlerError`.
 *
 * Disposal closes both ends, and aborts them if they do not end without time passing.
 *
 * @throws InvalidOptionsError for wrong options
 * @example
 * const [client, server] = pair({ maxChunk: 1 })
 * const done = server.run(handler)
 * await client.write('hello\n')
 */
export function pair(options?: PairOptions): Pair {
  const resolved = resolvePairOptions(options)
  const { clock = systemClock } = resolved
  const [client, server] = memoryPair({ ...resolved.way, clock })
  const serverCore = new ConnectionCore(server, resolved.server, clock)
  serverCore.side = 'server'
  const sides: [client: Connection, server: Connection] = [
    new Connection(new ConnectionCore(client, resolved.client, clock)),
    new Connection(serverCore),
  ]
  // Not enumerable, so that the array still equals an array of two.
  return Object.defineProperty(sides, Symbol.asyncDispose, { value: () => closeConnections(sides, clock) }) as Pair
}
