// Finds the commands in what a client sends. All that has arrived is parsed at once, without a promise for each command; what is cut off
// is continued where it ended when more arrives, so that the cost does not depend on the packets. Text has one character a byte.

import { ProtocolError } from './error.js'
import { wordsOf } from './inline.js'
import { type Limits, LONGEST_LINE } from './settings.js'

const [CR, LF, STAR, DOLLAR, ZERO] = [13, 10, 42, 36, 48]
/** What a word costs beside its bytes, about. */
const OVERHEAD = 16
/** A length of which not all has arrived. */
const INCOMPLETE = -1

export class Parser {
  limits: Limits
  /** What is parsed, and how far. */
  #text = ''
  #at = 0
  /** What arrived later, and is joined to the text once there is as much as is needed. */
  #later: string[] = []
  #size = 0
  #needed = 0
  /** The command whose words arrive, and how many words it lacks. */
  #words: string[] = []
  #missing = 0
  /** The bytes of the word that arrives, undefined before its length. */
  #length: number | undefined
  #bytes = 0

  constructor(limits: Limits) {
    this.limits = limits
  }

  /** True between two commands. */
  get empty(): boolean {
    return this.#missing === 0 && this.#at === this.#text.length && this.#later.length === 0
  }

  /** The bytes that were not parsed yet. */
  get waiting(): number {
    return this.#text.length - this.#at + this.#size
  }

  /** Adds what has arrived. */
  push(text: string): void {
    if (this.#at === this.#text.length && this.#later.length === 0) {
      this.#text = text
      this.#at = 0
      this.#needed = 0
      return
    }
    this.#later.push(text)
    this.#size += text.length
  }

  /**
   * The words of the next command; undefined until more arrives.
   *
   * @throws ProtocolError, after which there is no next command
   */
  next(): string[] | undefined {
    if (this.#later.length > 0 && !this.#join()) return undefined
    for (;;) {
      if (this.#missing > 0) {
        while (this.#missing > 0) if (!this.#word()) return undefined
        const words = this.#words
        this.#words = []
        return words
      }
      if (this.#at === this.#text.length) {
        // An idle client keeps nothing of what it has sent.
        this.#text = ''
        this.#at = 0
        return undefined
      }
      if (this.#text.charCodeAt(this.#at) !== STAR) {
        const words = this.#inline()
        if (words === undefined || words.length > 0) return words
      } else if (!this.#begin()) return undefined
    }
  }

  /** Joins what arrived later, if there is enough now. */
  #join(): boolean {
    if (this.waiting < this.#needed) return false
    this.#text = this.#text.slice(this.#at) + this.#later.join('')
    this.#at = 0
    this.#later = []
    this.#size = 0
    this.#needed = 0
    return true
  }

  /** Reads `*3` and its line end. A command of no words, or less, is none. */
  #begin(): boolean {
    const count = this.#number('invalid multibulk length', 'too big mbulk count string')
    if (count === INCOMPLETE) return false
    const { words, kind } = this.limits
    if (count > words) throw new ProtocolError(`${kind} multibulk length`)
    this.#missing = count
    this.#bytes = 0
    return true
  }

  /** Reads a word: `$5`, a line end, five bytes and a line end. False if it has not arrived. */
  #word(): boolean {
    let length = this.#length
    if (length === undefined) {
      if (this.#at === this.#text.length) return this.#need(1)
      const code = this.#text.charCodeAt(this.#at)
      if (code !== DOLLAR) {
        const shown = code < 32 ? ' ' : String.fromCharCode(code)
        throw new ProtocolError(`expected '$', got '${shown}'`)
      }
      length = this.#number('invalid bulk length', 'too big bulk count string')
      if (length === INCOMPLETE) return false
      const { word, command, kind } = this.limits
      if (length > word) throw new ProtocolError(`${kind} bulk length`)
      this.#bytes += length + OVERHEAD
      if (this.#bytes > command) throw new ProtocolError('too big command')
      this.#length = length
    }
    const text = this.#text
    const start = this.#at
    const end = start + length
    if (end + 2 > text.length) return this.#need(length + 2)
    // Redis does not look at these two bytes. A client that counts wrong is better refused than misunderstood.
    if (text.charCodeAt(end) !== CR || text.charCodeAt(end + 1) !== LF) throw new ProtocolError('invalid bulk length')
    this.#words.push(text.slice(start, end))
    this.#at = end + 2
    this.#missing--
    this.#length = undefined
    return true
  }

  /** Reads the number behind the first character of a line, and the line end. */
  #number(wrong: string, tooLong: string): number {
    const text = this.#text
    const start = this.#at + 1
    let value = 0
    let at = start
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - ZERO
      // Without leading zeros, and no more than is safe to compute with.
      if (digit < 0 || digit > 9 || (value === 0 && at > start) || at - start > 14) break
      value = value * 10 + digit
    }
    if (text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF && at > start) {
      this.#at = at + 2
      return value
    }
    return this.#oddNumber(wrong, tooLong)
  }

  /** A number that has not arrived whole, is negative, or is none. */
  #oddNumber(wrong: string, tooLong: string): number {
    const end = this.#text.indexOf('\r', this.#at)
    const length = (end < 0 ? this.#text.length : end) - this.#at
    if (length > LONGEST_LINE) throw new ProtocolError(tooLong)
    if (end < 0 || end + 1 === this.#text.length) {
      this.#need(this.#text.length - this.#at + 1)
      return INCOMPLETE
    }
    const isNegative = /^\*-[1-9]\d{0,17}\r\n/.test(this.#text.slice(this.#at, end + 2))
    if (!isNegative) throw new ProtocolError(wrong)
    this.#at = end + 2
    return 0
  }

  /** Reads a command in one line; an empty line has no words. */
  #inline(): string[] | undefined {
    const end = this.#text.indexOf('\n', this.#at)
    const length = (end < 0 ? this.#text.length : end) - this.#at
    if (length > LONGEST_LINE) throw new ProtocolError('too big inline request')
    if (end < 0) {
      this.#need(length + 1)
      return undefined
    }
    const words = wordsOf(this.#text.slice(this.#at, end))
    if (words === undefined) throw new ProtocolError('unbalanced quotes in request')
    this.#at = end + 1
    return words
  }

  /** Notes how many bytes from here on are needed to go on. */
  #need(bytes: number): false {
    this.#needed = bytes
    return false
  }
}
