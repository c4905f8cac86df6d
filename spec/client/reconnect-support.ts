// A loop of `reconnect` whose attempts a test answers, on a manual clock, and a count of what the loop holds open.

import { getEventListeners } from 'node:events'
import type { Test } from 'tap'
import type { Dialer } from '../../lib/client/connecting.js'
import { ReconnectIterator } from '../../lib/client/reconnect-iterator.js'
import { ConnectionCore } from '../../lib/connection/lifecycle.js'
import { Connection, type ReconnectFailure, type ReconnectOptions, type ReconnectTarget } from '../../lib/index.js'
import { defaultConnectionOptions } from '../../lib/options/connection.js'
import { resolveReconnectOptions } from '../../lib/options/reconnect.js'
import { type ManualClock, manualClock } from '../../lib/testing/index.js'
import type { Carrier } from '../../lib/transport/carrier.js'
import type { Timer } from '../../lib/transport/clock.js'
import { memoryPair } from '../../lib/transport/memory/carrier.js'
import { countTimers } from '../support/counting-clock.js'
import { turns } from '../support/wait.js'
import { Held } from './support.js'

type Target = ReconnectTarget | (() => ReconnectTarget | PromiseLike<ReconnectTarget>)

/** An attempt that a test answers. A cut resets what has come of it, as that of a socket does. */
class Answered extends Held<Carrier> {
  carrier: Carrier | undefined
  isAnswered = false

  override cut(): void {
    super.cut()
    this.carrier?.reset()
  }
}

/** Why an attempt fails. */
export function refused(text = 'ECONNREFUSED'): Error {
  return Object.assign(new Error(text), { code: text })
}

export class Loop {
  readonly clock: ManualClock
  readonly timers: Set<Timer>
  readonly dialled: Answered[] = []
  /** The calls of `onFailure`. */
  readonly failures: { error: Error; failure: ReconnectFailure }[] = []
  readonly controller = new AbortController()
  readonly iterator: ReconnectIterator
  /** The connections that the loop has yielded. */
  readonly clients: Connection[] = []
  /** The server's end of each attempt that was answered. */
  readonly servers: Connection[] = []

  constructor(t: Test | undefined, settings: ReconnectOptions = {}, target: Target = { path: '/run/server' }) {
    const clock = manualClock()
    const { dialled, failures } = this
    const { signal } = this.controller
    this.clock = clock
    this.timers = countTimers(clock)
    const onFailure = (error: Error, failure: ReconnectFailure): void => void failures.push({ error, failure })
    const dialer: Dialer = {
      clock,
      lookup: async () => [{ address: '127.0.0.1', family: 4 }],
      dial() {
        const attempt = new Answered()
        dialled.push(attempt)
        return attempt
      },
    }
    this.iterator = new ReconnectIterator(resolveReconnectOptions(target, { signal, onFailure, clock, ...settings }), dialer)
    t?.teardown(() => this.leave())
  }

  next(): Promise<IteratorResult<Connection>> {
    const next = this.iterator.next()
    next.catch(() => {})
    return next
  }

  /** The last attempt. */
  get attempt(): Answered {
    return this.dialled.at(-1) as Answered
  }

  /** Resolves when the loop has begun its attempt with this number, from 1 on. */
  async attempting(count: number): Promise<void> {
    for (let n = 0; n < 50 && this.dialled.length < count; n++) await turns(1)
    if (this.dialled.length !== count) throw new Error(`${this.dialled.length} attempts, not ${count}`)
  }

  /** Resolves when an attempt is under way. */
  async #underWay(): Promise<void> {
    if (this.dialled.length === 0 || this.attempt.isAnswered) await this.attempting(this.dialled.length + 1)
  }

  /** Lets the attempt that is under way fail, and resolves when the loop waits. */
  async fail(error: Error = refused()): Promise<void> {
    await this.#underWay()
    this.attempt.isAnswered = true
    this.attempt.reject(error)
    await turns()
  }

  /** Lets the attempt that is under way succeed. Returns the server's end, which ends after the client's unless it is `silent`. */
  answer(silent = false): Connection {
    const none = Number.POSITIVE_INFINITY
    const faults = { resetAfter: none, stallAfter: none, endAfter: none }
    const [near, far] = memoryPair({ maxChunk: none, latency: 0, highWaterMark: 1024, faults, clock: this.clock })
    const server = new Connection(new ConnectionCore(far, defaultConnectionOptions, this.clock))
    if (!silent) void server.run(async (connection) => void (await connection.readToEnd())).catch(() => {})
    this.attempt.carrier = near
    this.attempt.isAnswered = true
    this.attempt.resolve(near)
    this.servers.push(server)
    return server
  }

  /** The connection of the next step, and the server's end of it. `next` is a call of `next` that is pending. */
  async connected(next = this.next(), silent = false): Promise<{ near: Connection; far: Connection }> {
    await this.#underWay()
    const far = this.answer(silent)
    const { value: near } = (await next) as IteratorYieldResult<Connection>
    this.clients.push(near)
    return { near, far }
  }

  /** Ends everything, for a test that has failed. */
  leave(): void {
    void this.iterator.return()
    for (const connection of [...this.clients, ...this.servers]) connection.abort()
  }

  /** What the loop holds open: timers of its clock, listeners of its signal, and connections. */
  async held(): Promise<{ timers: number; listeners: number; connections: number }> {
    await turns(10)
    const open = new Set([...this.clients, ...this.servers])
    for (const connection of open) void connection.closed.then(() => open.delete(connection))
    await turns(1)
    return {
      timers: this.timers.size,
      listeners: getEventListeners(this.controller.signal, 'abort').length,
      connections: open.size,
    }
  }
}

export const nothing: Awaited<ReturnType<Loop['held']>> = { timers: 0, listeners: 0, connections: 0 }
export const DONE = { value: undefined, done: true } as const
