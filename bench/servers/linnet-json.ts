// linnet, iterating over values, each as JSON on a line.

import { framed, json, lines } from './framing.js'
import { listen } from './library.js'
import { listenOptions, ready } from './support.js'

const codec = json(lines())
const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  const messages = framed(connection, codec)
  for await (const value of messages) await messages.write(value)
})
