// The receiving half of a carrier over a Node stream. It reads by 'data' events with pause and resume, which is the only
// method that works on Node, Bun and Deno alike, and also the fastest. It reports an end once and a loss once, although a
// stream can signal either by several events. Sending and closing are in stream.ts; what a socket or a foreign Duplex does
// differently is in its own file. The stream may belong to any library: an exception from one of its methods is a loss of
// this connection and does not reach the caller.
// Decision: docs/decisions/data-with-pause-and-resume.md

import type { Duplex } from 'node:stream'
import type { Address } from '../address.js'
import { nextTick } from '../turn.js'
import type { AddressPair, CarrierSink } from './carrier.js'
import { errorAtEnd } from './descriptor.js'
import { ignoreErrors } from './ignore-errors.js'
import { LARGE_CHUNK, MAX_SHARE, type PacedSource, readTurns } from './read-turns.js'
import { BufferingSink, silent } from './sink.js'

const INPUT: unique symbol = Symbol('linnet.carrier')
type Observed = Duplex & { [INPUT]: StreamInput<Duplex> }

// All carriers share these listeners, which find their carrier on the stream. It saves four closures for each connection.
let onData: (this: Observed, chunk: Buffer) => void
let onEnd: (this: Observed) => void
let onError: (this: Observed, error: Error) => void
let onClose: (this: Observed) => void

export abstract class StreamInput<S extends Duplex> implements PacedSource {
  remote: Address
  local: Address
  protected readonly stream: S
  /** Receives the events: the connection, a BufferingSink while none is attached, or `silent` after the end. */
  protected sink: CarrierSink = new BufferingSink()
  #received = 0
  /** A loss was reported, or is kept to be reported. */
  #lost = false
  share: number = MAX_SHARE
  slow = false
  /** The stream is paused with bytes in its buffer until this carrier's turn comes. */
  #holding = false
  /** Between `resume` and `pause`. */
  #flowing = false

  static {
    onData = function (chunk) {
      const input = this[INPUT]
      if (readTurns.measuring) readTurns.settle()
      if (chunk.length >= LARGE_CHUNK && input.#holdBack(chunk)) return
      input.arrived(chunk)
    }
    onEnd = function () {
      this[INPUT].#onEnd()
    }
    onError = function (error) {
      this[INPUT].lose(error)
    }
    onClose = function () {
      this[INPUT].#onClose()
    }
  }

  constructor(stream: S, { remote, local }: AddressPair) {
    this.stream = stream
    this.remote = remote
    this.local = local
  }

  /**
   * Adds the listeners to the stream, which may already have bytes, an end or a loss. Each class calls it in its own
   * constructor, after its fields are initialised: it calls methods that the class overrides.
   */
  protected listen(): void {
    const stream = this.stream as S & Observed
    stream[INPUT] = this
    try {
      stream.on('error', onError).on('close', onClose)
      // The stream may be flowing. An explicit pause also keeps the 'data' listener from starting it.
      stream.pause()
      // The connection decides whether the peer's end of stream ends this side.
      if (!stream.allowHalfOpen) stream.allowHalfOpen = true
      stream.on('data', onData).on('end', onEnd)
      // Events that were emitted before the listeners were added.
      if (stream.readableEnded) this.#onEnd()
      if (stream.destroyed || stream.errored) this.#onClose()
    } catch (error) {
      this.lose(error)
    }
  }

  /** Removes the listeners, and ignores later errors, which would otherwise be uncaught exceptions. */
  protected unlisten(): void {
    ignoreErrors(this.stream).off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
  }

  // --- who receives the events -----------------------------------------------------------------------------------------

  attach(sink: CarrierSink): void {
    if (this.sink instanceof BufferingSink) this.sink.target = sink
  }

  detach(unread?: Buffer): void {
    const { sink } = this
    if (sink instanceof BufferingSink) this.sink = sink.renew(unread)
    else if (sink !== silent) this.sink = new BufferingSink(unread)
    this.pause()
  }

  /** Discards every later event. */
  protected silence(): void {
    this.#flowing = false
    this.sink = silent
  }

  /** Gives up the stream, with the buffered chunks put back in front: for a carrier that needs no `CarrierDuplex`. */
  protected releaseStream(): S {
    const { stream, sink } = this
    const chunks = sink instanceof BufferingSink ? sink.takeChunks() : []
    this.silence()
    this.unlisten()
    if (!stream.readableEnded) for (const chunk of chunks.reverse()) stream.unshift(chunk)
    return stream
  }

  #beginReplay(buffering: BufferingSink): void {
    if (buffering.isEmpty) {
      this.sink = buffering.target
    } else if (!buffering.replayScheduled) {
      buffering.replayScheduled = true
      nextTick(() => this.#replay(buffering))
    }
  }

  #replay(buffering: BufferingSink): void {
    if (this.sink !== buffering) return
    this.sink = buffering.target
    buffering.replay(() => this.sink)
    if (buffering.loss !== undefined) this.#reportLoss(buffering.loss)
  }

