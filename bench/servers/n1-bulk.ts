// `node:net` with bulk data: `up` receives bytes, `down` sends a given number, `both` returns the received bytes. The client ends its side
// first, which with Node's default (`allowHalfOpen: false`) would discard unsent bytes.

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
