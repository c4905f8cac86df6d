// Disposal of what `linnet/testing` makes: a graceful close as far as it takes no time, then an abort. A test that ends waits
// neither for a time limit nor for a manual clock that is not advanced any more.

import type { Connection } from '../connection/connection.js'
import type { Server } from '../server/server.js'
import type { Clock } from '../transport/clock.js'
import { workDone } from './turns.js'

/** Closes connections, and aborts those that are still open when no bytes move any more. Resolves when all have ended. */
export async function closeConnections(connections: Iterable<Connection>, clock: Clock): Promise<void> {
  const all = [...connections]
  const closing = Promise.all(all.map((connection) => connection.close()))
  await Promise.race([closing, workDone(clock)])
  for (const connection of all) connection.abort()
  await closing
}

/** Drains a server, so that its handlers can send a last message, and then closes both ends of all connections. */
export async function closeServer(server: Server, clients: Iterable<Connection>, clock: Clock): Promise<void> {
  const closed = server.close()
  await Promise.race([closed, workDone(clock)])
  await closeConnections([...server.connections, ...clients], clock)
  await closed
}
