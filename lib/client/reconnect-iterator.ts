// One loop over the connections of `reconnect`. Each `next` is one step: it closes the connection that the loop's body had, waits, and
// attempts to connect until there is a connection. The loop ends when it is left, when its signal aborts, or with an error; then the
// pending calls settle at once, and what a step still does in the background comes to nothing.
//
//   idle ──next──▶ closing the last connection ──▶ attempting ⇄ waiting ──a connection──▶ idle, in the body
//     └──────┴─ leave, signal, error ─▶ ended
// Decision: docs/decisions/reconnecting-is-a-loop.md

import type { Connection } from '../connection/connection.js'
import { InvalidOptionsError } from '../errors.js'
import { AsyncIteratorBase, DONE } from '../iterator.js'
import type { ResolvedConnectOptions } from '../options/connect.js'
import type { ResolvedReconnectOptions } from '../options/reconnect.js'
import { type AbortListener, addAbortListener, removeAbortListener } from '../signals.js'
import type { Clock, Timer } from '../transport/clock.js'
import { BackOff } from './back-off.js'
import { type Dialer, open } from './connecting.js'

export class ReconnectIterator extends AsyncIteratorBase<Connection> {
  readonly #options: ResolvedReconnectOptions
  readonly #dialer: Dialer
  readonly #backOff: BackOff
  /** Aborts when the loop ends, and cancels the attempt that is under way. */
  readonly #end = new AbortController()
  readonly #caller: AbortListener = { fail: () => this.endIteration() }
  /** Resolves the pending calls of `next` with `done`. */
  readonly #pending = new Set<() => void>()
  /** Settles with the step of the last `next`; never rejects. */
  #last: Promise<void> = Promise.resolve()
  #begun = false
  /** Attempts that have failed since the last connection. */
  #failures = 0
  #current: CurrentConnection | undefined
  #timer: Timer | undefined

  constructor(options: ResolvedReconnectOptions, dialer: Dialer) {
    super()
    this.#options = options
    this.#dialer = dialer
    this.#backOff = new BackOff(options)
  }

  next(): Promise<IteratorResult<Connection>> {
    if (!this.#begun) this.#begin()
    if (this.#end.signal.aborted) return Promise.resolve(DONE)
    return new Promise((resolve, reject) => {
      const done = (): void => resolve(DONE)
      this.#pending.add(done)
      const connected = (value: Connection): void => {
        this.#pending.delete(done)
        resolve({ value, done: false })
      }
      const failed = (error: unknown): void => {
        this.#pending.delete(done)
        this.endIteration()
        // Without effect if the loop had ended before.
        reject(error)
      }
      // One step at a time, in the order of the calls, as an async generator does.
      this.#last = this.#last.then(() => this.#step()).then(connected, failed)
    })
  }

  #begin(): void {
    this.#begun = true
    const { signal } = this.#options
    if (signal?.aborted) this.endIteration()
    // `return` may have been called first.
    else if (!this.#end.signal.aborted) addAbortListener(signal, this.#caller)
  }

  protected endIteration(): void {
    if (this.#end.signal.aborted) return
    this.#end.abort()
    removeAbortListener(this.#options.signal, this.#caller)
    this.#timer?.clear()
    this.#current?.release()
    for (const done of this.#pending) done()
    this.#pending.clear()
  }

  async #step(): Promise<Connection> {
    await this.#endBody()
    for (;;) {
      this.#end.signal.throwIfAborted()
      const options = await this.#options.target()
      this.#end.signal.throwIfAborted()
      const connection = await this.#attempt(options)
      if (connection !== undefined) return connection
    }
  }

  /** Closes the connection that the last step resolved with. A short one is followed by a delay. */
  async #endBody(): Promise<void> {
    const last = this.#current
    if (last === undefined) return
    await last.connection.close()
    this.#end.signal.throwIfAborted()
    this.#current = undefined
    if (last.isLasting) this.#backOff.reset()
    else await this.#wait(this.#backOff.failed())
  }

  /** Connects. After a failure it waits, and resolves with undefined. */
  async #attempt(options: ResolvedConnectOptions): Promise<Connection | undefined> {
    const { signal } = this.#end
    try {
      const connection = await open({ ...options, signal }, this.#dialer)
      this.#current = new CurrentConnection(connection, this.#options.resetAfter, this.#dialer.clock)
      this.#failures = 0
      // The loop may have ended in this very turn.
      if (signal.aborted) this.#current.release()
      return connection
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof InvalidOptionsError) throw error
      await this.#failed(error as Error)
      return undefined
    }
  }

  async #failed(error: Error): Promise<void> {
    const { maxAttempts, onFailure } = this.#options
    const attempt = ++this.#failures
    if (attempt >= maxAttempts) {
      await onFailure?.(error, { attempt })
      throw error
    }
    const delay = this.#backOff.failed()
    await onFailure?.(error, { attempt, delay })
    this.#end.signal.throwIfAborted()
    await this.#wait(delay)
  }

  /** Resolves after the delay. If the loop ends in it, it never settles. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.#dialer.clock.setTimer(resolve, ms)
    })
  }
}

/** The connection of the loop's body. */
class CurrentConnection {
  readonly connection: Connection
  readonly #resetAfter: number
  readonly #timer: Timer | undefined
  #expired = false

  constructor(connection: Connection, resetAfter: number, clock: Clock) {
    this.connection = connection
    this.#resetAfter = resetAfter
    // A timer, since `clock.now` does not follow the time of fake timers.
    if (resetAfter === 0 || resetAfter === Number.POSITIVE_INFINITY) return
    const timer = clock.setTimer(() => {
      this.#expired = true
    }, resetAfter)
    // The connection keeps the process alive, unless the program has called its `unref`.
    timer.unref()
    this.#timer = timer
    void connection.closed.then(() => timer.clear())
  }

  /** Whether it has lived for `resetAfter`. */
  get isLasting(): boolean {
    return this.#expired || this.#resetAfter === 0
  }

  /** Closes it, without waiting for that. */
  release(): void {
    this.#timer?.clear()
    void this.connection.close()
  }
}
