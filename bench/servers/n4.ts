// N4: ignores lines: returns all bytes up to the last line feed of a chunk. An upper bound, not a program.

import { listenWithNet } from './support.js'

const LINE_FEED = 10

listenWithNet((socket) => {
  let begun: Buffer[] = []
  socket.on('drain', () => socket.resume())
  socket.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(LINE_FEED) + 1
    if (end > 0) {
      const lines = chunk.subarray(0, end)
      const full = !socket.write(begun.length === 0 ? lines : Buffer.concat([...begun, lines]))
      begun = []
      if (full) socket.pause()
    }
    if (end < chunk.length) begun.push(chunk.subarray(end))
  })
})
