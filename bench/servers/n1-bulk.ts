// `node:net`, moving bytes: up takes them, down sends as many as it was told, both sends back what comes. The client ends
// its side first, which by Node's default would cut off what is still to be sent.

import { block } from './block.js'
import { bytes, listenWithNet, mode } from './support.js'

listenWithNet(
  (socket) => {
    if (mode === 'both') socket.pipe(socket)
    else {
      socket.resume()
      if (mode === 'up') socket.on('end', () => socket.end())
      else send()
    }

    function send(): void {
      let left = bytes
      const more = (): void => {
        for (let room = true; left > 0 && room; left -= block.length) room = socket.write(block)
        if (left === 0) socket.end()
      }
      socket.on('drain', more)
      more()
    }
  },
  { noDelay: true, allowHalfOpen: true },
)
