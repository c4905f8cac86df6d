// Where the frames of a connection are read from, by one of three ways: the format of a codec of the library, `tryRead` of a
// program's codec for what is buffered, and else a message (`readMessage`) over the codec's function `read`.

import { type Connection, coreOf } from '../connection/connection.js'
import { Message } from '../connection/reading/message.js'
import type { ReadHalf } from '../connection/reading/read-half.js'
import type { IteratorState } from '../connection/reading/read-kinds.js'
import { NO_OPTIONS, type ResolvedReadOptions } from '../connection/reading/read-options.js'
import { FrameError, isLinnetError, isRaisedBy } from '../errors.js'
import { DONE } from '../iterator.js'
import { isThenable } from '../kind-of.js'
import type { Codec } from './codec.js'
import { type FrameFormat, isSynchronous, OPERATION } from './format.js'
import { formatOf } from './format-codec.js'
import { FrameItem, ParkedFrame, ParkedItem } from './frame-reads.js'

/** An iteration over frames. */
export interface FrameIteration<In> extends IteratorState {
  /** The message of the pending `next`, if it is read as one. */
  message: Message | undefined
  /** Made when the first `next` is parked. */
  parked: ParkedItem<In> | undefined
}

export class FrameSource<In> {
  readonly readHalf: ReadHalf
  readonly #codec: Codec<In, never>
  readonly #format: FrameFormat<In> | undefined
  /** The options of a read that was given none: the limit of the codec. */
  readonly #options: ResolvedReadOptions
  /** Made when the first read is parked. */
  #parked: ParkedFrame<In> | undefined

  constructor(connection: Connection, codec: Codec<In, never>) {
    this.readHalf = coreOf(connection).readHalf
    this.#codec = codec
    this.#format = formatOf(codec)
    this.#options = { ...NO_OPTIONS, maxBytes: this.#format?.maxBytes }
  }

  /** Takes a frame that is buffered whole. Undefined: call `read` or `next`. Throws what these would reject with. */
  tryTake(): In | undefined {
    const format = this.#format
    if (format === undefined) return this.#codec.tryRead === undefined ? undefined : this.#tryMessage()
    try {
      return format.fast(this.readHalf)
    } catch (error) {
      throw this.#own(error)
    }
  }

  #tryMessage(): In | undefined {
    const { readHalf } = this
    if (!readHalf.free || readHalf.queue.length === 0) return undefined
    try {
      return new Message(readHalf, NO_OPTIONS, OPERATION).try((reader) => {
        const frame = this.#codec.tryRead?.(reader)
        if (isThenable(frame)) throw new TypeError('tryRead must return a message or undefined, not a Promise: it cannot be async')
        return frame
      })
    } catch (error) {
      throw this.#own(error)
    }
  }

  /** Reads the next frame. Throws if the read is refused. */
  read(options: ResolvedReadOptions): Promise<In> {
    const format = this.#format
    if (options.maxBytes !== undefined || !isSynchronous(format)) return this.#readMessage(options)
    const parked = options === NO_OPTIONS ? this.readHalf.park((this.#parked ??= new ParkedFrame(format)), true) : undefined
    if (parked !== undefined) return parked
    const resolved = options === NO_OPTIONS ? this.#options : { ...options, maxBytes: format.maxBytes }
    return this.readHalf.begin((limit) => format.start(limit, undefined), resolved, undefined, true)
  }

  #readMessage(options: ResolvedReadOptions): Promise<In> {
    return this.#message(options).read(async (reader) => {
      let frame: In | undefined
      try {
        frame = await this.#codec.read(reader)
      } catch (error) {
        if (!this.#isNothing || !isFrameError(error)) throw error
      }
      if (this.#isNothing) throw this.readHalf.endError()
      return frame as In
    })
  }

  /** Reads the next frame of an iteration. */
  next(iteration: FrameIteration<In>): Promise<IteratorResult<In>> {
    const format = this.#format
    if (!isSynchronous(format)) return this.#nextMessage(iteration)
    const parked = this.readHalf.park((iteration.parked ??= new ParkedItem(format, iteration)), true)
    if (parked !== undefined) return parked
    return this.readHalf.begin((limit) => new FrameItem(format.start(limit, undefined), iteration), this.#options, undefined, true)
  }

  #nextMessage(iteration: FrameIteration<In>): Promise<IteratorResult<In>> {
    const message = this.#message(NO_OPTIONS, iteration)
    iteration.message = message
    return message.read(async (reader) => {
      try {
        const value = await this.#codec.read(reader)
        if (!this.#isNothing) return { value, done: false }
      } catch (error) {
        if (!this.#isNothing || (this.#isLost && !isFrameError(error))) throw error
      }
      if (this.#isLost) throw this.readHalf.endError()
      iteration.done = true
      return DONE
    })
  }

  #message(options: ResolvedReadOptions, iteration?: FrameIteration<In>): FrameMessage {
    this.readHalf.assertReadable(undefined, options.signal)
    return new FrameMessage(this.readHalf, options, iteration)
  }

  /** Whether the stream has ended or is lost, and the message that is read has no byte: no function makes a frame of nothing. */
  get #isNothing(): boolean {
    const { stream, queue } = this.readHalf
    return stream !== 'open' && queue.length === 0 && queue.marked === 0
  }

  get #isLost(): boolean {
    return this.readHalf.stream === 'lost'
  }

  #own(error: unknown): unknown {
    return ownFrameError(error, this.readHalf)
  }
}

/** Marks a FrameError as raised by the connection, so that it is a normal end of a handler. */
function ownFrameError(error: unknown, { host }: ReadHalf): unknown {
  return isFrameError(error) ? host.raised(error) : error
}

function isFrameError(error: unknown): error is FrameError {
  return isLinnetError(error) && error instanceof FrameError
}

/** The message of one frame. */
class FrameMessage extends Message {
  readonly #half: ReadHalf
  readonly #iteration: IteratorState | undefined

  constructor(readHalf: ReadHalf, options: ResolvedReadOptions, iteration: IteratorState | undefined) {
    super(readHalf, options, OPERATION)
    this.#half = readHalf
    this.#iteration = iteration
  }

  protected override threw(error: unknown): boolean {
    if (this.#iteration !== undefined) this.#iteration.done = true
    return isRaisedBy(ownFrameError(error, this.#half), this.#half.host.id)
  }

  override fail(error: unknown, mayIgnore?: boolean): void {
    if (this.#iteration !== undefined) this.#iteration.done = true
    super.fail(error, mayIgnore)
  }

  override get refusal(): string {
    return `${OPERATION} reads this connection until its frame is whole: await it, or abort it by its \`signal\``
  }
}
