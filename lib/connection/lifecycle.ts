// The inside of a connection: the carrier below, the two halves above it, and what ends it. Here it is decided who ended
// it first, what every pending and later call says from then on, and when it is over. The public class is a face on this.
//
//   open ──close()──▶ closing ──all sent, peer ended (or given its time)──▶ over
//     │                  │
//     ├─ both directions ended ─▶ over
//     └──────┴─ abort, loss, a write or close limit ─▶ over, at once

import type { Address } from '../address.js'
import {
  ConnectionClosedError,
  ConnectionLostError,
  DrainingError,
  type HandshakeError,
  type LimitExceededError,
  type LinnetError,
  raise,
  TimeoutError,
} from '../errors.js'
import { lazily } from '../lazily.js'
import type { ConnectionLimits, ResolvedConnectionOptions } from '../options/connection.js'
import type { ProxyInfo } from '../proxy-protocol/header.js'
import { markHandled } from '../rejections.js'
import type { Carrier, CarrierSink } from '../transport/carrier.js'
import type { Clock } from '../transport/clock.js'
import { type QueueWatch, watchQueues } from '../transport/send-queues.js'
import { type CloseInfo, CloseState } from './close-info.js'
import { CLOSE, type DeadlineKind, Deadlines, type DeadlinesHost, HANDSHAKE, MESSAGE, READ, WRITE } from './deadlines.js'
import type { PendingOperation } from './reading/pending-read.js'
import { ReadHalf, type ReadHalfHost } from './reading/read-half.js'
import { expired } from './reading/read-timers.js'
import { WriteHalf, type WriteHalfHost } from './writing/write-half.js'

type Phase = { kind: 'open' } | { kind: 'closing'; flushing: boolean; since: number } | { kind: 'over' }

// What still goes on then was not awaited: the commonest mistake of all.
const HANDLED = 'the connection was closed when its handler returned: await in the handler whatever still reads or writes'

const ENDED = 'end() has ended what this side sends, and reads go on: write before it'
const ENDED_BY_PEER = 'the peer has ended, and with `allowHalfOpen: false` that ends this side too'

const OPEN: Phase = { kind: 'open' }
const OVER: Phase = { kind: 'over' }

let lastId = 0

/** An end of stream that is under way. */
class Ending {
  readonly since: number = Date.now()
  resolve!: () => void
  reject!: (error: unknown) => void
  readonly promise: Promise<void> = markHandled(
    new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    }),
  )
}

export class ConnectionCore implements CarrierSink, ReadHalfHost, WriteHalfHost, DeadlinesHost {
  readonly id: number = ++lastId
  readonly openedAt: number = Date.now()
  /** Another one once `startTls` has upgraded it. */
  carrier: Carrier
  /** Which side it is in a TLS handshake, and what a client's certificate is verified against. */
  side: 'client' | 'server' = 'client'
  host: string | undefined
  /** The `startTls` that is under way. */
  upgrade: { readonly since: number; expired(): void } | undefined
  /** What a PROXY header said of it. */
  readonly proxy: ProxyInfo | undefined
  readonly settings: ResolvedConnectionOptions
  readonly readHalf: ReadHalf
  readonly writeHalf: WriteHalf
  readonly closeState: CloseState
  limits: ConnectionLimits
  draining = false
  /** Its handler has returned, which closes it. */
  handled = false
  /** This side ended or closed. */
  ended = false
  peerEnded = false
  readonly clock: Clock
  /** Most connections never have a limit that runs. */
  #deadlines: Deadlines | undefined
  readonly #opened: number
  #phase: Phase = OPEN
  #endAsked = false
  /** The end of stream has left. */
  #finished = false
  #first: 'local' | 'peer' | undefined
  /** What the handler let through or threw. */
  handlerError: { readonly error: unknown } | undefined
  /** What all who wait for the end of stream to leave wait for. */
  #end: Ending | undefined
  #drainSignal: AbortController | undefined
  #makesClosed: (() => Error) | undefined

  constructor(carrier: Carrier, settings: ResolvedConnectionOptions, clock: Clock, proxy?: ProxyInfo) {
    this.carrier = carrier
    this.proxy = proxy
    this.settings = settings
    this.limits = settings.limits
    this.clock = clock
    this.#opened = clock.now()
    this.readHalf = new ReadHalf(this)
    this.writeHalf = new WriteHalf(carrier, this)
    this.closeState = new CloseState(this.readHalf)
    carrier.attach(this)
    this.readHalf.start()
  }

  // --- facts -----------------------------------------------------------------------------------------------------------

  /** The real client's address: what a PROXY header said, else the peer's. */
  get remote(): Address {
    return this.proxy?.source ?? this.carrier.remote
  }

