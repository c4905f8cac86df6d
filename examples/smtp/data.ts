// The text of a message: lines up to one that is a single dot. A dot that a client put in front of a leading one is removed (RFC 5321,
// section 4.5.2). What is too large is refused as it arrives, and its memory is freed at once.

import type { Connection } from 'linnet'
import { type LineLimits, readLine, takeLine } from './lines.js'
import type { Settings } from './settings.js'

/** The memory that all messages share. */
export class Budget {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  /** Whether so many bytes could be had; then they are taken. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  give(bytes: number): void {
    this.#left += bytes
  }
}

/** Bytes that grow line by line, in memory of their own. */
export class Text {
  readonly #budget: Budget
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Whether there was memory for it. */
  add(line: Uint8Array): boolean {
    const length = this.#length + line.length
    if (length > this.#bytes.length) {
      const size = Math.max(16_384, length, this.#bytes.length * 2)
      if (!this.#budget.take(size)) return false
      const grown = Buffer.allocUnsafeSlow(size)
      this.bytes.copy(grown)
      this.#budget.give(this.#bytes.length)
      this.#bytes = grown
    }
    this.#bytes.set(line, this.#length)
    this.#length = length
    return true
  }

  /** Gives its memory back. */
  drop(): void {
    this.#budget.give(this.#bytes.length)
    this.#bytes = Buffer.alloc(0)
    this.#length = 0
  }
}

/** RFC 5321, section 4.5.3.1.6: lines of 1,000 bytes. The dot that the client adds does not count. */
const LONGEST_LINE = 1001
const DOT = 46

export const TOO_LARGE = '552 5.3.4 the message is too large'
export const NO_ROOM = '452 4.3.1 no room for the message now'
const LONG_LINE = '554 5.6.0 a line of the message is longer than 1000 bytes'

/** What became of a message: why it is refused, and whether the rest of it was not read, so that no command can follow. */
export interface Received {
  readonly refusal: string | undefined
  readonly cut: boolean
}

/** Reads a message to its end into `text`. */
export async function readText(connection: Connection, text: Text, settings: Settings): Promise<Received> {
  const { maxSize, lineTimeout, messageTimeout, now } = settings
  // A client does not stop sending when its message is refused. One that goes on for ever is cut off.
  const most = 2 * maxSize
  const end = now() + messageTimeout
  // Its lines are the rest of an exchange: a server that drains waits for them.
  const timeout = (): number => Math.max(1, Math.min(lineTimeout, end - now()))
  const limits: LineLimits = { maxBytes: LONGEST_LINE, maxDropped: most, idle: false, timeout }
  let refusal: string | undefined
  for (let size = 0; size <= most; ) {
    const line = takeLine(connection, limits) ?? (await readLine(connection, limits))
    let reason: string | undefined
    if (typeof line === 'number') {
      size += line
      reason = LONG_LINE
    } else {
      if (line[0] === DOT && line.length === 3) return { refusal, cut: false }
      const content = line[0] === DOT ? line.subarray(1) : line
      size += content.length
      if (size > maxSize) reason = TOO_LARGE
      else if (refusal === undefined && !text.add(content)) reason = NO_ROOM
    }
    if (reason === undefined) continue
    refusal ??= reason
    text.drop()
  }
  return { refusal, cut: true }
}
