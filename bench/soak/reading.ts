// The methods to read one message, by its format. All of them return the same bytes. Methods that make several reads outside of
// `readMessage` record the number of consumed bytes, so that an end after these counts as an early one.

import type { Connection } from 'linnet'
import type { Insistence } from './interrupt.js'
import { delimiters } from './messages.js'
import type { Format, Size } from './plan.js'
import type { Random } from './random.js'
import { recalled } from './recall.js'

const HEAD = 4
/** No text has these bytes. */
const NEVER = Buffer.from([0xff, 0xfe, 0xfd])
/** Marks a read for the rest of a message, which a drain does not interrupt. */
const rest = { idle: false } as const

export class MessageReader {
  readonly #connection: Connection
  readonly #random: Random
  readonly #insist: Insistence
  /** Consumed bytes of the current message. */
  taken = 0
  /** The method by which the current message is read, for reports. */
  way = ''

  constructor(connection: Connection, random: Random, insist: Insistence) {
    this.#connection = connection
    this.#random = random
    this.#insist = insist
  }

  async read(format: Format, size: Size): Promise<Buffer> {
    this.taken = 0
    const bytes = format === 'frame' ? await this.#frame() : await this.#text(delimiters[format], size)
    this.taken = 0
    return bytes
  }

  // --- text ------------------------------------------------------------------------------------------------------------

  async #text(delimiter: string, size: Size): Promise<Buffer> {
    const connection = this.#connection
    const insist = this.#insist
    const line = { delimiter }
    const way = this.#random.weighted({
      until: 3,
      text: 2,
      list: 1,
      line: 3,
      try: 2,
      message: 2,
      match: size === 'small' ? 1 : 0,
      lines: 2,
      peek: 1,
    })
    this.way = `text by ${way}`
    switch (way) {
      case 'until':
        return insist.until((limit) => connection.readUntil(delimiter, limit))
      case 'text':
        return Buffer.from(await insist.until((limit) => connection.readUntil(delimiter, { ...limit, encoding: 'utf8' })))
      case 'list':
        return insist.until((limit) => connection.readUntil([delimiter, NEVER], limit))
      case 'line':
        return Buffer.from((await insist.until((limit) => connection.readLine({ ...line, ...limit }))) + delimiter)
      case 'try':
        return Buffer.from(
          (connection.tryReadLine(line) ?? (await insist.until((limit) => connection.readLine({ ...line, ...limit })))) + delimiter,
        )
      case 'message':
        return insist.until((limit) =>
          connection.readMessage(async (reader) => {
            const number = await reader.readUntil(' ')
            return Buffer.concat([number, await reader.readUntil(delimiter)])
          }, limit),
        )
      case 'match':
        return insist.until((limit) => connection.readUntilMatch(new RegExp(delimiter.replaceAll('.', '\\.')), limit))
      case 'lines':
        return this.#byLines(delimiter)
      case 'peek': {
        // Peeks twice, and consumes the length of the second result.
        const seen = await insist.until((limit) => connection.peek(1, limit))
        const whole = await insist.until((limit) => connection.readUntil(delimiter, limit))
        if (seen[0] !== whole[0]) throw new Error(`peek gave ${seen[0]}, and the read behind it ${whole[0]}`)
        return whole
      }
    }
  }

  /** `lines` also yields a last line without a delimiter, which is not a message. */
  async #byLines(delimiter: string): Promise<Buffer> {
    const connection = this.#connection
    const position = connection.bytesRead - connection.buffered
    const recall = this.#random.chance(0.2) ? await recalled(connection.lines({ delimiter }), this.#random) : undefined
    const line = recall ?? (await this.#insist.until((limit) => firstOf(connection.lines({ delimiter, ...limit }))))
    const whole = Buffer.from(line + delimiter)
    const taken = connection.bytesRead - connection.buffered - position
    // An abort meanwhile has discarded the buffered bytes, so the difference is larger.
    if (taken >= whole.length) return whole
    this.taken = taken
    throw new EarlyEnd()
  }

  // --- frames ----------------------------------------------------------------------------------------------------------

  async #frame(): Promise<Buffer> {
    const connection = this.#connection
    const insist = this.#insist
    const way = this.#random.weighted({ message: 4, steps: 3, try: 2, peek: 2, skip: 1, into: 2, chunks: 2, pieces: 2 })
    this.way = `frame by ${way}`
    if (way === 'message') {
      return insist.until((limit) =>
        connection.readMessage(async (reader) => {
          const head = await reader.readExactly(HEAD)
          return Buffer.concat([head, await reader.readExactly(head.readUInt32BE())])
        }, limit),
      )
    }
    if (way === 'peek' || way === 'skip') {
      const length = HEAD + (await insist.until((limit) => connection.peek(HEAD, limit))).readUInt32BE()
      if (way === 'peek') return insist.until((limit) => connection.readExactly(length, { ...limit, ...rest }))
      const whole = await insist.until((limit) => connection.peek(length, { ...limit, ...rest }))
      const skipped = await connection.skip(length)
      if (skipped !== length) throw new Error(`skip(${length}) of bytes that were there dropped ${skipped}`)
      return whole
    }
    const tried = way === 'try' ? connection.tryReadExactly(HEAD) : undefined
    const head = tried ?? (await insist.until((limit) => connection.readExactly(HEAD, limit)))
    this.taken = HEAD
    const length = head.readUInt32BE()
    if (way === 'into') {
      const whole = Buffer.concat([head], HEAD + length)
      await insist.until((limit) => connection.readInto(whole.subarray(HEAD), { ...limit, ...rest }))
      return whole
    }
    if (way === 'chunks' || way === 'pieces') return this.#inPieces([Buffer.from(head)], length, way === 'chunks')
    return Buffer.concat([head, await insist.until((limit) => connection.readExactly(length, { ...limit, ...rest }))])
  }

  /** An interrupted loop keeps its chunks; a new one continues after them. */
  async #inPieces(pieces: Buffer[], length: number, byLoop: boolean): Promise<Buffer> {
    let left = length
    const take = (piece: Buffer): void => {
      pieces.push(Buffer.from(piece))
      left -= piece.length
      this.taken += piece.length
    }
    while (left > 0) {
      if (byLoop) {
        const piece = this.#random.chance(0.1) ? await recalled(this.#connection.chunks(left, rest), this.#random) : undefined
        if (piece !== undefined) take(piece)
        await this.#insist.until(async (limit) => {
          for await (const chunk of this.#connection.chunks(left, { ...limit, ...rest })) take(chunk)
        })
      } else {
        const maxBytes = Math.min(left, this.#random.skewed(1, 100_000))
        const piece = await this.#insist.until((limit) => this.#connection.read({ ...limit, ...rest, maxBytes }))
        if (piece === null) throw new EarlyEnd()
        take(piece)
      }
    }
    return Buffer.concat(pieces)
  }
}

/** `read()` resolved with `null` in the middle of a message. */
export class EarlyEnd extends Error {}

async function firstOf(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) return line
  throw new EarlyEnd()
}
