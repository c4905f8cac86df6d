// The frame of a packet: a type with flags in one byte, the length of the rest in one to four bytes, and the rest. decode.ts decodes what is
// in the rest, and encode.ts has the packets of the server.

import { FrameError } from 'linnet'
import type { Codec } from 'linnet/framing'
import { checkFirst, decode } from './decode.js'
import type { Packet } from './packet.js'
import type { Settings } from './settings.js'

/** A byte has seven bits of the length, the lowest ones first, and a bit that says that another byte follows (section 2.2.3). */
const MORE = 0x80
const MOST_LENGTH_BYTES = 4

/**
 * The packets that a client sends; what is written are the server's, encoded already. A packet that is not as the specification says
 * is a FrameError, which is a normal end of a handler: the connection is closed.
 */
export function packets({ maxPacket }: Pick<Settings, 'maxPacket'>): Codec<Packet, Uint8Array> {
  return {
    async read(reader) {
      const first = (await reader.readExactly(1))[0] as number
      checkFirst(first)
      const length = new Length(maxPacket)
      while (!length.add((await reader.readExactly(1))[0] as number));
      const body = length.value === 0 ? NOTHING : await reader.readExactly(length.value, { maxBytes: maxPacket })
      return decode(first, body)
    },
    // A packet that has arrived whole costs no promise of its own.
    tryRead(reader) {
      const head = reader.tryReadExactly(2)
      if (head === undefined) return undefined
      const first = head[0] as number
      checkFirst(first)
      const length = new Length(maxPacket)
      let next = head[1] as number
      while (!length.add(next)) {
        const byte = reader.tryReadExactly(1)
        if (byte === undefined) return undefined
        next = byte[0] as number
      }
      const body = length.value === 0 ? NOTHING : reader.tryReadExactly(length.value)
      return body === undefined ? undefined : decode(first, body)
    },
    encode: (bytes) => bytes,
  }
}

const NOTHING = Buffer.alloc(0)

/** The length of a packet, byte by byte. */
class Length {
  value = 0
  #bytes = 0
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** Returns whether the length is complete. */
  add(byte: number): boolean {
    this.value += (byte & ~MORE) * 128 ** this.#bytes++
    const complete = (byte & MORE) === 0
    if (!complete && this.#bytes === MOST_LENGTH_BYTES) throw new FrameError({ message: 'the length of a packet has at most four bytes' })
    if (this.value > this.#most) throw new FrameError({ message: `a packet has at most ${this.#most} bytes, not ${this.value} or more` })
    return complete
  }
}
