// Ending a process in order: the first signal drains the server, a second one cuts it. It never exits: a process ends
// when nothing keeps it alive, with the exit code the program set.

import { constants } from 'node:os'
import { kindOf } from './connection/read-options.js'
import { closeGrace } from './options/admission.js'
import { Server } from './server/server.js'

/** Options of `shutdownOn`. */
export interface ShutdownOptions {
  /** The signals to listen to. Default: SIGTERM (service managers) and SIGINT (Ctrl-C). */
  signals?: readonly NodeJS.Signals[] | undefined
  /** The grace of the first one's `close`, in milliseconds. */
  grace?: number | undefined
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']
// What the system does to a process without asking it.
const DEAF: readonly string[] = ['SIGKILL', 'SIGSTOP']

/**
 * The first of these signals calls `server.close({ grace })`, a second one `close({ grace: 0 })`. Returns what takes the
 * listeners off again; they go by themselves when the server has closed.
 *
 * @throws TypeError, RangeError for wrong arguments
 * @example
 * const server = await listen(8888)
 * shutdownOn(server, { grace: 5000 })
 * await server.serve(handler)
 */
export function shutdownOn(server: Server, options?: ShutdownOptions): Disposable {
  if (!(server instanceof Server)) throw new TypeError(`server must be a Server, not ${kindOf(server)}`)
  const { signals, grace } = planOf(options)
  let first = true
  const stop = (): void => {
    void server.close(first ? grace : { grace: 0 })
    first = false
  }
  for (const signal of signals) process.on(signal, stop)
  const remove = (): void => {
    for (const signal of signals) process.off(signal, stop)
  }
  void server.closed.then(remove)
  return { [Symbol.dispose]: remove }
}

function planOf(options: unknown): { signals: readonly NodeJS.Signals[]; grace: { grace: number } | undefined } {
  if (options === undefined) return { signals: SIGNALS, grace: undefined }
  if (typeof options !== 'object' || options === null) throw new TypeError(`options must be an object, not ${kindOf(options)}`)
  const { signals = SIGNALS, grace } = options as { signals?: unknown; grace?: unknown }
  if (!Array.isArray(signals)) throw new TypeError(`signals must be an array, not ${kindOf(signals)}`)
  for (const signal of signals) {
    if (typeof signal !== 'string') throw new TypeError(`a signal must be a string, not ${kindOf(signal)}`)
    if (!(signal in constants.signals)) throw new RangeError(`'${signal}' is no signal of this system; use 'SIGTERM', 'SIGINT' …`)
    if (DEAF.includes(signal)) throw new RangeError(`no process hears '${signal}'; use 'SIGTERM', 'SIGINT' …`)
  }
  return { signals: [...new Set(signals)], grace: grace === undefined ? undefined : { grace: closeGrace({ grace }) } }
}
