// `node:net`, moving bytes: up takes them, down sends as many as it was told, both sends back what comes.

import { block } from './block.js'
import { bytes, listenWithNet, mode } from './support.js'

listenWithNet((socket) => {
  if (mode === 'up') socket.resume()
  else if (mode === 'both') socket.pipe(socket)
  else {
    socket.resume()
    let left = bytes
    const send = (): void => {
      for (let room = true; left > 0 && room; left -= block.length) room = socket.write(block)
      if (left === 0) socket.end()
    }
    socket.on('drain', send)
    send()
  }
})
