// What ends a connection. Here it is decided who ended it first, what every pending and later call rejects with from then
// on, and when both directions are closed. `ConnectionParts` joins the parts; `Connection` is the public face.
//
//   open ──close()──▶ closing ──all sent, and the peer ended or its time ran out──▶ over
//     │                  │
//     ├─ both directions ended ─▶ over
//     └──────┴─ abort, loss, a write or close limit ─▶ over, at once

import {
  ConnectionClosedError,
  ConnectionLostError,
  DrainingError,
  type HandshakeError,
  type LimitExceededError,
  TimeoutError,
} from '../errors.js'
import { lazily } from '../lazily.js'
import type { ResolvedConnectionOptions } from '../options/connection.js'
import type { ProxyInfo } from '../proxy-protocol/header.js'
import { markHandled } from '../rejections.js'
import type { Carrier } from '../transport/carrier.js'
import { type Clock, systemClock } from '../transport/clock.js'
import type { CloseInfo } from './close-info.js'
import { closeLimits, type LimitedClose, SHORT } from './close-limits.js'
import { CLOSE, type DeadlineKind, HANDSHAKE, MESSAGE, READ, WRITE } from './deadlines.js'
import { ConnectionParts } from './parts.js'
import { PendingEnd } from './pending-end.js'
import { expired, type PendingOperation } from './reading/pending-read.js'

type Phase = { kind: 'open' } | { kind: 'closing'; flushing: boolean; since: number } | { kind: 'over' }

// What still runs then was not awaited: the commonest mistake.
const HANDLER_RETURNED = 'the connection was closed when its handler returned: await in the handler whatever still reads or writes'

const ENDED = 'end() has ended what this side sends, and reads go on: write before it'
const ENDED_BY_PEER = 'the peer has ended, and with `allowHalfOpen: false` that ends this side too'

const OPEN: Phase = { kind: 'open' }
const OVER: Phase = { kind: 'over' }

export class ConnectionCore extends ConnectionParts implements LimitedClose {
  /** The handler has returned, which closes the connection. */
  handlerReturned = false
  /** This side ended, closed or cut the connection. */
  ended = false
  peerEnded = false
  /** What the handler rejected with or threw. */
  handlerError: { readonly error: unknown } | undefined
  readonly #opened: number
  #phase: Phase = OPEN
  /** This side's end of stream: not asked for, behind what is queued, or sent. */
  #sending: 'open' | 'ending' | 'ended' = 'open'
  /** Who ended first. */
  #first: 'local' | 'peer' | undefined
  #pendingEnd: PendingEnd | undefined
  /** The limit of the close has a timer of its own. */
  #limitStarted = false
  #drainSignal: AbortController | undefined
  #makeClosedError: (() => Error) | undefined

  constructor(carrier: Carrier, options: ResolvedConnectionOptions, clock: Clock, proxy?: ProxyInfo) {
    super(carrier, options, clock, proxy)
    this.#opened = clock.now()
    carrier.attach(this)
    this.readHalf.start()
  }

  get phase(): Phase['kind'] {
    return this.#phase.kind
  }

