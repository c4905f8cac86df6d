// Shared by the specs of reading: a carrier that acts synchronously, a clock that is moved by hand, and functions that show
// the result of a read.

import { unixAddress } from '../../../lib/address.js'
import { Connection, coreOf } from '../../../lib/connection/connection.js'
import { ConnectionCore } from '../../../lib/connection/lifecycle.js'
import type { ConnectionOptions } from '../../../lib/index.js'
import { resolveConnectionOptions } from '../../../lib/options/connection.js'
import type { Carrier, CarrierSink } from '../../../lib/transport/carrier.js'
import type { Clock, Timer } from '../../../lib/transport/clock.js'
import { turn } from '../../support/wait.js'

/** A carrier without a peer: a test pushes the bytes that arrive. */
export class FakeCarrier implements Carrier {
  readonly tls: undefined = undefined
  readonly remote = unixAddress()
  readonly local = unixAddress()
  readonly copies = true
  readonly received = 0
  holding = false
  sink!: CarrierSink
  paused = true
  /** How often it was paused and resumed. */
  turned = 0

  attach(sink: CarrierSink): void {
    this.sink = sink
  }
  detach(): void {}
  upgrade(): never {
    throw new Error('nothing is beneath')
  }
  resume(): void {
    this.paused = false
    this.turned++
  }
  pause(): void {
    this.paused = true
    this.turned++
  }
  write(): boolean {
    return true
  }
  writeBatch(): boolean {
    return true
  }
  end(): void {
    process.nextTick(() => this.sink.finished())
  }
  reset(): void {}
  release(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}
  ref(): void {}
  unref(): void {}
}

class HandTimer implements Timer {
  referenced = true
  readonly at: number
  readonly fire: () => void
  readonly #all: Set<HandTimer>

  constructor(all: Set<HandTimer>, at: number, fire: () => void) {
    this.#all = all
    this.at = at
    this.fire = fire
    all.add(this)
  }
  ref(): void {
    this.referenced = true
  }
  unref(): void {
    this.referenced = false
  }
  clear(): void {
    this.#all.delete(this)
  }
}

/** A clock moved by hand, which also counts: what a read costs shows here. */
export class HandClock implements Clock {
  #now = 0
  readonly #timers = new Set<HandTimer>()
  /** Timers that were ever set. */
  made = 0

  now(): number {
    return this.#now
  }
  setTimer(fire: () => void, ms: number): Timer {
    this.made++
    return new HandTimer(this.#timers, this.#now + ms, fire)
  }
  /** Timers that are set, and those of them that would keep a process alive. */
  get set(): number {
    return this.#timers.size
  }
  get alive(): number {
    return [...this.#timers].filter((timer) => timer.referenced).length
  }
  /** Time passes and timers fire; `meanwhile` is what the sockets bring right after them, in the same turn. */
  async pass(ms: number, meanwhile?: () => void): Promise<void> {
    this.#now += ms
    for (const timer of [...this.#timers].sort((a, b) => a.at - b.at)) {
      if (timer.at > this.#now) continue
      timer.clear()
      timer.fire()
    }
    meanwhile?.()
    // The last look takes two.
    await turn()
    await turn()
  }
}

/** A connection with its carrier and clock. */
export interface Wired {
  connection: Connection
  core: ConnectionCore
  carrier: FakeCarrier
  clock: HandClock
  push(data: string | Uint8Array): void
  end(): void
  lose(): void
}

/** Text is Latin-1 here, so that each character is a byte. */
export function wired(options: ConnectionOptions = {}): Wired {
  const carrier = new FakeCarrier()
  const clock = new HandClock()
  const core = new ConnectionCore(carrier, resolveConnectionOptions(options), clock)
  return {
    connection: new Connection(core),
    core,
    carrier,
    clock,
    push: (data) => carrier.sink.data(typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data)),
    end: () => carrier.sink.end(),
    lose: () => carrier.sink.lost(Object.assign(new Error('reset by the test'), { code: 'ECONNRESET' })),
  }
}

/** The result of a read in a form to compare: bytes as Latin-1 text, an item as its value, a batch as `[a|b]`. */
export function shown(value: unknown): unknown {
  if (Array.isArray(value)) return `[${value.map(shown).join('|')}]`
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  if (typeof value === 'object' && value !== null && 'done' in value)
    return value.done ? null : shown((value as IteratorResult<unknown>).value)
  return value
}

/** All unread bytes as Latin-1 text. They stay unread. */
export function unread(connection: Connection): string {
  const { queue } = coreOf(connection).readHalf
  return queue.peek(queue.length).toString('latin1')
}
