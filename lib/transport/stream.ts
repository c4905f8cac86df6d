// What all carriers over a Node stream have in common: bytes by 'data' with pause and resume (the one way that works on
// Node, Bun and Deno alike, and the fastest), what was written and when it has left, and the one loss that is told of
// the several ways in which a stream tells it. What a socket or a foreign Duplex does differently is in its own file.
// A stream may be anybody's: whatever it throws at a call is the loss of this connection, and goes no further.

import type { Duplex } from 'node:stream'
import type { Address } from '../address.js'
import type { TlsInfo } from '../tls/info.js'
import { nextTick } from '../turn.js'
import type { Carrier, CarrierSink } from './carrier.js'
import { CarrierDuplex } from './carrier-duplex.js'
import { breakBehind } from './descriptor.js'
import { LARGE, MOST, type PacedSource, readTurns } from './read-turns.js'
import { EarlySink, silent } from './sink.js'

/** Both ends of a connection. */
export interface Ends {
  readonly remote: Address
  readonly local: Address
}

const CARRIER: unique symbol = Symbol('linnet.carrier')
type Carried = Duplex & { [CARRIER]: StreamCarrier<Duplex> }

// The listeners are shared by all carriers and find theirs on the stream: four closures less for each idle connection.
let onData: (this: Carried, chunk: Buffer) => void
let onEnd: (this: Carried) => void
let onError: (this: Carried, error: Error) => void
let onClose: (this: Carried) => void

const ignore = (): void => {}

// From this size on the system often takes only a part of a write. Its callback costs a tick, and a write of nothing behind
// it a second system call.
const OFTEN_LEFT = 16 * 1024

export abstract class StreamCarrier<S extends Duplex> implements Carrier, PacedSource {
  remote: Address
  local: Address
  // Said and not left out: what is left out is found where somebody has given it to all objects.
  readonly tls: TlsInfo | undefined = undefined
  /** What is written has nearly always left when `write` returns, and a write of nothing behind it is harmless. */
  protected get leavesAtOnce(): boolean {
    return false
  }
  protected readonly stream: S
  #sink: CarrierSink = new EarlySink()
  #received = 0
  /** Reset or released. */
  #over = false
  /** A loss was told, or is remembered. */
  #lost = false
  /** Writes whose callback has not come. */
  #underWay = 0
  /** `sent` was promised. */
  #owesSent = false
  #written: ((error?: Error | null) => void) | undefined
  share: number = MOST
  suspect = false
  /** The stream is paused with bytes in it until this carrier's turn comes. */
  #holding = false
  /** Bytes may come, as far as the connection is concerned. */
  #flowing = false

  static {
    onData = function (chunk) {
      const carrier = this[CARRIER]
      if (readTurns.measuring) readTurns.settle()
      if (chunk.length >= LARGE && carrier.#holds(chunk)) return
      carrier.arrived(chunk)
    }
    onEnd = function () {
      this[CARRIER].#ended()
    }
    onError = function (error) {
      this[CARRIER].lose(error)
    }
    onClose = function () {
      this[CARRIER].#closed()
    }
  }

  constructor(stream: S, { remote, local }: Ends) {
    this.stream = stream
    this.remote = remote
    this.local = local
  }

  /**
   * Listens to the stream, which may have bytes, an end or a loss already. Each class calls it in its own constructor, once its
   * fields are there: what it overrides is called from here, and in the constructor of this class it would have none of them.
   */
  protected take(): void {
    const carried = this.stream as S & Carried
    carried[CARRIER] = this
    try {
      this.#take(carried)
    } catch (error) {
      this.lose(error)
    }
  }

  #take(stream: S & Carried): void {
    stream.on('error', onError).on('close', onClose)
    // It may have been flowing. An explicit pause also keeps the 'data' listener from starting it.
    stream.pause()
    // Whether the peer's end of stream ends this side is for the connection to say.
    if (!stream.allowHalfOpen) stream.allowHalfOpen = true
    stream.on('data', onData).on('end', onEnd)
    // What happened before there was anybody to hear it.
    if (stream.readableEnded) this.#ended()
    if (stream.destroyed || stream.errored) this.#closed()
  }

