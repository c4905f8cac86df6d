// One direction through the fault proxy, over `node:net` alone: the bytes of one socket are written to the other one, in other pieces and
// at other times, until a planned break. The proxy preserves their order, so bytes out of order are not caused by it.

import type { Socket } from 'node:net'
import type { Break, DirectionFaults } from './faults.js'
import type { Random } from './random.js'
import { sleep } from './sleep.js'

const READ_AHEAD = 256 * 1024
/** The number of single bytes, which cost a system call each. */
const SINGLE_BYTES = 400
/** The total delay of a direction, in milliseconds: with more a run would have few conversations. */
const MOST_DELAY = 400

export interface ForwardHost {
  /** The planned break is due. */
  broken(kind: 'reset' | 'end'): void
  /** The end was forwarded; `sure`: it was certainly not a reset. */
  ended(sure: boolean): void
}

export class Forward {
  readonly #from: Socket
  readonly #to: Socket
  readonly #faults: DirectionFaults
  readonly #break: Break | undefined
  readonly #random: Random
  readonly #host: ForwardHost
  #pieces: Buffer[] = []
  #size = 0
  #ended = false
  #over = false
  #wake: (() => void) | undefined
  #delayed = 0
  /** Bytes forwarded. */
  bytes = 0

  constructor(from: Socket, to: Socket, faults: DirectionFaults, broken: Break | undefined, random: Random, host: ForwardHost) {
    this.#from = from
    this.#to = to
    this.#faults = faults
    this.#break = broken
    this.#random = random
    this.#host = host
  }

  /** Starts; `head` is written first. */
  start(head: Buffer): void {
    if (head.length > 0) this.#take(head)
    this.#from.on('data', (chunk: Buffer) => this.#take(chunk))
    this.#from.on('end', () => {
      this.#ended = true
      this.#wake?.()
    })
    this.#from.resume()
    void this.#run()
  }

  stop(): void {
    this.#over = true
    this.#wake?.()
  }

  #take(chunk: Buffer): void {
    this.#pieces.push(chunk)
    this.#size += chunk.length
    if (this.#size > READ_AHEAD) this.#from.pause()
    this.#wake?.()
  }

  async #run(): Promise<void> {
    const { stall, delay, handling } = this.#faults
    let stalled = false
    while (!this.#over) {
      if (this.#reached(0)) return this.#breakOff()
      if (this.#size === 0) {
        if (this.#ended) return this.#end()
        await new Promise<void>((wake) => {
          this.#wake = wake
        })
        this.#wake = undefined
        continue
      }
      if (stall !== undefined && !stalled && this.bytes >= stall.after) {
        stalled = true
        await sleep(stall.time)
      }
      if (handling === 'joined') await this.#delay(this.#random.int(1, 10))
      else if (delay > 0 && this.#random.chance(0.3)) await this.#delay(this.#random.int(0, delay))
      else if (handling !== 'whole') await new Promise((resolve) => setImmediate(resolve))
      if (this.#over) return
      await this.#hand(this.#piece())
    }
  }

  async #delay(time: number): Promise<void> {
    if (this.#delayed > MOST_DELAY) return
    const from = Date.now()
    await sleep(time)
    this.#delayed += Date.now() - from
  }

  /** The next piece of the buffered bytes. */
  #piece(): Buffer {
    let size = this.#size
    const { handling } = this.#faults
    if (handling === 'whole') size = (this.#pieces[0] as Buffer).length
    else if (handling === 'bytes') size = this.bytes < SINGLE_BYTES ? 1 : this.#random.skewed(20, 16_384)
    else if (handling === 'pieces') size = this.#random.skewed(this.bytes < 20_000 ? 1 : 500, 65_536)
    const { after } = this.#break ?? { after: Number.POSITIVE_INFINITY }
    return this.#cut(Math.min(size, this.#size, Math.max(after - this.bytes, 1)))
  }

  #cut(size: number): Buffer {
    const whole = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces)
    this.#pieces = size < whole.length ? [whole.subarray(size)] : []
    this.#size -= size
    if (this.#size <= READ_AHEAD) this.#from.resume()
    return whole.subarray(0, size)
  }

  async #hand(piece: Buffer): Promise<void> {
    this.bytes += piece.length
    if (this.#to.destroyed || !this.#to.writable) return
    const room = this.#to.write(piece)
    // Data and reset in one turn.
    if (this.#reached(0) && this.#break?.flushed) return this.#breakOff()
    if (room) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#to.off('drain', done).off('close', done)
        resolve()
      }
      this.#to.on('drain', done).on('close', done)
    })
  }

  #reached(more: number): boolean {
    return this.#break !== undefined && this.bytes + more >= this.#break.after
  }

  #breakOff(): void {
    const { kind } = this.#break as Break
    this.#over = true
    // Later bytes are read and discarded, so that their sender is not blocked.
    if (kind === 'end') {
      this.#from.removeAllListeners('data').on('data', () => {})
      this.#from.resume()
      if (!this.#to.destroyed) this.#to.end()
    }
    this.#host.broken(kind)
  }

  /**
   * On Node 20 and 22 a reset that arrives with data looks like an end. An empty write detects it, once all earlier writes are sent. It
   * cannot be made after this side has ended.
   */
  async #end(): Promise<void> {
    const from = this.#from
    while (!this.#over && !from.destroyed && from.writableLength > 0) await sleep(1)
    // A Unix socket has no reset, and that write also fails if its peer has closed cleanly.
    const unix = from.remoteFamily === undefined
    const probed = !unix && from.writable && !from.destroyed
    if (probed) {
      const failed = await new Promise((resolve) => from.write('', (error) => resolve(error ?? undefined)))
      if (failed !== undefined) return
    }
    if (this.#faults.endDelay > 0) await sleep(this.#faults.endDelay)
    if (this.#over) return
    this.#over = true
    if (!this.#to.destroyed) this.#to.end()
    this.#host.ended(probed)
  }
}
