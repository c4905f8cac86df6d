// From the first bytes of a connection to a PROXY header, of whichever version they are, in whatever pieces they come. It
// says as early as possible that they can no longer become one, takes no byte of what stands behind a header, and holds no
// more than twice what has come.

import { type ProxyHeader, SIGNATURE } from './header.js'
import { parseLine } from './version-1.js'
import { Version2 } from './version-2.js'

/** A header, and the bytes that came behind it. */
export interface Parsed {
  readonly header: ProxyHeader
  readonly rest: Buffer
}

export class HeaderParser {
  readonly #version2 = new Version2()
  #memory: Buffer = Buffer.alloc(0)
  #size = 0

  /** Takes the next bytes: the header, if it is whole now. @throws MalformedHeader as soon as there can be none */
  push(chunk: Buffer): Parsed | undefined {
    const bytes = this.#gather(chunk)
    if (bytes[0] !== SIGNATURE[0]) {
      const parsed = bytes.length === 0 ? undefined : parseLine(bytes)
      return parsed && { header: parsed.header, rest: bytes.subarray(parsed.length) }
    }
    if (bytes.length < this.#version2.needs) return undefined
    const header = this.#version2.look(bytes)
    return header && { header, rest: bytes.subarray(this.#version2.length) }
  }

  /** All that has come. A header mostly comes in one piece, which is taken as it is; else room is made by doubling. */
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
