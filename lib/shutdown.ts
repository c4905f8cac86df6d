// Ending a process in order: the first signal drains the server, a later one cuts it. It never exits: a process ends when
// nothing keeps it alive, with the exit code the program set. The process has one listener for each signal, which all
// servers share: Node warns of a leak from eleven listeners on.

import { constants } from 'node:os'
import { delayOf } from './connection/reading/read-options.js'
import { kindOf } from './kind-of.js'
import { closeGrace } from './options/listen.js'
import { optionsOf } from './options/own.js'
import type { ServerCore } from './server/core.js'
import { Server, serverCoreOf } from './server/server.js'
import { throwLater } from './throw-later.js'
import type { Timer } from './transport/clock.js'

/** Options of `shutdownOn`. */
export interface ShutdownOptions {
  /** The signals to listen to. Default: SIGTERM (service managers) and SIGINT (Ctrl-C). */
  signals?: readonly NodeJS.Signals[] | undefined
  /** The grace of the first one's `close`, in milliseconds. Default: that of `close`. */
  grace?: number | undefined
  /**
   * How long the server goes on accepting after the first signal, in milliseconds, with `server.stopping` true: the time
   * that a load balancer takes to notice. Default: 0.
   */
  delay?: number | undefined
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']
// What the system does to a process without asking it.
const DEAF: readonly string[] = ['SIGKILL', 'SIGSTOP']
// A runner (tsx, nodemon, pnpm …) passes on the Ctrl-C that the terminal has given to the server already: two or three
// signals within milliseconds are one. A person who presses it again takes longer.
const ONE_SIGNAL = 500

/**
 * The first of these signals calls `server.close({ grace })`, after `delay`; a second one, more than half a second later,
 * `close({ grace: 0 })`. During a delay the second one ends the delay, and a third one cuts. Signals that follow within
 * half a second count as one. It never exits the process.
 *
 * Returns a Disposable that removes the signal listeners. They are also removed when the server has closed. However many
 * servers there are, the process has one listener for each signal.
 *
 * @throws TypeError, RangeError for wrong arguments
 * @example
 * const server = await listen(8888)
 * shutdownOn(server, { grace: 5000 })
 * await server.serve(handler)
 */
export function shutdownOn(server: Server, options?: ShutdownOptions): Disposable {
  if (!(server instanceof Server)) throw new TypeError(`server must be a Server, not ${kindOf(server)}`)
  const { signals, grace, delay } = planOf(options)
  const shutdown = new Shutdown(server, grace, delay)
  const remove = (): void => {
    for (const signal of signals) leave(signal, shutdown)
  }
  try {
    for (const signal of signals) join(signal, shutdown)
  } catch (error) {
    // A signal that this system does not let a process listen to.
    remove()
    throw error
  }
  void server.closed.then(remove)
  return { [Symbol.dispose]: remove }
}

/** What the signals do to one server. */
class Shutdown {
  readonly #server: Server
  readonly #core: ServerCore
  readonly #grace: { grace: number } | undefined
  readonly #delay: number
  #heard = Number.NEGATIVE_INFINITY
  /** It goes on accepting. */
  #delaying = false
  #timer: Timer | undefined
  #closing = false

  constructor(server: Server, grace: { grace: number } | undefined, delay: number) {
    this.#server = server
    this.#core = serverCoreOf(server)
    this.#grace = grace
    this.#delay = delay
  }

  /** A signal has come. */
  hear(): void {
    const { clock } = this.#core
    const now = clock.now()
    if (now - this.#heard <= ONE_SIGNAL) return
    this.#heard = now
    if (this.#closing) void this.#server.close({ grace: 0 })
    else if (this.#delay === 0 || this.#delaying) this.#close()
    else {
      this.#core.stopSoon()
      this.#delaying = true
      if (this.#delay === Number.POSITIVE_INFINITY) return
      this.#timer = clock.setTimer(() => this.#close(), this.#delay)
      // What keeps the process alive is the server, if it does.
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

interface Listening {
  readonly shutdowns: Set<Shutdown>
  readonly listener: () => void
}

const listening = new Map<NodeJS.Signals, Listening>()

function join(signal: NodeJS.Signals, shutdown: Shutdown): void {
  const shared = listening.get(signal)
  if (shared !== undefined) {
    shared.shutdowns.add(shutdown)
    return
  }
  const shutdowns = new Set([shutdown])
  const listener = (): void => {
    for (const each of shutdowns) {
      try {
        each.hear()
      } catch (error) {
        // A `close` that the program has put in place of ours: the other servers hear the signal all the same.
        throwLater(error)
      }
    }
  }
  process.on(signal, listener)
  listening.set(signal, { shutdowns, listener })
}

function leave(signal: NodeJS.Signals, shutdown: Shutdown): void {
  const shared = listening.get(signal)
  if (shared === undefined || !shared.shutdowns.delete(shutdown) || shared.shutdowns.size > 0) return
  listening.delete(signal)
  process.off(signal, shared.listener)
}

// --- options ---------------------------------------------------------------------------------------------------------

interface Plan {
  signals: readonly NodeJS.Signals[]
  grace: { grace: number } | undefined
  delay: number
}

function planOf(options: unknown): Plan {
  const { signals = SIGNALS, grace, delay = 0 } = optionsOf<keyof ShutdownOptions>(options, 'shutdownOn()', ['signals', 'grace', 'delay'])
  if (!Array.isArray(signals)) throw new TypeError(`signals must be an array, not ${kindOf(signals)}`)
  const chosen = new Set<NodeJS.Signals>()
  for (const signal of signals as readonly unknown[]) {
    if (typeof signal !== 'string') throw new TypeError(`a signal must be a string, not ${kindOf(signal)}`)
    if (!Object.hasOwn(constants.signals, signal))
      throw new RangeError(`'${signal}' is no signal of this system; use 'SIGTERM', 'SIGINT' …`)
    if (DEAF.includes(signal)) throw new RangeError(`no process hears '${signal}'; use 'SIGTERM', 'SIGINT' …`)
    chosen.add(signal as NodeJS.Signals)
  }
  return {
    signals: [...chosen],
    grace: grace === undefined ? undefined : { grace: closeGrace({ grace }) },
    delay: delayOf(delay, 'delay'),
  }
}
