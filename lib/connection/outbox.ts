// The sending half of a connection: what was written and has not left. Writes are gathered while the program's promises
// run and leave together, large ones in slices, so that progress can be seen within them. Here is decided who waits for
// room and what a write is refused with. Nothing here knows of time but the write limit it starts and lifts.

import { LimitExceededError, LinnetError } from '../errors.js'
import type { ConnectionLimits } from '../options/connection.js'
import type { Carrier } from '../transport/carrier.js'
import { type Deadlines, WRITE } from './deadlines.js'
import { Gatherer } from './gather.js'
import { kindOf } from './read-options.js'

/** What `write` takes: text (as UTF-8), any view of bytes, or a list of them. */
export type Writable = Piece | readonly Piece[]
type Piece = string | NodeJS.ArrayBufferView

/** What the outbox needs of its connection. */
export interface OutboxHost {
  readonly limits: ConnectionLimits
  readonly deadlines: Deadlines
  /** Bytes were queued. */
  written(): void
  /** Bytes have left. */
  progressed(): void
  /** The peer is too slow: cuts the connection. */
  overflowed(error: LimitExceededError): void
}

// What is handed on at once: progress is seen, and a writeTimeout is fair, in steps of this size.
const SLICE = 64 * 1024

interface Waiter {
  /** Bytes that must have left (flush), or −1 for one that waits for room below `room` (write). */
  readonly until: number
  readonly room: number
  readonly since: number
  resolve(): void
  reject(error: unknown): void
}

type State =
  /** Takes writes. */
  | { kind: 'open' }
  /** Takes none; what is queued goes out, then the end of stream, if it was asked for. */
  | { kind: 'ending'; refusal: () => Error }
  /** Nothing goes out any more; `loss` makes the error for what was queued and is lost, if anything was. */
  | { kind: 'failed'; refusal: () => Error; loss: (() => Error) | undefined }

const DONE: Promise<void> = Promise.resolve()
const ignore = (): void => {}

/** A rejection that nobody needs to look at: the connection's failure is told elsewhere too. */
export function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore)
  return promise
}

/** A rejection for a failed connection may be ignored; one for a wrong argument may not. */
export function refused(error: unknown): Promise<never> {
  const rejection = Promise.reject(error)
  return error instanceof LinnetError ? quietly(rejection) : rejection
}

export class Outbox {
  /** Bytes written and not yet handed to the system. */
  queued = 0
  /** Bytes that have left. */
  sent = 0
  readonly #carrier: Carrier
  readonly #host: OutboxHost
  #state: State = { kind: 'open' }
  readonly #gathered: Gatherer
  #underWay = 0
  #scheduled = false
  #endAsked = false
  #waiters: Waiter[] = []

  constructor(carrier: Carrier, host: OutboxHost) {
    this.#carrier = carrier
    this.#host = host
    this.#gathered = new Gatherer(carrier.copies)
  }

  /** Takes it all; resolves when the caller may write more. */
  write(data: unknown): Promise<void> {
    const { maxWriteBuffer, writeHighWaterMark } = this.#host.limits
    // One piece, and room for it: the quick way.
    if (this.#state.kind === 'open' && this.queued < maxWriteBuffer && (typeof data === 'string' || data instanceof Uint8Array)) {
      this.#took(this.#gather(data))
      return this.queued < writeHighWaterMark ? DONE : this.room()
    }
    try {
      this.put(data)
    } catch (error) {
      return refused(error)
    }
    return this.room()
  }

  /** Takes it all, and says how many bytes that was. Throws TypeError for what cannot be written, and what ended the stream. */
  put(data: unknown): number {
    check(data)
    this.#admit()
    return this.#add(data)
  }

