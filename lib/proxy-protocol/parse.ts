// Parses the first bytes of a connection as a PROXY header, of either version, in pieces of any size. It fails at the first byte
// with which they can no longer become a header, consumes no byte behind the header, and holds at most twice the bytes that
// have arrived.
// Decision: docs/decisions/a-proxy-header-is-read-strictly.md

import { type ProxyHeader, SIGNATURE } from './header.js'
import { parseLine } from './version-1.js'
import { Version2 } from './version-2.js'

/** A header, and the bytes behind it. */
export interface Parsed {
  readonly header: ProxyHeader
  readonly rest: Buffer
}

export class HeaderParser {
  readonly #version2 = new Version2()
  #memory: Buffer = Buffer.alloc(0)
  #size = 0

  /** Takes the next bytes. Returns the header once it is complete. @throws MalformedHeader as soon as the bytes cannot become one */
  push(chunk: Buffer): Parsed | undefined {
    const bytes = this.#gather(chunk)
    if (bytes[0] !== SIGNATURE[0]) {
      const parsed = bytes.length === 0 ? undefined : parseLine(bytes)
      return parsed && { header: parsed.header, rest: bytes.subarray(parsed.length) }
    }
    if (bytes.length < this.#version2.needs) return undefined
    const header = this.#version2.parse(bytes)
    return header && { header, rest: bytes.subarray(this.#version2.length) }
  }

  /** Returns all bytes so far. A header mostly arrives in one piece, which is not copied. Otherwise the memory grows by doubling. */
  #gather(chunk: Buffer): Buffer {
    const size = this.#size + chunk.length
    if (this.#size === 0) {
      this.#memory = chunk
    } else if (chunk.length > 0) {
      if (size > this.#memory.length) this.#memory = Buffer.concat([this.#memory.subarray(0, this.#size)], size * 2)
      chunk.copy(this.#memory, this.#size)
    }
    this.#size = size
    return this.#memory.subarray(0, size)
  }
}
