// The public class Server: an async iterator of connections with events, limits and a drain. Its methods check their
// arguments and call the core, which holds the state.

import type { Address } from '../address.js'
import { type Connection, type Handler, runFor } from '../connection/connection.js'
import { AsyncIteratorBase, DONE } from '../iterator.js'
import { functionOf, signalOf } from '../options/arguments.js'
import type { Endpoint } from '../options/endpoint.js'
import { type AdmissionChanges, type CloseOptions, changedAdmission, closeGrace } from '../options/listen.js'
import { optionsOf } from '../options/own.js'
import type { ServerTlsOptions } from '../options/tls.js'
import { markHandled, rejectHandled } from '../rejections.js'
import { showBy } from '../shown-as.js'
import { addAbortListener, removeAbortListener } from '../signals.js'
import type { Waiter } from './accept-queue.js'
import type { ServerCore } from './core.js'
import { cores } from './cores.js'
import type { DrainResult } from './drain.js'
import { ServerEmitter, type ServerStats } from './events.js'
import { inspectServer } from './inspect.js'

/** An option of `accept` and `serve`. */
export interface SignalOption {
  /** Cancels the call. */
  signal?: AbortSignal | undefined
}

/** Returns the core of a server. Internal to the library. */
export let serverCoreOf: (server: Server) => ServerCore

