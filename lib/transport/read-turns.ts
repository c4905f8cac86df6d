// How much is handed on in one turn of the event loop. libuv reads a socket up to 32 times, 64 KiB each, before it looks
// at the next one, and a program answers all messages of a chunk before Node goes on. So a peer that pipelines without
// end would make all others wait. Here the time that each large chunk takes is measured, and beyond a millisecond in a
// turn chunks stay in their stream, which is paused; they are handed on in the turns that follow, one connection after
// the other, in pieces that take about a millisecond each, so that the loop polls between any two of them. Small chunks
// always pass. Where a turn is short nothing is held, and all that is paid is a look at the clock for a large chunk.

import { nextTick, setImmediate as nodesSetImmediate } from '../turn.js'

/** A connection whose bytes can be held back. */
export interface PacedSource {
  /** The most bytes that it hands on at once. Only `ReadTurns` changes it. */
  share: number
  /** It took long, as far as the clock can say. Only `ReadTurns` changes it. */
  suspect: boolean
  /** Whether it holds bytes, and waits for its turn. */
  readonly holding: boolean
  /**
   * Hands on held bytes, at most `share`, and returns how many. It ends `holding` once it holds no more, or is paused or
   * closed: then it may be 0.
   */
  handOn(): number
}

/** From this size on a chunk is measured, and may be held. Below it the look at the clock would be felt. */
export const LARGE = 4096

/** A chunk of Node's, and the `share` of a connection whose chunks are cheap. */
export const MOST: number = 64 * 1024

// A smaller piece would hold hardly a message.
const LEAST = 64
const GROW = 4
/** What a piece is to take, in milliseconds: a turn more for each costs less than a hundredth of that. */
export const PIECE = 2
/** How long a turn is, in milliseconds, until large chunks are held whatever they take: a turn of a few is usual under load. */
export const TURN = 4

const RESOLVED: Promise<void> = Promise.resolve()
const now: () => number = performance.now.bind(performance)
const cpuUsage: typeof process.cpuUsage = process.cpuUsage.bind(process)
function cpu(): number {
  const { user, system } = cpuUsage()
  return (user + system) / 1000
}

/** What a test may replace. */
export interface TurnHost {
  /** Milliseconds. */
  now(): number
  /** Milliseconds for which this process has run. */
  cpu(): number
  setImmediate(callback: () => void): unknown
}

export class ReadTurns {
  readonly #host: TurnHost
  readonly #waiting: PacedSource[] = []
  /** When the turn began, or was first looked at. */
  #began = Number.NEGATIVE_INFINITY
  /** An immediate marks the end of this turn. */
  #marked = false
  /** `#serve` runs, or will run. */
  #serving = false
  #measured: PacedSource | undefined
  #bytes = 0
  #since = 0
  /** What the process had used then, and when the turn was marked. */
  #used = 0
  #usedBefore = 0
  /** When in this turn the process is next asked how long it has run; `#long` once it has run long. */
  #askAt = 0
  #long = false

  constructor(host: TurnHost = { now, cpu, setImmediate: nodesSetImmediate }) {
    this.#host = host
  }

  /** True from the moment a chunk was handed on until `settle`, which is to be called before anything else is handed on. */
  get measuring(): boolean {
    return this.#measured !== undefined
  }

  /**
   * Whether `source` may hand on a chunk of so many bytes now. If not it waits from now on, and has to hold the chunk until
   * `handOn` is called.
   */
  admits(source: PacedSource, bytes: number): boolean {
    const at = this.#host.now()
    this.settle(at)
    if (bytes > source.share && source.share < MOST) return this.#wait(source)
    if (!this.#marked) {
      // So at most one immediate in that time: each of them makes the loop poll once more.
      if (at - this.#began < TURN) return true
      this.#marked = true
      this.#began = at
      this.#askAt = at + TURN
      this.#long = false
      this.#usedBefore = this.#host.cpu()
      this.#host.setImmediate(this.#turned)
    } else if (at >= this.#askAt && this.#isLong(at)) return this.#wait(source)
    this.#measure(source, bytes, at, source.suspect ? this.#host.cpu() : 0)
    return true
  }

  // The system is asked as seldom as can be: for a process of several threads it takes microseconds.
  #isLong(at: number): boolean {
    if (this.#long) return true
    const left = TURN - (this.#host.cpu() - this.#usedBefore)
    this.#long = left <= 0
    this.#askAt = at + left
    return this.#long
  }

  readonly #turned = (): void => {
    this.#marked = false
    const at = this.#host.now()
    this.settle(at)
    this.#began = at
  }

  #measure(source: PacedSource, bytes: number, at: number, used: number): void {
    this.#measured = source
    this.#bytes = bytes
    this.#since = at
    this.#used = used
  }

  /** What was handed on last has been worked on: its share becomes what takes a turn's time. */
  settle(at: number = this.#host.now()): void {
    const source = this.#measured
    if (source === undefined) return
    this.#measured = undefined
    const { suspect } = source
    // The clock goes on while the system runs another process. What the process has used says more, and takes longer to ask.
    const cost = suspect ? Math.min(at - this.#since, this.#host.cpu() - this.#used) : at - this.#since
    const fits = Math.floor((this.#bytes * PIECE) / cost)
    if (suspect) {
      // A cheap piece may be one that the program has not worked on yet, so the share grows in steps.
      source.share = Math.min(Math.max(fits, LEAST), source.share * GROW, MOST)
      source.suspect = source.share < MOST
    } else if (fits < this.#bytes) source.suspect = true
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
    this.#began = this.#host.now()
    this.#next()
  }

  #next(): void {
    for (let source = this.#waiting.shift(); source !== undefined; source = this.#waiting.shift()) {
      const at = this.#host.now()
      const used = source.suspect ? this.#host.cpu() : 0
      const bytes = source.handOn()
      if (source.holding) this.#waiting.push(source)
      if (bytes === 0) continue
      this.#measure(source, bytes, at, used)
      void RESOLVED.then(this.#afterPromises)
      return
    }
    this.#serving = false
  }

  // A tick that a microtask asks for comes when no microtask is left: the program has worked on the piece.
  readonly #afterPromises = (): void => nextTick(this.#served)

  readonly #served = (): void => {
    const at = this.#host.now()
    this.settle(at)
    if (at - this.#began < PIECE) this.#next()
    else if (this.#waiting.length > 0) this.#host.setImmediate(this.#serve)
    else this.#serving = false
  }
}

/** The turns of this process, which all its connections share. */
export const readTurns: ReadTurns = new ReadTurns()
