// What the library does around a handler: whatever happens in it, its connection is closed, and nobody's mistake is
// lost. What the connection itself raised is a normal end; everything else is a bug, and the server is told.

import type { Connection } from './connection.js'
import type { ConnectionCore } from './core.js'
import { isOwnedBy } from './ownership.js'
import { kindOf } from './read-options.js'

/** The logic of a connection: reads, decides, writes, and returns. */
export type Handler<T = unknown> = (connection: Connection) => T | PromiseLike<T>

/** Runs a handler and closes its connection. Never rejects on a server's connection. */
export async function runHandler<T>(
  connection: Connection,
  core: ConnectionCore,
  handler: Handler<T>,
  again: boolean,
): Promise<T | undefined> {
  if (again) {
    const misuse = new TypeError('run() was called before on this connection: a connection has one handler')
    if (core.outcome.supervisor === undefined) throw misuse
    core.outcome.supervisor.handlerFailed(misuse)
    return undefined
  }
  try {
    if (typeof handler !== 'function') throw new TypeError(`handler must be a function, not ${kindOf(handler)}`)
    const value = await handler(connection)
    await closed(core)
    return value
  } catch (error) {
    core.blame(error)
    if (core.outcome.supervisor !== undefined && !isNormalEnd(core, error)) core.outcome.supervisor.handlerFailed(error)
    await closed(core)
    if (core.outcome.supervisor === undefined) throw error
    return undefined
  }
}

async function closed(core: ConnectionCore): Promise<void> {
  core.close()
  await core.outcome.closed
}

/** Raised by this connection, or an AbortError that its signals caused, or nothing but such errors together. */
function isNormalEnd(core: ConnectionCore, error: unknown): boolean {
  if (isOwnedBy(error, core)) return true
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every((each) => isNormalEnd(core, each))
  if (!(error instanceof Error) || error.name !== 'AbortError') return false
  if (error.cause !== undefined) return isOwnedBy(error.cause, core)
  // Not every library says what made it abort; then it is taken for these signals if one of them has aborted.
  return core.outcome.signal.aborted || core.drainSignal.aborted
}
