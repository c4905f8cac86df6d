// N1: `node:net` for low latency: `noDelay`, lines split by hand, one write for each.

import { listenWithNet } from './support.js'

const LINE_FEED = 10

listenWithNet((socket) => {
  // The pieces of an incomplete line, joined once when its end arrives.
  let begun: Buffer[] = []
  socket.on('drain', () => socket.resume())
  socket.on('data', (chunk: Buffer) => {
    let start = 0
    for (let end: number; (end = chunk.indexOf(LINE_FEED, start) + 1) > 0; start = end) {
      let line = chunk.subarray(start, end)
      if (begun.length > 0) {
        line = Buffer.concat([...begun, line])
        begun = []
      }
      if (!socket.write(line)) socket.pause()
    }
    if (start < chunk.length) begun.push(chunk.subarray(start))
  })
})
