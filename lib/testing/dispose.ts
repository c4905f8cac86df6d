// How what the testing kit made comes to its end when it is disposed of: in order as far as that needs no time, and then cut.
// A test that is over waits neither for a limit, nor for a clock that nobody moves any more.

import type { Connection } from '../connection/connection.js'
import type { Server } from '../server/server.js'
import type { Clock } from '../transport/clock.js'
import { workDone } from './turns.js'

/** Closes connections, and aborts those that are not over once nothing moves any more. Resolves when all are over. */
export async function closeConnections(connections: Iterable<Connection>, clock: Clock): Promise<void> {
  const all = [...connections]
  const closing = Promise.all(all.map((connection) => connection.close()))
  await Promise.race([closing, workDone(clock)])
  for (const connection of all) connection.abort()
  await closing
}

/** Drains a server, so that its handlers may say goodbye, and then closes both ends of all its connections. */
export async function closeServer(server: Server, clients: Iterable<Connection>, clock: Clock): Promise<void> {
  const closed = server.close()
  await Promise.race([closed, workDone(clock)])
  await closeConnections([...server.connections, ...clients], clock)
  await closed
}
