// What the specs of reading share: a carrier that does what it is told in the very moment, a clock of the same kind, and
// every kind of read once, so that a rule which holds for all of them is tried on all of them.

import { Connection } from '../../lib/connection/connection.js'
import { ConnectionCore } from '../../lib/connection/core.js'
import type { ConnectionOptions, ReadOptions, Reader } from '../../lib/index.js'
import { unixAddress } from '../../lib/address.js'
import { connectionSettings } from '../../lib/options/connection.js'
import type { Carrier, CarrierSink } from '../../lib/transport/carrier.js'
import type { Clock, Timer } from '../../lib/transport/clock.js'
import { turn } from '../support/wait.js'

/** Carries nothing by itself: a test pushes what arrives, and it has arrived. */
export class FakeCarrier implements Carrier {
  readonly remote = unixAddress()
  readonly local = unixAddress()
  readonly copies = true
  sink!: CarrierSink
  paused = true
  /** How often it was paused and resumed. */
  turned = 0

  attach(sink: CarrierSink): void {
    this.sink = sink
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
    await turn()
  }
}

/** A connection in the hand. */
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
  const core = new ConnectionCore(carrier, connectionSettings(options), clock)
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

/** A kind of read, and bytes that show what it does. */
export interface Kind {
  readonly name: string
  /** As `waiting` says it. */
  readonly operation: string
  start(reader: Reader, options?: ReadOptions): Promise<unknown>
  /** What leaves it waiting, and what then satisfies it, with one byte to spare. */
  readonly some: string
  readonly rest: string
  /** What it resolves with, as `shown`. */
  readonly value: unknown
  /** Takes this many of those bytes. */
  readonly taken: number
  /** Waits for the end of the stream, not for bytes. */
  readonly toEnd?: true
  /** What it has dropped stays dropped when it fails. */
  readonly drops?: true
  /** The end of the stream is an answer, not a failure. */
  readonly endIsFine?: true
}

const four = { some: 'ab', rest: 'cd!', value: 'abcd', taken: 4 }
const line = { some: 'ab', rest: 'c\n!', value: 'abc\n', taken: 4 }

export const kinds: readonly Kind[] = [
  { name: 'readUntil', operation: "readUntil('\\n')", start: (reader, options) => reader.readUntil('\n', options), ...line },
  { name: 'readUntil, of several', operation: "readUntil(['\\n', ';;'])", start: (reader, options) => reader.readUntil(['\n', ';;'], options), ...line },
  { name: 'readLine', operation: 'readLine()', start: (reader, options) => reader.readLine(options), ...line, value: 'abc' },
  { name: 'readExactly', operation: 'readExactly(4)', start: (reader, options) => reader.readExactly(4, options), ...four },
  { name: 'readInto', operation: 'readInto(<4 bytes>)', start: (reader, options) => reader.readInto(new Uint8Array(4), options), ...four, value: 4 },
  { name: 'read', operation: 'read()', start: (reader, options) => reader.read({ ...options, encoding: 'utf8' }), some: '\xe2\x82', rest: '\xac!', value: '€!', taken: 4, endIsFine: true },
  { name: 'readToEnd', operation: 'readToEnd()', start: (reader, options) => reader.readToEnd(options), some: 'ab', rest: 'cd', value: 'abcd', taken: 4, toEnd: true, endIsFine: true },
  { name: 'readUntilMatch', operation: 'readUntilMatch(/c\\n/)', start: (reader, options) => reader.readUntilMatch(/c\n/, options), ...line },
  { name: 'peek', operation: 'peek(4)', start: (reader, options) => reader.peek(4, options), ...four, taken: 0 },
  { name: 'skip', operation: 'skip(4)', start: (reader, options) => reader.skip(4, options), ...four, value: 4, drops: true },
  { name: 'skipUntil', operation: "skipUntil('\\n')", start: (reader, options) => reader.skipUntil('\n', options), ...line, value: 4, drops: true },
  { name: 'lines', operation: 'lines()', start: (reader, options) => reader.lines(options).next(), ...line, value: 'abc', endIsFine: true },
  { name: 'chunks', operation: 'chunks()', start: (reader, options) => reader.chunks(undefined, options).next(), some: '', rest: 'abcd', value: 'abcd', taken: 4, endIsFine: true },
  { name: 'chunks(n)', operation: 'chunks()', start: (reader, options) => reader.chunks(4, options).next(), some: '', rest: 'abcd!', value: 'abcd', taken: 4 },
]

/** A message of two reads beside them, for rules that hold for it too. */
export const messageKind = {
  name: 'readMessage',
  operation: 'readMessage()',
  start: (connection: Connection, options?: ReadOptions): Promise<unknown> =>
    connection.readMessage(async (reader) => `${await reader.readLine()}+${await reader.readExactly(2, 'latin1')}`, options),
  some: 'a\nb',
  rest: 'c!',
  value: 'a+bc',
  taken: 4,
} as const

/** All of them, each asked of a connection. */
export const connectionKinds: readonly (Omit<Kind, 'start'> & { start(connection: Connection, options?: ReadOptions): Promise<unknown> })[] = [
  ...kinds,
  messageKind,
]

/** What a read gave, as something to compare: bytes as Latin-1 text, an item as its value. */
export function shown(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  if (typeof value === 'object' && value !== null && 'done' in value) return value.done ? null : shown((value as IteratorResult<unknown>).value)
  return value
}

/** All bytes that are there, as Latin-1 text; none is an empty text. */
export function rest(connection: Connection): string {
  return (connection.tryReadExactly(connection.buffered) as Buffer).toString('latin1')
}
