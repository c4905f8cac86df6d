// it-byte-stream, of libp2p, over the socket by stream-to-it: awaits bytes and writes. It has no method for lines, so they
// are split by hand.

import type { Socket } from 'node:net'
import { byteStream } from 'it-byte-stream'
import { duplex } from 'stream-to-it'
import { listenWithNet } from './support.js'

const LINE_FEED = 10

listenWithNet((socket) => {
  serve(socket).catch(() => socket.destroy())
})

async function serve(socket: Socket): Promise<void> {
  const stream = byteStream(duplex(socket))
  let begun: Uint8Array[] = []
  for (let list = await stream.read(); list !== null; list = await stream.read()) {
    const chunk = list.subarray()
    let start = 0
    for (let end: number; (end = chunk.indexOf(LINE_FEED, start) + 1) > 0; start = end) {
      let line = chunk.subarray(start, end)
      if (begun.length > 0) {
        line = Buffer.concat([...begun, line])
        begun = []
      }
      await stream.write(line)
    }
    if (start < chunk.length) begun.push(chunk.subarray(start))
  }
}
