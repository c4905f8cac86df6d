// The least that a server on `node:net` does for a command: `+OK` for each packet, whatever is in it.

import { listenWithNet } from './support.js'

listenWithNet((socket) => {
  socket.on('data', () => socket.write('+OK\r\n'))
})
