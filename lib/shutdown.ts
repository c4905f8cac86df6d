// `shutdownOn`: the first signal drains a server, a later one aborts its connections. It never calls `process.exit`: a process
// ends when nothing keeps it alive, with the exit code that the program set. All servers share one listener for each signal,
// since Node warns of a leak from eleven listeners on.
// Decision: docs/decisions/shutting-down-does-not-exit.md

import { os } from './builtins.js'
import { kindOf } from './kind-of.js'
import { delayOf } from './options/arguments.js'
import { closeGrace } from './options/listen.js'
import { optionsOf } from './options/own.js'
import type { ServerCore } from './server/core.js'
import { Server, serverCoreOf } from './server/server.js'
import { throwLater } from './throw-later.js'
import type { Timer } from './transport/clock.js'

/** Options of `shutdownOn`. */
export interface ShutdownOptions {
  /** The signals to listen for. Default: SIGTERM (service managers) and SIGINT (Ctrl-C). */
  signals?: readonly NodeJS.Signals[] | undefined
  /** The `grace` of the first signal's `close`, in milliseconds. Default: that of `close`. */
  grace?: number | undefined
  /**
   * How long the server keeps accepting after the first signal, in milliseconds, while `server.stopping` is true: the time
   * that a load balancer needs to notice. Default: 0.
   */
  delay?: number | undefined
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']
// The signals that a process cannot catch.
const UNCATCHABLE: readonly string[] = ['SIGKILL', 'SIGSTOP']
// In milliseconds. A runner (tsx, nodemon, pnpm …) forwards the Ctrl-C that the terminal has sent to the server already: two or
// three signals within milliseconds count as one. A person who presses it again takes longer.
// Decision: docs/decisions/two-signals-at-once-are-one.md
const DEBOUNCE = 500

/**
 * Closes a server when the process receives a signal. The first signal calls `server.close({ grace })`, after `delay`; the next
 * one, more than half a second later, calls `server.close({ grace: 0 })`. During a delay the second signal ends the delay,
 * and the third aborts the connections. Signals within half a second count as one. The process is never exited: it ends
 * when nothing keeps it alive.
 *
 * Returns a Disposable that removes the signal listeners. They are also removed when the server has closed. Any number of
 * servers share one listener for each signal.
 *
 * @throws TypeError, RangeError for wrong arguments
 * @example
 * const server = await listen(8888)
 * shutdownOn(server, { grace: 5000 })
 * await server.serve(handler)
 */
export function shutdownOn(server: Server, options?: ShutdownOptions): Disposable {
  if (!(server instanceof Server)) throw new TypeError(`server must be a Server, not ${kindOf(server)}`)
  const { signals, grace, delay } = resolveOptions(options)
  const shutdown = new Shutdown(server, grace, delay)
  const remove = (): void => {
    for (const signal of signals) removeShutdown(signal, shutdown)
  }
  try {
    for (const signal of signals) addShutdown(signal, shutdown)
  } catch (error) {
    // Thrown for a signal that this system does not let a process catch.
    remove()
    throw error
  }
  void server.closed.then(remove)
  return { [Symbol.dispose]: remove }
}

/** The shutdown of one server: counts the signals and closes the server. */
class Shutdown {
  readonly #server: Server
  readonly #core: ServerCore
  readonly #grace: { grace: number } | undefined
  readonly #delay: number
  #lastSignalAt = Number.NEGATIVE_INFINITY
  /** The delay is running: the server still accepts. */
  #delaying = false
  #timer: Timer | undefined
  #closing = false

  constructor(server: Server, grace: { grace: number } | undefined, delay: number) {
    this.#server = server
    this.#core = serverCoreOf(server)
    this.#grace = grace
    this.#delay = delay
  }

  /** The process received a signal. */
  onSignal(): void {
    const { clock } = this.#core
    const now = clock.now()
    if (now - this.#lastSignalAt <= DEBOUNCE) return
    this.#lastSignalAt = now
    if (this.#closing) void this.#server.close({ grace: 0 })
    else if (this.#delay === 0 || this.#delaying) this.#close()
    else {
      this.#core.stopSoon()
      this.#delaying = true
      if (this.#delay === Number.POSITIVE_INFINITY) return
      this.#timer = clock.setTimer(() => this.#close(), this.#delay)
      // The server keeps the process alive, unless the program has called `server.unref()`.
      this.#timer.unref()
    }
  }

  #close(): void {
    this.#closing = true
    this.#timer?.clear()
    void this.#server.close(this.#grace)
  }
}

// --- the listeners of the process ------------------------------------------------------------------------------------

interface SharedListener {
  readonly shutdowns: Set<Shutdown>
  readonly listener: () => void
}

const listeners = new Map<NodeJS.Signals, SharedListener>()

function addShutdown(signal: NodeJS.Signals, shutdown: Shutdown): void {
  const shared = listeners.get(signal)
  if (shared !== undefined) {
    shared.shutdowns.add(shutdown)
    return
  }
  const shutdowns = new Set([shutdown])
  const listener = (): void => {
    for (const each of shutdowns) {
      try {
        each.onSignal()
      } catch (error) {
        // A program may have replaced `close`. An exception in it does not keep the other servers from closing.
        throwLater(error)
      }
    }
  }
  process.on(signal, listener)
  listeners.set(signal, { shutdowns, listener })
}

function removeShutdown(signal: NodeJS.Signals, shutdown: Shutdown): void {
  const shared = listeners.get(signal)
  if (shared === undefined || !shared.shutdowns.delete(shutdown) || shared.shutdowns.size > 0) return
  listeners.delete(signal)
  process.off(signal, shared.listener)
}

// --- options ---------------------------------------------------------------------------------------------------------

interface ResolvedShutdownOptions {
  signals: readonly NodeJS.Signals[]
  grace: { grace: number } | undefined
  delay: number
}

function resolveOptions(options: unknown): ResolvedShutdownOptions {
  const { signals = SIGNALS, grace, delay = 0 } = optionsOf<keyof ShutdownOptions>(options, 'shutdownOn()', ['signals', 'grace', 'delay'])
  if (!Array.isArray(signals)) throw new TypeError(`signals must be an array, not ${kindOf(signals)}`)
  const chosen = new Set<NodeJS.Signals>()
  for (const signal of signals as readonly unknown[]) {
    if (typeof signal !== 'string') throw new TypeError(`a signal must be a string, not ${kindOf(signal)}`)
    if (!Object.hasOwn(os().constants.signals, signal))
      throw new RangeError(`'${signal}' is no signal of this system; use 'SIGTERM', 'SIGINT' …`)
    if (UNCATCHABLE.includes(signal)) throw new RangeError(`no process hears '${signal}'; use 'SIGTERM', 'SIGINT' …`)
    chosen.add(signal as NodeJS.Signals)
  }
  return {
    signals: [...chosen],
    grace: grace === undefined ? undefined : { grace: closeGrace({ grace }) },
    delay: delayOf(delay, 'delay'),
  }
}
