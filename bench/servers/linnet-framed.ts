// linnet, iterating over lines as messages of a codec.

import { framed, lines } from './framing.js'
import { listen } from './library.js'
import { listenOptions, ready } from './support.js'

const codec = lines()
const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  const messages = framed(connection, codec)
  for await (const line of messages) await messages.write(line)
})
