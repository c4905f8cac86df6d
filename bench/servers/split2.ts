// split2 with JSON.parse, as its page shows, and one write for each value.

import split from 'split2'
import { listenWithNet } from './support.js'

const MIB = 1024 * 1024

listenWithNet((socket) => {
  const values = socket.pipe(split(JSON.parse, { maxLength: MIB }))
  values.on('error', () => socket.destroy())
  socket.on('drain', () => values.resume())
  values.on('data', (value: unknown) => {
    if (!socket.write(`${JSON.stringify(value)}\n`)) values.pause()
  })
})
