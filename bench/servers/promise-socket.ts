// promise-socket: awaits chunks and writes. It has no method for lines, so they are split by hand.

import type { Socket } from 'node:net'
import { PromiseSocket } from 'promise-socket'
import { listenWithNet } from './support.js'

const LINE_FEED = 10

listenWithNet((socket) => {
  serve(socket).catch(() => socket.destroy())
})

async function serve(plain: Socket): Promise<void> {
  const socket = new PromiseSocket(plain)
  let begun: Buffer[] = []
  for (let chunk = await socket.read(); chunk !== undefined; chunk = await socket.read()) {
    let start = 0
    for (let end: number; (end = chunk.indexOf(LINE_FEED, start) + 1) > 0; start = end) {
      let line = chunk.subarray(start, end)
      if (begun.length > 0) {
        line = Buffer.concat([...begun, line])
        begun = []
      }
      await socket.write(line)
    }
    if (start < chunk.length) begun.push(chunk.subarray(start))
  }
}
