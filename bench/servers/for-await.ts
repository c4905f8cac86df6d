// `node:net`, iterating over the socket: lines split by hand, one write for each, and a wait when `write` returns false.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { listenWithNet } from './support.js'

const LINE_FEED = 10

listenWithNet((socket) => {
  serve(socket).catch(() => socket.destroy())
})

async function serve(socket: Socket): Promise<void> {
  let begun: Buffer[] = []
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let start = 0
    for (let end: number; (end = chunk.indexOf(LINE_FEED, start) + 1) > 0; start = end) {
      let line = chunk.subarray(start, end)
      if (begun.length > 0) {
        line = Buffer.concat([...begun, line])
        begun = []
      }
      if (!socket.write(line)) await once(socket, 'drain')
    }
    if (start < chunk.length) begun.push(chunk.subarray(start))
  }
}
