// linnet, iterating over messages of bytes, each with a length of four bytes in front of it.

import { framed, lengthPrefixed } from './framing.js'
import { listen } from './library.js'
import { listenOptions, ready } from './support.js'

const codec = lengthPrefixed({ bytes: 4 })
const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  const messages = framed(connection, codec)
  for await (const message of messages) await messages.write(message)
})
