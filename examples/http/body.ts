// The body of a request: so many bytes, or chunks with trailers behind them (RFC 9112, section 7.1). It is read from the connection
// as the handler asks for it, so that a slow handler holds the client. A body that is malformed, too large, too slow or cut is an
// HttpError; the connection is closed after the answer, because the next request cannot be found.

import { type Connection, EndOfStreamError, LimitExceededError, TimeoutError } from 'linnet'
import { HttpError } from './error.js'
import { type Fields, NO_TRAILERS, parseFields } from './fields.js'
import { type Head, tooLarge } from './head.js'
import type { Settings } from './settings.js'

/** The most bytes of one piece. */
const PIECE = 65_536
/** The most bytes of the line in front of a chunk, and of the extensions of all chunks: they are ignored, but have to be read. */
const CHUNK_LINE = 1024
const EXTENSIONS = 16_384

/**
 * The size of a chunk in hexadecimal digits, at most thirteen (a number that is exact), and extensions. Nothing else: no sign, no `0x`,
 * no space, no bare CR or LF. The two parts of an extension that could hide a line end are a token and a quoted text.
 */
const CHUNK =
  /^([\da-f]{1,13})((?:;[!#$%&'*+.^_`|~\w-]+(?:=(?:[!#$%&'*+.^_`|~\w-]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*)\r\n$/i

export class Body implements AsyncIterable<Buffer> {
  readonly #connection: Connection
  readonly #settings: Settings
  readonly #chunked: boolean
  /** The unread bytes of the body, or of the chunk that is being read. */
  #left: number
  #over: boolean
  #failure: unknown
  #expects: boolean
  #chunks = 0
  #extensions = 0
  #total = 0
  #waited = 0
  #trailers: Fields = new Map()

  constructor(connection: Connection, { length, expects }: Head, settings: Settings) {
    this.#connection = connection
    this.#settings = settings
    this.#chunked = length === Number.POSITIVE_INFINITY
    this.#left = this.#chunked ? 0 : length
    this.#over = length === 0
    this.#expects = expects && length > 0
  }

  /** Whether all of it has been read. */
  get over(): boolean {
    return this.#over
  }

  /** The trailers of a chunked body, once all of it has been read. They are never merged into the headers. */
  get trailers(): Fields {
    return this.#trailers
  }

  /** Resolves with the next piece, or `null` at the end. */
  async read(): Promise<Buffer | null> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#over) return null
    try {
      this.sendContinue()
      if (this.#left === 0) await this.#nextChunk()
      if (this.#over) return null
      const piece = await this.#waitFor(this.#connection.read({ maxBytes: Math.min(this.#left, PIECE), idle: false }))
      if (piece === null) throw new EndOfStreamError()
      this.#left -= piece.length
      if (this.#left === 0 && !this.#chunked) this.#over = true
      return piece
    } catch (error) {
      this.#failure = answerable(error)
      throw this.#failure
    }
  }

  /** Reads a line of a chunked body. `idle`, here and elsewhere: it is not the wait for a request, also behind `100 Continue`. */
  #readLine(maxBytes: number): Promise<string> {
    return this.#waitFor(this.#connection.readUntil('\n', { encoding: 'latin1', maxBytes, idle: false }))
  }

  /** `readTimeout` limits each read, and this all of them together: a client may not send a line now and then. */
  async #waitFor<T>(read: Promise<T>): Promise<T> {
    const began = performance.now()
    const result = await read
    this.#waited += performance.now() - began
    if (this.#waited > this.#settings.bodyTimeout) throw tooSlow()
    return result
  }

  /** Reads the line of the next chunk, and the trailers behind the last one. */
  async #nextChunk(): Promise<void> {
    if (this.#chunks++ > 0) {
      const end = await this.#waitFor(this.#connection.readExactly(2, { encoding: 'latin1', idle: false }))
      if (end !== '\r\n') throw new HttpError(400, 'a chunk does not end where its size says')
    }
    const line = CHUNK.exec(await this.#readLine(CHUNK_LINE))
    if (line === null) throw new HttpError(400, 'the size of a chunk is malformed')
    const [, size = '', extensions = ''] = line
    this.#left = Number.parseInt(size, 16)
    this.#total += this.#left
    this.#extensions += extensions.length
    if (this.#total > this.#settings.maxBody || this.#extensions > EXTENSIONS) throw tooLarge(this.#settings.maxBody)
    if (this.#left > 0) return
    this.#trailers = await this.#readTrailers()
    this.#over = true
  }

  async #readTrailers(): Promise<Fields> {
    const { maxHeaderBytes, maxHeaders } = this.#settings
    const tooLong = new HttpError(431, `the trailers have at most ${maxHeaderBytes} bytes`)
    let text = ''
    while (!text.endsWith('\n\r\n') && text !== '\r\n') {
      const maxBytes = maxHeaderBytes - text.length
      if (maxBytes === 0) throw tooLong
      try {
        text += await this.#readLine(maxBytes)
      } catch (error) {
        throw error instanceof LimitExceededError ? tooLong : error
      }
    }
    return new Map([...parseFields(text, 0, maxHeaders)].filter(([name]) => !NO_TRAILERS.has(name)))
  }

  /** The pieces. A loop that is left early leaves the rest of the body unread. */
  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return {
      next: async () => {
        const value = await this.read()
        return value === null ? { done: true, value: undefined } : { done: false, value }
      },
    }
  }

  /** The whole body, or what is unread of it. `maxBody` bounds it. */
  async bytes(): Promise<Buffer> {
    if (this.#over) return Buffer.alloc(0)
    const pieces: Buffer[] = []
    for await (const piece of this) pieces.push(piece)
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
  }

  /** The whole body as UTF-8. */
  async text(): Promise<string> {
    return (await this.bytes()).toString()
  }

  // --- for the server --------------------------------------------------------------------------------------------------

  /** Lets a client that waits for it send its body. One that has begun to send does not wait. */
  sendContinue(): void {
    if (!this.#expects) return
    this.#expects = false
    if (this.#connection.buffered === 0) void this.#connection.write('HTTP/1.1 100 Continue\r\n\r\n')
  }

  /** Whether the next request cannot be reached: this body failed, may not come at all, or has more than `most` bytes left. */
  blocks(most: number): boolean {
    return this.#failure !== undefined || this.#expects || (!this.#over && !this.#chunked && this.#left > most)
  }

  /** Reads and drops the rest. Resolves with false if that is more than `most` bytes. */
  async discard(most: number): Promise<boolean> {
    let dropped = 0
    while (!this.#over) {
      dropped += (await this.read())?.length ?? 0
      if (dropped > most) return false
    }
    return true
  }
}

/** The error with which a failed read of a body is answered. A connection that is lost or closed has no answer. */
function answerable(error: unknown): unknown {
  if (error instanceof TimeoutError) return tooSlow()
  if (error instanceof EndOfStreamError) return new HttpError(400, 'the body was cut')
  if (error instanceof LimitExceededError) return new HttpError(400, 'a line of the chunked body is too long')
  return error
}

function tooSlow(): HttpError {
  return new HttpError(408, 'the body came too slowly')
}