  get drainSignal(): AbortSignal {
    if (this.#drainSignal === undefined) {
      this.#drainSignal = new AbortController()
      if (this.draining) this.#drainSignal.abort(this.own(new DrainingError()))
    }
    return this.#drainSignal.signal
  }

  get waiting(): { operation: string; since: number } | undefined {
    const lock = this.readHalf.lock as Partial<PendingOperation> | undefined
    const waiting = lock?.operation === undefined ? this.readHalf.pending : (lock as PendingOperation)
    if (waiting !== undefined) return { operation: waiting.operation, since: waiting.since }
    if (this.upgrade !== undefined) return { operation: 'startTls', since: this.upgrade.since }
    if (this.#phase.kind === 'closing') return { operation: 'close', since: this.#phase.since }
    const since = this.writeHalf.waitingSince ?? this.#end?.since
    return since === undefined ? undefined : { operation: 'write', since }
  }

  /** Marks an error as raised by this connection: let through by its handler, it is a normal end. */
  own<E extends LinnetError>(error: E): E {
    raise(error, this.id)
    return error
  }

  // --- ending, from this side ------------------------------------------------------------------------------------------

  /** Flush, then the end of stream; resolves when it has left. */
  finish(): Promise<void> {
    if (this.#finished) return Promise.resolve()
    if (this.#isOver) return markHandled(Promise.reject(this.writeHalf.refusal))
    this.#endSending()
    // What it hands on may fail at once.
    if (this.#isOver) return markHandled(Promise.reject(this.writeHalf.refusal))
    return (this.#end ??= new Ending()).promise
  }

  get phase(): Phase['kind'] {
    return this.#phase.kind
  }

  get #isOver(): boolean {
    return this.#phase.kind === 'over'
  }

  #endSending(refusal: () => Error = this.#endedError): void {
    if (this.#endAsked) return
    this.#endAsked = true
    this.ended = true
    this.#first ??= 'local'
    this.writeHalf.close(refusal)
    this.writeHalf.end()
  }

  /** Flush, end, wait for the peer's end, release. */
  close(): void {
    if (this.#phase.kind !== 'open') return
    this.#phase = { kind: 'closing', flushing: true, since: Date.now() }
    this.readHalf.refuse(this.#closedError)
    this.#endSending(this.#closedError)
    if (this.#isOver) return
    if (this.#finished) this.#awaitPeer()
    else this.limit(CLOSE, this.settings.closeTimeout)
  }

  abort(reason: unknown): void {
    this.#cut('aborted', reason, this.#closedBy(reason))
  }

  slowConsumer(error: LimitExceededError): void {
    this.own(error)
    this.#cut('aborted', error, this.#closedBy(error))
  }

  /** Drops everything and cuts the connection, so that the peer cannot take it for an end. */
  #cut(by: 'aborted' | 'timeout', error: unknown, refusal: () => Error): void {
    if (this.#phase.kind === 'over') return
    this.ended = true
    this.readHalf.refuse(refusal)
    this.#failSending(refusal)
    this.carrier.reset()
    this.#over(by, error)
  }

  #failSending(loss: () => Error): void {
    this.writeHalf.fail(loss)
    const end = this.#end
    this.#end = undefined
    end?.reject(loss())
  }

  /** What makes the error of a write after this side's end. */
  get #endedError(): () => Error {
    const message = this.#first === 'peer' && !this.settings.allowHalfOpen ? ENDED_BY_PEER : ENDED
    return lazily(() => this.own(new ConnectionClosedError({ message })))
  }

  /** The same for `close()`, and for reads. */
  get #closedError(): () => Error {
    return (this.#makesClosed ??= lazily(() => this.own(new ConnectionClosedError({ message: this.handled ? HANDLED : undefined }))))
  }

  /** The same for a cut: one error for all, however many wait or come later. */
  #closedBy(cause: unknown): () => Error {
    return lazily(() => this.own(new ConnectionClosedError({ cause })))
  }

  /** What the handler let through or threw: told by `closed`. */
  recordHandlerError(error: unknown): void {
    this.handlerError ??= { error }
  }

  drain(): void {
    if (this.draining || this.#phase.kind === 'over') return
    this.draining = true
    this.#drainSignal?.abort(this.own(new DrainingError()))
    this.readHalf.drain()
  }

  // --- what the carrier tells ------------------------------------------------------------------------------------------

  data(chunk: Buffer): void {
    this.readHalf.data(chunk)
  }

  sent(): void {
    this.writeHalf.sentAll()
  }

  moved(bytes: number): void {
    this.writeHalf.sentPart(bytes)
  }

  /** The peer ended its side. */
  end(): void {
    this.peerEnded = true
    this.#first ??= 'peer'
    if (!this.settings.allowHalfOpen) this.#endSending()
    this.readHalf.ended()
    if (this.#finished) this.#over(this.#first)
  }

  finished(): void {
    this.#finished = true
    const end = this.#end
    this.#end = undefined
    end?.resolve()
    if (this.peerEnded) this.#over(this.#first as 'local' | 'peer')
    else if (this.#phase.kind === 'closing') this.#awaitPeer()
  }

  lost(cause: Error): void {
    // The system may have found memory gone that was under way.
    const { takenAway } = this.writeHalf
    if (takenAway !== undefined) {
      this.abort(takenAway)
      return
    }
    // All was sent, and nobody reads any more: a peer that breaks off instead of ending takes nothing from anybody.
    if (this.#phase.kind === 'closing' && this.writeHalf.queued === 0) {
      this.#over(this.#first as 'local' | 'peer')
      return
    }
    // One error for all: what a read or a write rejects with is the very one that `closed` tells.
    const loss = this.own(new ConnectionLostError({ cause, remote: this.remote }))
    this.#break(loss)
    this.#over('lost', loss)
  }

  #break(loss: ConnectionLostError): void {
    this.readHalf.lost(loss)
    this.#failSending(() => loss)
  }

  /** A `startTls` has failed, and nothing can be said any more. Not for a connection that is over. */
  upgradeFailed(by: 'lost' | 'timeout', error: HandshakeError): void {
    this.#break(this.own(new ConnectionLostError({ cause: this.own(error), remote: this.remote })))
    this.#over(by, error)
  }

  // --- time ------------------------------------------------------------------------------------------------------------

  /** Changes whenever bytes have come or left. */
  get progress(): number {
    return this.carrier.received + this.writeHalf.sent
  }

  get watchable(): boolean {
    return this.carrier.queueKeys !== undefined
  }

  watch(ms: number, moved: () => void): QueueWatch | undefined {
    return watchQueues([this.carrier], ms, moved)
  }

  /** Starts a time limit of `ms` from now, or moves it there. Infinity lifts it. */
  limit(slot: DeadlineKind, ms: number): void {
    if (ms === Number.POSITIVE_INFINITY) this.lift(slot)
    else this.#time.set(slot, ms)
  }

  /** Lifts a time limit. */
  lift(slot: DeadlineKind): void {
    this.#deadlines?.clear(slot)
  }

  get #time(): Deadlines {
    if (this.#deadlines === undefined) {
      this.#deadlines = new Deadlines(this)
      // A message may still be read.
      if (this.#phase === OVER) this.#deadlines.stop()
    }
    return this.#deadlines
  }

  /** Bytes have left: a close that flushes has its time anew. */
  progressed(): void {
    if (this.#phase.kind === 'closing' && this.#phase.flushing) this.limit(CLOSE, this.settings.closeTimeout)
  }

  #awaitPeer(): void {
    this.#phase = { kind: 'closing', flushing: false, since: (this.#phase as { since: number }).since }
    this.limit(CLOSE, this.settings.closeTimeout)
  }

  expired(slot: DeadlineKind): void {
    if (slot === WRITE) this.#tooSlow('write', this.limits.writeTimeout)
    else if (slot === CLOSE && this.writeHalf.queued > 0) this.#tooSlow('close', this.settings.closeTimeout)
    else if (slot === CLOSE) this.#over(this.#first as 'local' | 'peer')
    else if (slot === HANDSHAKE) this.upgrade?.expired()
    else if (slot === READ && this.readHalf.pending !== undefined) expired(this, this.readHalf.pending)
    else if (slot === MESSAGE && this.readHalf.lock !== undefined) expired(this, this.readHalf.lock as unknown as PendingOperation)
  }

  #tooSlow(operation: 'write' | 'close', timeout: number): void {
    const error = this.own(new TimeoutError({ operation, timeout, kind: operation }))
    this.#cut('timeout', error, this.#closedBy(error))
  }

  // --- the rest --------------------------------------------------------------------------------------------------------

  #over(by: CloseInfo['by'], error: unknown = this.handlerError?.error): void {
    this.#phase = OVER
    this.#deadlines?.stop()
    this.#failSending(this.#closedError)
    this.carrier.release()
    this.closeState.settle({
      by,
      ...(error !== undefined && { error }),
      bytesRead: this.readHalf.received,
      bytesWritten: this.writeHalf.sent,
      duration: this.clock.now() - this.#opened,
    })
  }

  written(): void {
    this.readHalf.written()
  }

  readerWaits(): void {
    this.writeHalf.readerWaits()
  }

  get paced(): boolean {
    return true
  }

  get holding(): boolean {
    return this.carrier.holding
  }

  resume(): void {
    this.carrier.resume()
  }

  pause(): void {
    this.carrier.pause()
  }

  ref(): void {
    this.carrier.ref()
    this.#deadlines?.reference(true)
  }

  unref(): void {
    this.carrier.unref()
    this.#time.reference(false)
  }
}