  get #isOver(): boolean {
    return this.#phase.kind === 'over'
  }

  /** The operation that the connection is blocked on, and when it began. */
  get waiting(): { operation: string; since: number } | undefined {
    const lock = this.readHalf.lock as Partial<PendingOperation> | undefined
    const waiting = lock?.operation === undefined ? this.readHalf.pending : (lock as PendingOperation)
    if (waiting !== undefined) return { operation: waiting.operation, since: waiting.since }
    if (this.upgrade !== undefined) return { operation: 'startTls', since: this.upgrade.since }
    if (this.#phase.kind === 'closing') return { operation: 'close', since: this.#phase.since }
    const since = this.writeHalf.waitingSince ?? this.#pendingEnd?.since
    return since === undefined ? undefined : { operation: 'write', since }
  }

  // --- draining --------------------------------------------------------------------------------------------------------

  get drainSignal(): AbortSignal {
    if (this.#drainSignal === undefined) {
      this.#drainSignal = new AbortController()
      if (this.draining) this.#drainSignal.abort(this.raised(new DrainingError()))
    }
    return this.#drainSignal.signal
  }

  drain(): void {
    if (this.draining || this.#isOver) return
    this.draining = true
    this.#drainSignal?.abort(this.raised(new DrainingError()))
    this.readHalf.drain()
  }

  // --- ended by this side ----------------------------------------------------------------------------------------------

  /** Sends what is queued, then the end of stream; resolves when that was sent. */
  finish(): Promise<void> {
    if (this.#sending === 'ended') return Promise.resolve()
    if (this.#isOver) return markHandled(Promise.reject(this.writeHalf.refusal))
    this.#endSending()
    // Sending may have failed at once.
    if (this.#isOver) return markHandled(Promise.reject(this.writeHalf.refusal))
    return (this.#pendingEnd ??= new PendingEnd()).promise
  }

  #endSending(refusal: () => Error = this.#endedError): void {
    if (this.#sending !== 'open') return
    this.#sending = 'ending'
    this.ended = true
    this.#first ??= 'local'
    this.writeHalf.end(refusal)
  }

  /** Sends what is queued, ends, waits for the peer's end, and releases the carrier. */
  close(): void {
    // Decision: docs/decisions/a-close-is-patient-a-cut-is-a-reset.md
    if (this.#phase.kind !== 'open') return
    this.#phase = { kind: 'closing', flushing: true, since: Date.now() }
    this.readHalf.refuse(this.#closedError)
    this.#endSending(this.#closedError)
    if (this.#isOver) return
    if (this.#sending === 'ended') this.#awaitPeer()
    else this.#limitClose()
  }

  abort(reason: unknown): void {
    this.#cut('aborted', reason, this.#closedBy(reason))
  }

  slowConsumer(error: LimitExceededError): void {
    this.raised(error)
    this.#cut('aborted', error, this.#closedBy(error))
  }

  /** Drops everything and resets the carrier, so that the peer cannot take the cut for an end. */
  #cut(by: 'aborted' | 'timeout', error: unknown, refusal: () => Error): void {
    if (this.#isOver) return
    this.ended = true
    this.readHalf.refuse(refusal)
    this.#failSending(refusal)
    this.carrier.reset()
    this.#over(by, error)
  }

  #failSending(loss: () => Error): void {
    this.writeHalf.fail(loss)
    const end = this.#pendingEnd
    this.#pendingEnd = undefined
    end?.reject(loss())
  }

  /** Makes the error of a write after this side's end. */
  get #endedError(): () => Error {
    const message = this.#first === 'peer' && !this.options.allowHalfOpen ? ENDED_BY_PEER : ENDED
    return lazily(() => this.raised(new ConnectionClosedError({ message })))
  }

  /** Makes the error of a read or a write after `close()`. */
  get #closedError(): () => Error {
    return (this.#makeClosedError ??= lazily(() =>
      this.raised(new ConnectionClosedError({ message: this.handlerReturned ? HANDLER_RETURNED : undefined })),
    ))
  }

  /** Makes the error of a read or a write after a cut: the same one for all of them. */
  #closedBy(cause: unknown): () => Error {
    return lazily(() => this.raised(new ConnectionClosedError({ cause })))
  }

  /** Keeps what the handler rejected with first: `closed` reports it. */
  recordHandlerError(error: unknown): void {
    this.handlerError ??= { error }
  }

  // --- ended by the carrier --------------------------------------------------------------------------------------------

  /** The peer ended its side. */
  end(): void {
    this.peerEnded = true
    this.#first ??= 'peer'
    if (!this.options.allowHalfOpen) this.#endSending()
    this.readHalf.ended()
    if (this.#sending === 'ended') this.#over(this.#first)
  }

  /** This side's end of stream was sent. */
  finished(): void {
    this.#sending = 'ended'
    const end = this.#pendingEnd
    this.#pendingEnd = undefined
    end?.resolve()
    if (this.peerEnded) this.#over(this.#first as 'local' | 'peer')
    else if (this.#phase.kind === 'closing') this.#awaitPeer()
  }

  lost(cause: Error): void {
    // The system may have failed because memory in flight was detached.
    const { memoryError } = this.writeHalf
    if (memoryError !== undefined) {
      this.abort(memoryError)
      return
    }
    // All was sent and reads are refused: a peer that resets instead of ending loses nothing.
    if (this.#phase.kind === 'closing' && this.writeHalf.queued === 0) {
      this.#over(this.#first as 'local' | 'peer')
      return
    }
    // Reads, writes and `closed` share one error.
    const loss = this.raised(new ConnectionLostError({ cause, remote: this.remote }))
    this.#break(loss)
    this.#over('lost', loss)
  }

  #break(loss: ConnectionLostError): void {
    this.readHalf.lost(loss)
    this.#failSending(() => loss)
  }

  /** A `startTls` has failed, and neither side can go on. Not for a closed connection. */
  upgradeFailed(by: 'lost' | 'timeout', error: HandshakeError): void {
    this.#break(this.raised(new ConnectionLostError({ cause: this.raised(error), remote: this.remote })))
    this.#over(by, error)
  }

  // --- ended by time ---------------------------------------------------------------------------------------------------

  /** Bytes were sent: the limit of a close that still sends starts again. */
  progressed(): void {
    if (this.#phase.kind === 'closing' && this.#phase.flushing) this.#limitClose()
  }

  /** Starts the limit of the close, or starts it again. */
  #limitClose(): void {
    const { closeTimeout } = this.options
    const isUsual = closeTimeout > SHORT && this.referenced && this.clock === systemClock && !systemClock.faked
    if (isUsual && !this.#limitStarted) closeLimits.add(this)
    else this.startCloseLimit(0)
  }

  startCloseLimit(elapsed: number): void {
    this.#limitStarted = true
    this.limit(CLOSE, this.options.closeTimeout, elapsed)
  }

  #awaitPeer(): void {
    this.#phase = { kind: 'closing', flushing: false, since: (this.#phase as { since: number }).since }
    this.#limitClose()
  }

  expired(kind: DeadlineKind): void {
    if (kind === WRITE) this.#cutForTime('write', this.limits.writeTimeout)
    else if (kind === CLOSE && this.writeHalf.queued > 0) this.#cutForTime('close', this.options.closeTimeout)
    else if (kind === CLOSE) this.#over(this.#first as 'local' | 'peer')
    else if (kind === HANDSHAKE) this.upgrade?.expired()
    else if (kind === READ && this.readHalf.pending !== undefined) expired(this, this.readHalf.pending)
    else if (kind === MESSAGE && this.readHalf.lock !== undefined) expired(this, this.readHalf.lock as unknown as PendingOperation)
  }

  #cutForTime(operation: 'write' | 'close', timeout: number): void {
    const error = this.raised(new TimeoutError({ operation, timeout, kind: operation }))
    this.#cut('timeout', error, this.#closedBy(error))
  }

  // --- over ------------------------------------------------------------------------------------------------------------

  #over(by: CloseInfo['by'], error: unknown = this.handlerError?.error): void {
    if (this.#phase.kind === 'closing') closeLimits.remove(this)
    this.#phase = OVER
    this.stopDeadlines()
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
}
