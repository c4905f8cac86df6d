// The server as a program sees it: an async iterator of connections that knows how to stop. Every method is a sentence
// over the core.

import type { Address } from '../address.js'
import { type Connection, runFor } from '../connection/connection.js'
import { functionOf, signalOf } from '../connection/reading/read-options.js'
import type { Handler } from '../connection/run.js'
import { AsyncIteratorBase, DONE } from '../iterator.js'
import type { Endpoint } from '../options/endpoint.js'
import { type AdmissionChanges, type CloseOptions, changedAdmission, closeGrace } from '../options/listen.js'
import { optionsOf } from '../options/own.js'
import type { ServerTlsOptions } from '../options/tls.js'
import { markHandled, rejectHandled } from '../rejections.js'
import { showBy } from '../shown-as.js'
import { leaveSignal, waitUnder } from '../signals.js'
import type { Waiter } from './accept-queue.js'
import type { ServerCore } from './core.js'
import type { DrainResult } from './drain.js'
import { ServerEmitter, type ServerStats } from './events.js'
import { inspectServer } from './inspect.js'

/** Cancels what it is given to. */
export interface SignalOption {
  signal?: AbortSignal | undefined
}

/** The insides that servers may be made of: each enters itself. Not `instanceof`, which would load all that a server needs. */
export const cores: WeakSet<object> = new WeakSet()

/** The core of a server, for the rooms of the library. */
export let serverCoreOf: (server: Server) => ServerCore

/**
 * A server: an async iterator of connections.
 *
 * Made by `listen`.
 *
 * @example
 * for await (const connection of server) connection.run(async (connection) => {
 *   await connection.write(await connection.readUntil('\n'))
 * })
 */
export class Server extends ServerEmitter implements AsyncIterable<Connection>, AsyncDisposable {
  readonly #core: ServerCore
  readonly #unhook: () => void