/**
 * A server: an async iterable of connections, made by `listen`.
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
    const { signal } = core.options
    const cancelled = { fail: () => void this.close() }
    addAbortListener(signal, cancelled)
    this.#unhook = () => removeAbortListener(signal, cancelled)
    void core.closed.then(this.#unhook)
  }

  /** The bound addresses, in the order of the endpoints. Closing does not change them. */
  get addresses(): readonly Address[] {
    return [...this.#core.listeners.addresses]
  }

  /** The port of the first bound TCP endpoint; 0 if there is none. */
  get port(): number {
    return this.#core.listeners.addresses.find(({ family }) => family !== 'unix')?.port ?? 0
  }

  /** The connections that were yielded and have not ended: a live set. */
  get connections(): ReadonlySet<Connection> {
    return this.#core.connections
  }

  /** True once `close` was called or a `signal` has aborted. */
  get draining(): boolean {
    return this.#core.draining
  }

  /**
   * True once `close` was called or a `signal` has aborted, and during the `delay` of `shutdownOn`, in which the server still
   * accepts. A health check reports this, so that a load balancer sends no new clients.
   */
  get stopping(): boolean {
    return this.#core.stopping
  }

  /** Resolves when the last listener and the last connection have closed, after the last `disconnect` event. Never rejects. */
  get closed(): Promise<void> {
    return this.#core.closed
  }

  /** Returns a snapshot of the counters. */
  stats(): ServerStats {
    return this.#core.stats
  }

  /**
   * Yields each connection after its admission and its handshake. Several loops share the connections: each one is yielded
   * once.
   *
   * **Resolves** (`next`) with the next connection; the loop ends, without an error, when the server closes.
   *
   * **Cancelling**: leaving any loop, by `break`, `return` or an exception, stops accepting for good. Connections that were
   * yielded already go on.
   *
   * Do not await in the body: call `connection.run(handler)`, which serves a connection while the loop goes on.
   *
   * @example
   * for await (const connection of server) connection.run(handler)
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Connection> & AsyncDisposable {
    return new ServerIterator(this.#core)
  }

  /**
   * Takes one connection. Unlike leaving a loop, it does not stop the server.
   *
   * **Resolves** with the next connection, or with `null` once the server closes.
   *
   * **Rejects** with `signal.reason` when `signal` aborts, and with TypeError for wrong arguments.
   *
   * **Cancelling** takes no connection: the next one goes to another waiter or stays queued. The rejection may be ignored.
   *
   * @example
   * const connection = await server.accept({ signal: AbortSignal.timeout(5000) })
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
          // A connection that is being handed over is taken: otherwise it would be lost.
          if (!this.#core.removeWaiter(waiter)) return
          markHandled(accepted)
          reject(reason)
        },
      }
      const waiter: Waiter<Connection> = (connection) => {
        removeAbortListener(signal, cancelled)
        resolve(connection)
      }
      addAbortListener(signal, cancelled)
      this.#core.wait(waiter)
    })
    return accepted
  }

  /**
   * Calls `handler` for each connection, concurrently, and closes the connection when the handler settles: a loop with
   * `connection.run`.
   *
   * **Resolves** when the server has closed and every handler that it started has settled. The failure of a handler is a
   * `handlerError` event.
   *
   * **Rejects** with TypeError for wrong arguments.
   *
   * **Cancelling**: aborting `signal` calls `close()`.
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
    else addAbortListener(signal, cancelled)
    await new Promise<void>((resolve) => {
      // The number of running handlers, plus 1 for the loop itself.
      let running = 1
      const settled = (): void => {
        if (--running === 0) resolve()
      }
      const waiter: Waiter<Connection> = (connection) => {
        if (connection === null) return settled()
        running++
        runFor(connection, handler, settled)
        this.#core.wait(waiter)
      }
      this.#core.wait(waiter)
    })
    await this.closed
    removeAbortListener(signal, cancelled)
  }

  /**
   * Binds one more endpoint: a TCP port, or a member of the `endpoints` of `listen`.
   *
   * **Resolves** when the endpoint is bound.
   *
   * **Rejects** as `listen` does, and with DrainingError if the server has stopped listening. The server is unchanged then.
   *
   * @example
   * await server.add({ path: '/run/app.sock' })
   */
  async add(endpoint: Endpoint | number): Promise<void> {
    await this.#core.add(endpoint)
  }

  /**
   * Replaces all of the server's `tls` options for later connections. Endpoints with `tls` options of their own keep them;
   * open connections and handshakes in progress are unaffected.
   *
   * **Resolves** when the next connection gets the new certificate.
   *
   * **Rejects** with InvalidOptionsError if the options do not load, or if the server was opened without `tls`. The server is
   * unchanged then.
   *
   * @example
   * watch('cert.pem', async () => server.setTls({ key: await readFile('key.pem'), cert: await readFile('cert.pem') }))
   */
  async setTls(options: ServerTlsOptions): Promise<void> {
    await this.#core.handshakes.replace(options)
  }

  /**
   * Changes the admission limits. Raising one admits waiting connections immediately; lowering one does not close connections.
   *
   * @throws TypeError, RangeError for wrong limits; none is changed then
   * @example
   * server.setLimits({ maxConnections: 10_000 })
   */
  setLimits(limits: AdmissionChanges): void {
    this.#core.changeLimits(changedAdmission(limits))
  }

  /**
   * Drains the server: stops accepting, ends the loops, resets the connections that were never yielded, and asks the others
   * to finish their current message. Connections that are still open after `grace` milliseconds are aborted.
   *
   * **Resolves** when every connection has ended, with the number that ended within the grace period and the number that was
   * aborted. A later call resolves with the same result; its grace period holds if it ends sooner.
   *
   * **Rejects** with TypeError or RangeError for wrong options.
   *
   * @example
   * const { drained, aborted } = await server.close({ grace: 5000 })
   */
  async close(options?: CloseOptions): Promise<DrainResult> {
    return this.#core.close(closeGrace(options))
  }

  /** Calls `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Makes the listeners keep the process alive again, which is the default. */
  ref(): this {
    this.#core.listeners.reference(true)
    return this
  }

  /** Makes the listeners, and those that are added later, not keep the process alive. */
  unref(): this {
    this.#core.listeners.reference(false)
    return this
  }
}

class ServerIterator extends AsyncIteratorBase<Connection> {
  readonly #core: ServerCore
  #ended = false

  constructor(core: ServerCore) {
    super()
    this.#core = core
  }

  next(): Promise<IteratorResult<Connection>> {
    if (this.#ended) return Promise.resolve(DONE)
    return new Promise((resolve) => {
      this.#core.wait((connection) => resolve(connection === null ? DONE : { value: connection, done: false }))
    })
  }

  protected endIteration(): void {
    // Decision: docs/decisions/leaving-the-loop-stops-the-server.md
    this.#ended = true
    this.#core.stop()
  }
}

function signalOption(options: unknown, method: string): AbortSignal | undefined {
  return signalOf(optionsOf(options, method, ['signal']).signal)
}
