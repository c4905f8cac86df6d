// frame-stream: a decoder and an encoder between the socket and itself, for lengths of four bytes.

import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { decode, encode } from 'frame-stream'
import { listenWithNet } from './support.js'

const MIB = 1024 * 1024

listenWithNet((socket: Socket) => {
  pipeline(socket, decode({ maxSize: MIB }), encode(), socket, () => {})
})