  /** Resolves when there is room below the high-water mark; rejects once the stream has ended. */
  room(): Promise<void> {
    if (this.#state.kind !== 'open') return refused(this.#state.refusal())
    const { writeHighWaterMark } = this.#host.limits
    return this.queued < writeHighWaterMark ? DONE : this.#wait(-1, writeHighWaterMark)
  }

  /** What a write is refused with; undefined while it would be taken. */
  get refusal(): Error | undefined {
    return this.#state.kind === 'open' ? undefined : this.#state.refusal()
  }

  #admit(): void {
    if (this.#state.kind !== 'open') throw this.#state.refusal()
    const { maxWriteBuffer } = this.#host.limits
    if (this.queued < maxWriteBuffer) return
    // What was written in this turn had no chance to leave yet.
    this.pump()
    if (this.queued < maxWriteBuffer) return
    const error = new LimitExceededError({ limit: maxWriteBuffer, size: this.queued, option: 'maxWriteBuffer' })
    this.#host.overflowed(error)
    throw error
  }

  /** Takes it all if there is room, else nothing. */
  tryWrite(data: unknown): boolean {
    check(data)
    if (this.#state.kind !== 'open' || this.queued >= this.#host.limits.writeHighWaterMark) return false
    this.#add(data)
    return true
  }

  /** Resolves when all that was written so far has left. */
  flush(): Promise<void> {
    if (this.#state.kind === 'failed') return this.#state.loss === undefined ? DONE : quietly(Promise.reject(this.#state.loss()))
    return this.queued === 0 ? DONE : this.#wait(this.sent + this.queued, 0)
  }

  /** Since when (Unix time) somebody waits for bytes to leave. */
  get waitingSince(): number | undefined {
    return this.#waiters[0]?.since
  }

  #wait(until: number, room: number): Promise<void> {
    return quietly(new Promise((resolve, reject) => this.#waiters.push({ until, room, since: Date.now(), resolve, reject })))
  }

  /** Takes no more writes: they reject with what `refusal` makes. What is queued goes on. */
  close(refusal: () => Error): void {
    if (this.#state.kind === 'open') this.#state = { kind: 'ending', refusal }
  }

  /** Ends the stream once everything has left. */
  end(): void {
    this.#endAsked = true
    this.pump()
  }

  /** Drops what is queued: it rejects with what `loss` makes. So does what comes, unless something ended the stream before. */
  fail(loss: () => Error): void {
    if (this.#state.kind === 'failed') return
    const refusal = this.#state.kind === 'ending' ? this.#state.refusal : loss
    this.#state = { kind: 'failed', refusal, loss: this.queued > 0 ? loss : undefined }
    const waiters = this.#waiters
    this.#waiters = []
    this.queued = 0
    this.#underWay = 0
    this.#gathered.clear()
    for (const waiter of waiters) waiter.reject(loss())
  }

  // --- taking ----------------------------------------------------------------------------------------------------------

  #add(data: Writable): number {
    let added = 0
    if (Array.isArray(data)) for (const piece of data) added += this.#gather(piece)
    else added = this.#gather(data as Piece)
    this.#took(added)
    return added
  }

  #took(bytes: number): void {
    if (bytes === 0) return
    this.queued += bytes
    this.#host.written()
    this.#schedule()
  }

  #gather(piece: Piece): number {
    if (typeof piece === 'string') return this.#gathered.addText(piece)
    if (piece.byteLength > 0) this.#gathered.add(piece instanceof Uint8Array ? piece : new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength))
    return piece.byteLength
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay > 0) return
    this.#scheduled = true
    if (dirty.push(this) === 1) void DONE.then(soon)
  }

  // --- leaving ---------------------------------------------------------------------------------------------------------

  /** Hands on what is queued, as far as the system takes it. */
  pump(): void {
    this.#scheduled = false
    // Who hears of the progress may cut the connection.
    while (this.#underWay === 0 && this.#state.kind !== 'failed') {
      const pieces = this.#gathered.next(SLICE)
      const [first] = pieces
      if (first === undefined) {
        this.#empty()
        return
      }
      for (const { length } of pieces) this.#underWay += length
      if (pieces.length === 1 ? this.#carrier.write(first) : this.#carrier.writeBatch(pieces)) this.#left()
      else this.#host.deadlines.set(WRITE, this.#host.limits.writeTimeout)
    }
  }

  /** What the carrier was handed has left. */
  sentAll(): void {
    if (this.#state.kind === 'failed') return
    this.#host.deadlines.clear(WRITE)
    this.#left()
    this.pump()
  }

  /** A part of it has left: the peer takes something, and has its time anew. */
  sentPart(): void {
    this.#host.deadlines.set(WRITE, this.#host.limits.writeTimeout)
    this.#host.progressed()
  }

  #left(): void {
    this.queued -= this.#underWay
    this.sent += this.#underWay
    this.#underWay = 0
    this.#host.progressed()
    if (this.#waiters.length > 0) this.#tell()
  }

  #tell(): void {
    const waiters = this.#waiters
    this.#waiters = waiters.filter((waiter) => {
      const ready = waiter.until < 0 ? this.queued < waiter.room : this.sent >= waiter.until
      if (ready) waiter.resolve()
      return !ready
    })
  }

  #empty(): void {
    this.#gathered.rest()
    if (!this.#endAsked) return
    this.#endAsked = false
    this.#carrier.end()
  }
}

// Who has written in this turn. A tick alone would come before the promises of a turn that a timer or an immediate began,
// and part what their loops write: so one microtask lets those run first, for all connections at once.
let dirty: Outbox[] = []
const soon = (): void => process.nextTick(pumpAll)

function pumpAll(): void {
  const outboxes = dirty
  dirty = []
  for (const outbox of outboxes) outbox.pump()
}

/** Everything is checked before anything is taken: of what is refused nothing is sent. */
function check(data: unknown): asserts data is Writable {
  // Not `forEach`, which leaves out the holes of a list.
  if (Array.isArray(data)) for (const piece of data) checkPiece(piece)
  else checkPiece(data)
}

function checkPiece(data: unknown): void {
  if (typeof data === 'string' || ArrayBuffer.isView(data)) return
  throw new TypeError(`data must be a string, a view of bytes, or an array of these, not ${kindOf(data)}`)
}
