// What the library does around a handler: whatever happens in it, its connection is closed, and nobody's mistake is
// lost. What the connection itself raised is a normal end; everything else is a bug, and the server is told.

import { isRaisedBy } from '../errors.js'
import type { Connection } from './connection.js'
import type { ConnectionCore } from './core.js'
import { kindOf } from './read-options.js'

/** The logic of a connection: reads, decides, writes, and returns. */
export type Handler<T = unknown> = (connection: Connection) => T | PromiseLike<T>

/** Runs a handler and closes its connection. Never rejects on a server's connection. */
export function runHandler<T>(connection: Connection, core: ConnectionCore, handler: Handler<T>, again: boolean): Promise<T | undefined> {
  const { outcome } = core
  if (again) {
    const misuse = new TypeError('run() was called before on this connection: a connection has one handler')
    if (outcome.supervisor === undefined) return Promise.reject(misuse)
    outcome.supervisor.handlerFailed(misuse)
    return Promise.resolve(undefined)
  }
  // By callbacks, where an async function would throw the handler's error once more: most handlers end with one.
  return new Promise<T | undefined>((resolve, reject) => {
    const returned = (value: T): void => {
      core.close()
      outcome.listen(() => resolve(value))
    }
    const threw = (error: unknown): void => {
      core.blame(error)
      const { supervisor } = outcome
      if (supervisor !== undefined && !isNormalEnd(core, error)) supervisor.handlerFailed(error)
      core.close()
      outcome.listen(() => (supervisor === undefined ? reject(error) : resolve(undefined)))
    }
    try {
      if (typeof handler !== 'function') throw new TypeError(`handler must be a function, not ${kindOf(handler)}`)
      Promise.resolve(handler(connection)).then(returned, threw)
    } catch (error) {
      threw(error)
    }
  })
}

/** Raised by this connection, or an AbortError that its signals caused, or nothing but such errors together. */
function isNormalEnd(core: ConnectionCore, error: unknown): boolean {
  if (isRaisedBy(error, core.id)) return true
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every((each) => isNormalEnd(core, each))
  if (!(error instanceof Error) || error.name !== 'AbortError') return false
  if (error.cause !== undefined) return isRaisedBy(error.cause, core.id)
  // Not every library says what made it abort; then it is taken for these signals if one of them has aborted.
  return core.outcome.signal.aborted || core.drainSignal.aborted
}
