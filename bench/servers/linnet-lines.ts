// linnet, iterating over lines of text.

import { listen } from './library.js'
import { listenOptions, ready } from './support.js'

const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  for await (const line of connection.lines()) await connection.write(`${line}\n`)
})
