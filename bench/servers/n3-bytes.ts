// N3 with bytes instead of text: a view for each line, and the answers copied into memory that is reused if the system has taken all of
// it when `write` returns.

import type { Socket } from 'node:net'
import { listenWithNet } from './support.js'

const LINE_FEED = 10
const MIB = 1024 * 1024
let answers = Buffer.allocUnsafeSlow(MIB)

// The class behind Buffer and its methods, stored once: half the time of `subarray` and of looking them up.
type Maker = new (memory: ArrayBufferLike, offset: number, length: number) => Buffer
const { [Symbol.species]: View } = Buffer as unknown as Record<symbol, Maker>
const { indexOf } = Buffer.prototype
const { set } = Uint8Array.prototype

/** The place of a program's work. */
const handle = (line: Buffer): Buffer => line

listenWithNet((socket) => {
  let begun: Buffer[] = []
  socket.on('drain', () => socket.resume())
  socket.on('data', (chunk: Buffer) => {
    const { buffer, byteOffset } = chunk
    let start = 0
    let filled = 0
    for (let end: number; (end = indexOf.call(chunk, LINE_FEED, start) + 1) > 0; start = end) {
      let line: Buffer = new (View as Maker)(buffer, byteOffset + start, end - start)
      if (begun.length > 0) {
        line = Buffer.concat([...begun, line])
        begun = []
      }
      const answer = handle(line)
      if (filled + answer.length > MIB) filled = send(socket, filled)
      if (answer.length > MIB) socket.write(answer)
      else {
        set.call(answers, answer, filled)
        filled += answer.length
      }
    }
    if (start < chunk.length) begun.push(chunk.subarray(start))
    send(socket, filled)
    if (socket.writableNeedDrain) socket.pause()
  })
})

function send(socket: Socket, filled: number): 0 {
  if (filled > 0) socket.write(answers.subarray(0, filled))
  if (socket.writableLength > 0) answers = Buffer.allocUnsafeSlow(MIB)
  return 0
}
