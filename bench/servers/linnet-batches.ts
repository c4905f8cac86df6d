// linnet, all lines that have arrived at once, and their answers in one write.

import { listen } from './library.js'
import { listenOptions, ready } from './support.js'

const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  for await (const lines of connection.lineBatches()) await connection.write(lines.map((line) => `${line}\n`))
})