  static {
    serverCoreOf = (server) => server.#core
    showBy(Server.prototype, 'Server', (value, depth, options) => (#core in value ? inspectServer(value.#core, depth, options) : undefined))
  }

  /** @internal */
  constructor(core: ServerCore) {
    if (!cores.has(core)) throw new TypeError('a Server is made by listen(), not by new')
    super()
    this.#core = core
    core.server = this
    const { signal } = core.plan
    const cancelled = { fail: () => void this.close() }
    waitUnder(signal, cancelled)
    this.#unhook = () => leaveSignal(signal, cancelled)
    void core.closed.then(this.#unhook)
  }

  /** What was bound, in order. Unchanged by closing. */
  get addresses(): readonly Address[] {
    return [...this.#core.listeners.addresses]
  }

  /** The first TCP port that was bound, else 0. */
  get port(): number {
    return this.#core.listeners.addresses.find(({ family }) => family !== 'unix')?.port ?? 0
  }

  /** The connections yielded and not over: a live set. */
  get connections(): ReadonlySet<Connection> {
    return this.#core.connections
  }

  /** True once `close` was called, or its `signal` aborted. */
  get draining(): boolean {
    return this.#core.draining
  }

  /**
   * True once `close` was called, or its `signal` aborted; already while `shutdownOn` delays, and the server still accepts:
   * what a health check asks.
   */
  get stopping(): boolean {
    return this.#core.stopping
  }

  /** Resolves when no listener and no connection is left, after the last `disconnect`. */
  get closed(): Promise<void> {
    return this.#core.closed
  }

  /** A snapshot of the counters. */
  stats(): ServerStats {
    return this.#core.stats
  }

  /**
   * Yields each connection once it may be used; ends, without throwing, when the server closes. Several loops share the
   * connections. Leaving any loop stops accepting for good; connections already yielded go on.
   *
   * Do not await in the body: `connection.run(handler)` serves a connection while the loop goes on.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Connection> & AsyncDisposable {
    return new ServerIterator(this.#core)
  }

  /**
   * Resolves with the next connection, or `null` once the server is closed: to take one and stay open.
   *
   * Rejects with `signal.reason` when cancelled, which takes no connection and may be ignored; with TypeError for a wrong
   * argument.
   */
  accept(options?: SignalOption): Promise<Connection | null> {
    let signal: AbortSignal | undefined
    try {
      signal = signalOption(options, 'accept()')
      signal?.throwIfAborted()
    } catch (error) {
      return rejectHandled(error, signal)
    }
    const accepted = new Promise<Connection | null>((resolve, reject) => {
      const cancelled = {
        fail: (reason: unknown) => {
          // One that is just being handed over is taken: it must not be lost.
          if (!this.#core.leave(taker)) return
          markHandled(accepted)
          reject(reason)
        },
      }
      const taker: Waiter<Connection> = (connection) => {
        leaveSignal(signal, cancelled)
        resolve(connection)
      }
      waitUnder(signal, cancelled)
      this.#core.take(taker)
    })
    return accepted
  }

  /**
   * The loop with `connection.run`: calls `handler` for each connection. Resolves when the server has closed and every
   * handler it started has settled. Rejects with TypeError for a wrong argument only. Aborting `signal` is `close()`.
   *
   * @example
   * await server.serve(async (connection) => {
   *   for await (const line of connection.lines()) await connection.write(`${line}\n`)
   * })
   */
  async serve(handler: Handler, options?: SignalOption): Promise<void> {
    functionOf(handler, 'handler')
    const signal = signalOption(options, 'serve()')
    const cancelled = { fail: () => void this.close() }
    if (signal?.aborted) cancelled.fail()
    else waitUnder(signal, cancelled)
    await new Promise<void>((resolve) => {
      // The loop itself, and each handler that it started.
      let running = 1
      const settled = (): void => {
        if (--running === 0) resolve()
      }
      const taker: Waiter<Connection> = (connection) => {
        if (connection === null) return settled()
        running++
        runFor(connection, handler, settled)
        this.#core.take(taker)
      }
      this.#core.take(taker)
    })
    await this.closed
    leaveSignal(signal, cancelled)
  }

  /**
   * Listens in one more place: what `endpoints` of `listen` holds, or a port. Fails as `listen` does, and then leaves the
   * server as it was; a DrainingError if the server has stopped listening.
   */
  async add(endpoint: Endpoint | number): Promise<void> {
    await this.#core.add(endpoint)
  }

  /**
   * Replaces the server's `tls` options whole, for connections to come; endpoints with their own keep them. Resolves once
   * the next connection is shown the new certificate; those that are open, or in their handshake, go on.
   *
   * Rejects with InvalidOptionsError for options that do not load, or on a server without `tls`; nothing has changed then.
   *
   * @example
   * watch('cert.pem', async () => server.setTls({ key: await readFile('key.pem'), cert: await readFile('cert.pem') }))
   */
  async setTls(options: ServerTlsOptions): Promise<void> {
    await this.#core.entries.replace(options)
  }

  /** Changes the limits of who may come in. A raised one lets waiting ones in at once, a lowered one cuts nobody. @throws TypeError, RangeError */
  setLimits(limits: AdmissionChanges): void {
    this.#core.changeLimits(changedAdmission(limits))
  }

  /**
   * Drains: stops accepting, ends the loops, resets what was never yielded, and lets every connection reach the end of
   * its current message; what is left after `grace` milliseconds is aborted. Resolves, when every connection is over, with
   * how many came to their end by themselves and how many were aborted. Called again, it gives the same result, and a
   * grace that ends sooner counts.
   *
   * Rejects with TypeError or RangeError for wrong options only.
   *
   * @example
   * const { drained, aborted } = await server.close({ grace: 5000 })
   */
  async close(options?: CloseOptions): Promise<DrainResult> {
    return this.#core.close(closeGrace(options))
  }

  /** `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The listeners keep the process alive again (the default). */
  ref(): this {
    this.#core.listeners.reference(true)
    return this
  }

  /** The listeners, also those added later, keep no process alive. */
  unref(): this {
    this.#core.listeners.reference(false)
    return this
  }
}

class ServerIterator extends AsyncIteratorBase<Connection> {
  readonly #core: ServerCore
  #left = false

  constructor(core: ServerCore) {
    super()
    this.#core = core
  }

  next(): Promise<IteratorResult<Connection>> {
    if (this.#left) return Promise.resolve(DONE)
    return new Promise((resolve) => {
      this.#core.take((connection) => resolve(connection === null ? DONE : { value: connection, done: false }))
    })
  }

  protected leave(): void {
    this.#left = true
    this.#core.stop()
  }
}

function signalOption(options: unknown, method: string): AbortSignal | undefined {
  return signalOf(optionsOf(options, method, ['signal']).signal)
}