  attach(sink: CarrierSink): void {
    if (this.#sink instanceof EarlySink) this.#sink.listener = sink
  }

  detach(unread?: Buffer): void {
    const sink = this.#sink
    if (sink instanceof EarlySink) this.#sink = sink.again(unread)
    else if (sink !== silent) this.#sink = new EarlySink(unread)
    this.pause()
  }

  upgrade(): Duplex {
    return new CarrierDuplex(this)
  }

  /** The stream itself, with what was kept put back in front: for those who can do better than a `CarrierDuplex`. */
  protected giveAway(): S {
    const { stream } = this
    const kept = this.#sink instanceof EarlySink ? this.#sink.take() : []
    this.#sink = silent
    this.#flowing = false
    this.unlisten()
    if (!stream.readableEnded) for (const chunk of kept.reverse()) stream.unshift(chunk)
    return stream
  }

  resume(): void {
    if (this.#sink instanceof EarlySink) this.#begin(this.#sink)
    this.#flowing = true
    if (!this.#holding) this.#resumeStream()
  }

  #resumeStream(): void {
    try {
      this.stream.resume()
    } catch (error) {
      this.#threw(error)
    }
  }

  pause(): void {
    this.#flowing = false
    try {
      this.stream.pause()
    } catch (error) {
      this.#threw(error)
    }
  }

  /** A call of the stream has thrown. Told a tick later: whoever made the call is on the stack still. */
  #threw(error: unknown): false {
    nextTick(() => this.lose(error))
    return false
  }

  #begin(early: EarlySink): void {
    if (early.empty) {
      this.#sink = early.listener
    } else if (!early.wanted) {
      early.wanted = true
      nextTick(() => this.#tellAll(early))
    }
  }

  #tellAll(early: EarlySink): void {
    if (this.#sink !== early) return
    this.#sink = early.listener
    early.replay(() => this.#sink)
    if (early.loss !== undefined) this.#tellLoss(early.loss)
  }

  // --- what arrives ----------------------------------------------------------------------------------------------------

  get received(): number {
    return this.#received
  }

  get holding(): boolean {
    return this.#holding
  }

  /** Whether large chunks wait for their turn where this connection or others take long: see `ReadTurns`. */
  protected get paced(): boolean {
    return false
  }

  // A stream that is over would not take the chunk back, nor one whose write has failed, which it tells a tick later.
  #holds(chunk: Buffer): boolean {
    if (this.#holding || !this.paced || this.#sink.paced !== true) return false
    const { stream } = this
    if (stream.destroyed || stream.errored || readTurns.admits(this, chunk.length)) return false
    this.#holding = true
    stream.pause()
    stream.unshift(chunk)
    return true
  }

  // To read a stream emits what was read. A read of more than its high-water mark would raise that. What is destroyed
  // emits no data any more, and `lose` takes what it has.
  handOn(): number {
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
      this.#threw(error)
    }
    if (piece < held && this.#flowing) return piece
    this.#holding = false
    if (this.#flowing) this.#resumeStream()
    return piece
  }

  protected arrived(chunk: Buffer): void {
    this.#received += chunk.length
    this.#sink.data(chunk)
  }

  // Behind an end comes nothing, whatever a stream may emit.
  #ended(): void {
    this.stream.off('data', onData).off('end', onEnd)
    const broken = breakBehind(this.stream)
    if (broken instanceof Error) this.lose(broken)
    else this.ended(broken === 'unknown', () => this.#sink.end())
  }

  /** The stream has ended: calls `inOrder` if that was an end. `unsure`: the system could not be asked. */
  protected ended(_unsure: boolean, inOrder: () => void): void {
    inOrder()
  }

  /** Bytes have left, of those that are under way. */
  protected moved(bytes: number): void {
    this.#sink.moved?.(bytes)
  }

  #closed(): void {
    const { stream } = this
    if (stream.readableEnded && stream.writableFinished) return
    this.lose(stream.errored ?? new Error('the stream was closed before its end'))
  }

  // A reset destroys a paused stream with bytes still in its own buffer: they had arrived, so they are handed on first.
  // The listener goes before, since a read may also emit what it returns.
  protected lose(reason: unknown): void {
    if (this.#lost) return
    this.#lost = true
    this.#flowing = false
    const { stream } = this
    try {
      stream.off('data', onData).off('end', onEnd)
      for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) this.arrived(chunk)
    } catch {
      // What it holds it does not give: the loss is told below.
    }
    if (this.#sink !== silent) for (const chunk of this.rest()) this.#sink.data(chunk)
    const error = reason instanceof Error ? reason : new Error('the stream failed, and not with an Error', { cause: reason })
    this.#tellLoss(error)
    // An error that nobody listens to would be the process's.
    this.#finally(() => (stream.listenerCount('error') > 0 ? stream.destroy(error) : stream.destroy()))
  }

  /** What the system still holds of the stream: what is lost with it unless it is taken now. */
  protected rest(): readonly Buffer[] {
    return []
  }

  // A loss is the last word, and comes once: a stream may emit 'error' and then 'close'.
  #tellLoss(error: unknown): void {
    const sink = this.#sink
    if (!(sink instanceof EarlySink)) this.#sink = silent
    sink.lost(error as Error)
  }

  // --- what is written -------------------------------------------------------------------------------------------------

  write(piece: Uint8Array): boolean {
    const { stream } = this
    try {
      const chunk = this.forStream(piece)
      if (!this.leavesAtOnce || this.#underWay > 0 || chunk.length >= OFTEN_LEFT) stream.write(chunk, this.#callback())
      else {
        // Node spends a tick on each write that has a callback: this one nearly always needs none.
        stream.write(chunk)
        if (stream.writableLength === 0 && stream.writable) return true
        stream.write('', this.#callback())
      }
      return this.#left()
    } catch (error) {
      return this.#threw(error)
    }
  }

  /** What the stream is given for a piece. */
  protected forStream(piece: Uint8Array): Uint8Array {
    return piece
  }

  /** Of one write more. */
  #callback(): (error?: Error | null) => void {
    this.#underWay++
    return (this.#written ??= this.#whenWritten())
  }

  writeBatch(pieces: readonly Uint8Array[]): boolean {
    const { stream } = this
    try {
      const chunks = pieces.map((piece) => this.forStream(piece))
      stream.cork()
      for (const chunk of chunks) stream.write(chunk, this.#callback())
      stream.uncork()
      return this.#left()
    } catch (error) {
      return this.#threw(error)
    }
  }

  // What `write` of the stream returns says how full it is, not whether the bytes have left. `writable` is false for a
  // stream that has just failed, with nothing queued and the error not told yet.
  #left(): boolean {
    const { stream } = this
    if (stream.writableLength === 0 && stream.writable) return true
    this.#owesSent = true
    return false
  }

  // One for all writes: they are told in order, so the last callback to come is that of the last write. A stream may call
  // one twice. An error comes here before Node closes the socket, and what the system holds can still be taken.
  #whenWritten(): (error?: Error | null) => void {
    return (error) => {
      if (error) this.lose(error)
      else if (this.#underWay > 0 && --this.#underWay === 0 && this.#owesSent) {
        this.#owesSent = false
        this.#sink.sent()
      }
    }
  }

  end(): void {
    const { stream } = this
    try {
      if (stream.writableFinished) nextTick(() => this.#sink.finished())
      else
        stream.end((error?: Error | null) => {
          if (!error) this.#sink.finished()
        })
    } catch (error) {
      this.#threw(error)
    }
  }

  // --- the end ---------------------------------------------------------------------------------------------------------

  reset(): void {
    if (this.#leave()) this.#finally(() => this.cut())
  }

  release(): void {
    if (this.#leave()) this.#finally(() => this.letGo())
  }

  #finally(act: () => unknown): void {
    try {
      act()
    } catch {
      // The connection is over, and its end was told: a stream that does not let itself be closed changes nothing of that.
    }
  }

  #leave(): boolean {
    const first = !this.#over
    this.#over = true
    this.#flowing = false
    this.#sink = silent
    return first
  }

  /** Takes the listeners off; an error that still comes then falls on deaf ears, and not on the process. */
  protected unlisten(): void {
    this.stream.on('error', ignore).off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
  }

  /** Drops everything, so that the peer sees a break where there is such a thing. Either this or `letGo` is called, once. */
  protected abstract cut(): void

  protected letGo(): void {
    this.stream.destroy()
  }

  abstract setNoDelay(enable: boolean): void
  abstract setKeepAlive(enable: boolean, initialDelay: number): void
  abstract ref(): void
  abstract unref(): void
}
