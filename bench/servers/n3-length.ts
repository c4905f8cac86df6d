// N3 for messages with a length of four bytes in front of them: all messages of a chunk are parsed, each is handled, and the answers are
// sent in one write. As in n3-bytes.ts a message is a view of its chunk, and the answers are copied into memory that is reused if the
// system has taken all of it when `write` returns.

import type { Socket } from 'node:net'
import { listenWithNet } from './support.js'

const HEADER = 4
const MIB = 1024 * 1024
const MOST = HEADER + MIB
let answers = Buffer.allocUnsafeSlow(MOST)

// As in n3-bytes.ts.
type Maker = new (memory: ArrayBufferLike, offset: number, length: number) => Buffer
const { [Symbol.species]: View } = Buffer as unknown as Record<symbol, Maker>
const { set } = Uint8Array.prototype

/** The place of a program's work. An answer has at most 1 MiB, as a message has. */
const handle = (message: Buffer): Buffer => message

listenWithNet((socket) => {
  // The beginning of an incomplete message, and the bytes that are needed to continue. Its chunks are joined once.
  let begun: Buffer[] = []
  let gathered = 0
  let needed = 0
  socket.on('drain', () => socket.resume())
  socket.on('data', (received: Buffer) => {
    let chunk = received
    if (gathered > 0) {
      begun.push(received)
      gathered += received.length
      if (gathered < needed) return
      chunk = Buffer.concat(begun, gathered)
      begun = []
      gathered = 0
    }
    const { buffer, byteOffset, length } = chunk
    let start = 0
    let filled = 0
    for (;;) {
      needed = HEADER
      if (length - start < needed) break
      const size =
        ((chunk[start] as number) << 24) |
        ((chunk[start + 1] as number) << 16) |
        ((chunk[start + 2] as number) << 8) |
        (chunk[start + 3] as number)
      // Also a size that is negative as a number of 32 bits.
      if (size >>> 0 > MIB) {
        socket.destroy()
        return
      }
      needed += size
      if (length - start < needed) break
      const answer = handle(new (View as Maker)(buffer, byteOffset + start + HEADER, size))
      start += needed
      if (filled + HEADER + answer.length > MOST) filled = send(socket, filled)
      answers[filled] = answer.length >>> 24
      answers[filled + 1] = answer.length >>> 16
      answers[filled + 2] = answer.length >>> 8
      answers[filled + 3] = answer.length
      set.call(answers, answer, filled + HEADER)
      filled += HEADER + answer.length
    }
    if (start < length) {
      begun.push(chunk.subarray(start))
      gathered = length - start
    }
    send(socket, filled)
    if (socket.writableNeedDrain) socket.pause()
  })
})

function send(socket: Socket, filled: number): 0 {
  if (filled > 0) socket.write(answers.subarray(0, filled))
  if (socket.writableLength > 0) answers = Buffer.allocUnsafeSlow(MOST)
  return 0
}
