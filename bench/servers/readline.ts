// `node:readline` over the socket: its 'line' event, one write for each line. (Its async iterator is slower.)

import { createInterface } from 'node:readline'
import { listenWithNet } from './support.js'

listenWithNet((socket) => {
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
  socket.on('drain', () => lines.resume())
  lines.on('line', (line) => {
    if (!socket.write(`${line}\n`)) lines.pause()
  })
})
