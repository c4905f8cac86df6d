// Limits the bytes that are passed on in one turn of the event loop. libuv reads a socket up to 32 times, 64 KiB each, before it
// reads the next one, and a program answers all messages of a chunk before Node continues. So a peer that pipelines without
// end would delay all others. The time that each large chunk takes is measured. In a turn that is too long, chunks stay in
// their stream, which is paused, and are passed on in the following turns, one connection after the other, in pieces that
// take about `PIECE_MS` milliseconds each, so that the loop polls between two pieces. Small chunks always pass. In short turns
// nothing is held, and the only cost is reading the clock for a large chunk.
// Decision: docs/decisions/large-chunks-wait-for-their-turn.md

import { nextTick, setImmediate as nodesSetImmediate } from '../turn.js'

/** A connection whose bytes can be held back. */
export interface PacedSource {
  /** The most bytes that it passes on at once. Only `ReadTurns` changes it. */
  share: number
  /** Its last chunk took long by the clock. Only `ReadTurns` changes it. */
  slow: boolean
  /** Whether it holds bytes and waits for its turn. */
  readonly holding: boolean
  /**
   * Passes on held bytes, at most `share`, and returns their number. It sets `holding` to false once it holds no more, or is
   * paused or closed: then the number may be 0.
   */
  deliver(): number
}

/** From this size on a chunk is measured and may be held. For smaller ones reading the clock would cost too much. */
export const LARGE_CHUNK = 4096

/** The size of Node's chunks, and the `share` of a connection whose chunks are cheap. */
export const MAX_SHARE: number = 64 * 1024

// A smaller piece would rarely contain a whole message.
const MIN_SHARE = 64
const SHARE_GROWTH = 4
/** The target time of a piece, in milliseconds. The extra turn for each piece costs less than a hundredth of it. */
export const PIECE_MS = 2
/** The length of a turn, in milliseconds, from which on all large chunks are held. Turns of a few milliseconds are usual under load. */
export const TURN_MS = 8

const RESOLVED: Promise<void> = Promise.resolve()
const now: () => number = performance.now.bind(performance)
const cpuUsage: typeof process.cpuUsage = process.cpuUsage.bind(process)
function cpu(): number {
  const { user, system } = cpuUsage()
  return (user + system) / 1000
}

/** The functions that a test may replace. */
export interface TurnHost {
  /** Milliseconds. */
  now(): number
  /** The CPU time of this process, in milliseconds. */
  cpu(): number
  setImmediate(callback: () => void): unknown
}

export class ReadTurns {
  readonly #host: TurnHost
  readonly #waiting: PacedSource[] = []
  /** When the turn began, or its first large chunk came. */
  #turnBegan = Number.NEGATIVE_INFINITY
  /** An immediate is set that marks the end of this turn. */
  #turnEndScheduled = false
  /** `#serve` runs, or is scheduled. */
  #serving = false
  #measured: PacedSource | undefined
  #bytes = 0
  #since = 0
  /** The CPU time at `#since`, and when the turn was marked. */
  #used = 0
  #usedBefore = 0
  /** The time of the next check of the CPU time in this turn; `#long` once the turn has been found long. */
  #askAt = 0
  #long = false

  constructor(host: TurnHost = { now, cpu, setImmediate: nodesSetImmediate }) {
    this.#host = host
  }

  /** True from the moment a chunk is passed on until `settle`, which must be called before the next chunk. */
  get measuring(): boolean {
    return this.#measured !== undefined
  }

  /**
   * Whether `source` may pass on a chunk of so many bytes now. If not, it waits from now on, and must hold the chunk until
   * `deliver` is called.
   */
  admits(source: PacedSource, bytes: number): boolean {
    const at = this.#host.now()
    this.settle(at)
    if (bytes > source.share && source.share < MAX_SHARE) return this.#wait(source)
    if (!this.#turnEndScheduled) {
      // At most one immediate in that time, because each makes the loop poll once more.
      if (at - this.#turnBegan < TURN_MS) return true
      this.#turnEndScheduled = true
      this.#turnBegan = at
      this.#askAt = at + TURN_MS
      this.#long = false
      this.#usedBefore = this.#host.cpu()
      this.#host.setImmediate(this.#endTurn)
    } else if (at >= this.#askAt && this.#isLong(at)) return this.#wait(source)
    this.#measure(source, bytes, at, source.slow ? this.#host.cpu() : 0)
    return true
  }

  // Called as rarely as possible: in a process of several threads the system call takes microseconds.
  #isLong(at: number): boolean {
    if (this.#long) return true
    const remaining = TURN_MS - (this.#host.cpu() - this.#usedBefore)
    this.#long = remaining <= 0
    this.#askAt = at + remaining
    return this.#long
  }

  readonly #endTurn = (): void => {
    this.#turnEndScheduled = false
    const at = this.#host.now()
    this.settle(at)
    this.#turnBegan = at
  }

  #measure(source: PacedSource, bytes: number, at: number, used: number): void {
    this.#measured = source
    this.#bytes = bytes
    this.#since = at
    this.#used = used
  }

  /** The program has processed the last chunk: sets the share of its source to what takes `PIECE_MS` milliseconds. */
  settle(at: number = this.#host.now()): void {
    const source = this.#measured
    if (source === undefined) return
    this.#measured = undefined
    const { slow } = source
    // The clock advances while the system runs other processes. The CPU time is more exact, and costs more to read.
    const cost = slow ? Math.min(at - this.#since, this.#host.cpu() - this.#used) : at - this.#since
    const fits = Math.floor((this.#bytes * PIECE_MS) / cost)
    if (slow) {
      // The program may not have processed a piece that seems cheap, so the share grows in steps.
      source.share = Math.min(Math.max(fits, MIN_SHARE), source.share * SHARE_GROWTH, MAX_SHARE)
      source.slow = source.share < MAX_SHARE
    } else if (fits < this.#bytes) source.slow = true
  }

  #wait(source: PacedSource): false {
    this.#waiting.push(source)
    this.#serveSoon()
    return false
  }

  #serveSoon(): void {
    if (this.#serving) return
    this.#serving = true
    this.#host.setImmediate(this.#serve)
  }

  readonly #serve = (): void => {
    this.#turnBegan = this.#host.now()
    this.#next()
  }

  #next(): void {
    for (let source = this.#waiting.shift(); source !== undefined; source = this.#waiting.shift()) {
      const at = this.#host.now()
      const used = source.slow ? this.#host.cpu() : 0
      const bytes = source.deliver()
      if (source.holding) this.#waiting.push(source)
      if (bytes === 0) continue
      this.#measure(source, bytes, at, used)
      void RESOLVED.then(this.#afterPromises)
      return
    }
    this.#serving = false
  }

  // A tick that is requested by a microtask runs when no microtask is left: the program has processed the piece.
  readonly #afterPromises = (): void => nextTick(this.#served)

  readonly #served = (): void => {
    const at = this.#host.now()
    this.settle(at)
    if (at - this.#turnBegan < PIECE_MS) this.#next()
    else if (this.#waiting.length > 0) this.#host.setImmediate(this.#serve)
    else this.#serving = false
  }
}

/** Shared by all connections of the process. */
export const readTurns: ReadTurns = new ReadTurns()
