// What the library does around a handler: whatever happens in it, its connection is closed, and nobody's mistake is
// lost. What the connection itself raised is a normal end; everything else is a bug, and the server is told.

import { isRaisedBy } from '../errors.js'
import { everyError, isAbortBy } from '../foreign.js'
import type { Connection } from './connection.js'
import type { ConnectionCore } from './lifecycle.js'
import { functionOf } from './reading/read-options.js'

/** The logic of a connection: reads, decides, writes, and returns. */
export type Handler<T = unknown> = (connection: Connection) => T | PromiseLike<T>

/**
 * Runs a handler, closes its connection, and resolves when that is over: a client's with the handler's value. Never rejects
 * on a server's connection. The server's end of a pair has no server to tell: it rejects with what would be a `handlerError`.
 */
export function runHandler<T>(connection: Connection, core: ConnectionCore, handler: Handler<T>, again: boolean): Promise<T | undefined> {
  const { supervisor } = core.closeState
  if (again) {
    const misuse = new TypeError('run() was called before on this connection: a connection has one handler')
    if (supervisor === undefined) return Promise.reject(misuse)
    supervisor.handlerFailed(misuse)
    return Promise.resolve(undefined)
  }
  return new Promise<T | undefined>((resolve, reject) => {
    if (!runsAsServer(core)) return superviseHandler(connection, core, handler, resolve, reject)
    const over = (): void => resolve(undefined)
    superviseHandler(connection, core, handler, over, (error, normal) => (normal || supervisor !== undefined ? over() : reject(error)))
  })
}

/** Whether the end of a handler is judged as a server judges it: on a connection of a server, and on the server's end of a pair. */
export function runsAsServer({ side }: ConnectionCore): boolean {
  return side === 'server'
}

/**
 * The same by callbacks, of which one is called when the connection is over. A server makes no promise for each of its
 * connections; nor is there an async function here, which would throw once more what most handlers end with.
 */
export function superviseHandler<T>(
  connection: Connection,
  core: ConnectionCore,
  handler: Handler<T>,
  done: (value: T) => void,
  failed: (error: unknown, normal: boolean) => void,
): void {
  const returned = (value: T): void => {
    core.handled = true
    core.close()
    core.closeState.onClosed(() => done(value))
  }
  const threw = (error: unknown): void => {
    core.recordHandlerError(error)
    const normal = isNormalEnd(core, error)
    if (!normal) core.closeState.supervisor?.handlerFailed(error)
    core.close()
    core.closeState.onClosed(() => failed(error, normal))
  }
  try {
    Promise.resolve(functionOf(handler, 'handler')(connection)).then(returned, threw)
  } catch (error) {
    threw(error)
  }
}

/** Raised by this connection, or an AbortError that its signals caused, or nothing but such errors together. Of any value: it never throws. */
function isNormalEnd(core: ConnectionCore, error: unknown): boolean {
  const isOurs = (each: unknown): boolean => isRaisedBy(each, core.id)
  return everyError(error, (each) => {
    if (isOurs(each)) return true
    // Not every library says what made it abort; then it is taken for these signals if one of them has aborted.
    return isAbortBy(each, isOurs) ?? (core.closeState.signal.aborted || core.drainSignal.aborted)
  })
}
