// How the library calls a handler. However the handler ends, its connection is closed afterwards. An error that the
// connection itself raised is a normal end; any other error is a bug, and the server emits it as `handlerError`. The handler
// gets its connection as an argument, and no AsyncLocalStorage holds it.
// Decision: docs/decisions/no-async-local-storage.md

import { isRaisedBy } from '../errors.js'
import { everyError, isAbortBy } from '../foreign.js'
import { functionOf } from '../options/arguments.js'
import type { ConnectionCore } from './lifecycle.js'

/** A handler of connections of the class C. */
type HandlerOf<C, T> = (connection: C) => T | PromiseLike<T>

/**
 * Calls a handler and closes its connection; resolves when the connection is closed, on a client with the handler's value.
 * Never rejects on a connection of a server. The server's end of a `pair` has no server that could emit `handlerError`: it
 * rejects with the error instead.
 */
export function runHandler<C, T>(connection: C, core: ConnectionCore, handler: HandlerOf<C, T>, again: boolean): Promise<T | undefined> {
  const { supervisor } = core.closeState
  if (again) {
    const misuse = new TypeError('run() was called before on this connection: a connection has one handler')
    if (supervisor === undefined) return Promise.reject(misuse)
    supervisor.handlerFailed(misuse)
    return Promise.resolve(undefined)
  }
  return new Promise<T | undefined>((resolve, reject) => {
    if (!runsAsServer(core)) return superviseHandler(connection, core, handler, resolve, reject)
    const ended = (): void => resolve(undefined)
    superviseHandler(connection, core, handler, ended, (error, normal) => (normal || supervisor !== undefined ? ended() : reject(error)))
  })
}

/** Whether errors of the connection count as a normal end: on connections of a server, and on the server's end of a `pair`. */
export function runsAsServer({ side }: ConnectionCore): boolean {
  return side === 'server'
}

/**
 * The same with callbacks: one of them is called when the connection is closed. A server needs no promise for each of its
 * connections. This is no async function, which would throw a second time the error that most handlers end with.
 */
export function superviseHandler<C, T>(
  connection: C,
  core: ConnectionCore,
  handler: HandlerOf<C, T>,
  done: (value: T) => void,
  failed: (error: unknown, normal: boolean) => void,
): void {
  const returned = (value: T): void => {
    core.handlerReturned = true
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

/**
 * Whether this connection raised the error, or its signals caused it as an AbortError, or it is an AggregateError of such
 * errors only. Accepts any value and never throws.
 */
function isNormalEnd(core: ConnectionCore, error: unknown): boolean {
  const isOurs = (each: unknown): boolean => isRaisedBy(each, core.id)
  return everyError(error, (each) => {
    if (isOurs(each)) return true
    // Not every library sets the cause of its AbortError: then the signals of this connection count if one has aborted.
    return isAbortBy(each, isOurs) ?? (core.closeState.signal.aborted || core.drainSignal.aborted)
  })
}