  // --- flow control ----------------------------------------------------------------------------------------------------

  resume(): void {
    if (this.sink instanceof BufferingSink) this.#beginReplay(this.sink)
    this.#flowing = true
    if (!this.#holding) this.#resumeStream()
  }

  #resumeStream(): void {
    try {
      this.stream.resume()
    } catch (error) {
      this.loseLater(error)
    }
  }

  pause(): void {
    this.#flowing = false
    try {
      this.stream.pause()
    } catch (error) {
      this.loseLater(error)
    }
  }

  get received(): number {
    return this.#received
  }

  get holding(): boolean {
    return this.#holding
  }

  /** Whether large chunks wait for their turn while this connection or others take long: see `ReadTurns`. */
  protected get paced(): boolean {
    return false
  }

  // A destroyed stream does not accept the chunk back, nor does one with a failed write, whose error comes a tick later.
  #holdBack(chunk: Buffer): boolean {
    if (this.#holding || !this.paced || this.sink.paced !== true) return false
    const { stream } = this
    if (stream.destroyed || stream.errored || readTurns.admits(this, chunk.length)) return false
    this.#holding = true
    stream.pause()
    stream.unshift(chunk)
    return true
  }

  // `read` of a stream emits what it returns. A read of more than the high-water mark raises the mark. A destroyed stream
  // emits no data: `lose` takes what it has buffered.
  deliver(): number {
    const { stream, share } = this
    if (!this.#flowing || stream.destroyed) {
      this.#holding = false
      return 0
    }
    const held = stream.readableLength
    const piece = share < held ? Math.min(share, stream.readableHighWaterMark) : held
    try {
      if (piece > 0) stream.read(piece < held ? piece : undefined)
    } catch (error) {
      this.loseLater(error)
    }
    if (piece < held && this.#flowing) return piece
    this.#holding = false
    if (this.#flowing) this.#resumeStream()
    return piece
  }

  // --- bytes, end and loss ---------------------------------------------------------------------------------------------

  protected arrived(chunk: Buffer): void {
    this.#received += chunk.length
    this.sink.data(chunk)
  }

  // Removes the listeners, because a faulty stream may emit more events after its end.
  #onEnd(): void {
    this.stream.off('data', onData).off('end', onEnd)
    const broken = errorAtEnd(this.stream)
    if (broken instanceof Error) this.lose(broken)
    else this.ended(broken === 'unknown', () => this.sink.end())
  }

  /** The stream has ended: calls `inOrder` if that was an end. `unsure`: the system could not be asked. */
  protected ended(_unsure: boolean, inOrder: () => void): void {
    inOrder()
  }

  #onClose(): void {
    const { stream } = this
    if (stream.readableEnded && stream.writableFinished) return
    this.lose(stream.errored ?? new Error('the stream was closed before its end'))
  }

  /** Reports the loss a tick later, for an exception from a call of the stream: the caller is still on the stack. */
  protected loseLater(error: unknown): false {
    nextTick(() => this.lose(error))
    return false
  }

  // A reset destroys a paused stream with bytes in its buffer: they had arrived, so they are passed on first. The listeners
  // are removed before, since `read` may also emit what it returns.
  protected lose(reason: unknown): void {
    // Decision: docs/decisions/what-arrived-comes-first.md
    if (this.#lost) return
    this.#lost = true
    this.#flowing = false
    const { stream } = this
    try {
      stream.off('data', onData).off('end', onEnd)
      for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) this.arrived(chunk)
    } catch {
      // The buffered bytes cannot be read. The loss is reported below.
    }
    if (this.sink !== silent) for (const chunk of this.remaining()) this.sink.data(chunk)
    const error = reason instanceof Error ? reason : new Error('the stream failed, and not with an Error', { cause: reason })
    this.#reportLoss(error)
    // Without an 'error' listener the error would be an uncaught exception.
    this.ignoringExceptions(() => (stream.listenerCount('error') > 0 ? stream.destroy(error) : stream.destroy()))
  }

  /** Whether a loss was reported, or is kept. */
  protected get isLost(): boolean {
    return this.#lost
  }

  /** What the system still holds of the stream: it is lost unless it is taken now. */
  protected remaining(): readonly Buffer[] {
    return []
  }

  // The last event, reported once: a stream may emit 'error' and then 'close'.
  #reportLoss(error: Error): void {
    const { sink } = this
    if (!(sink instanceof BufferingSink)) this.sink = silent
    sink.lost(error)
  }

  /** Calls a method of the stream after its end was reported: an exception changes nothing then. */
  protected ignoringExceptions(act: () => unknown): void {
    try {
      act()
    } catch {
      // The connection has ended already.
    }
  }
}
