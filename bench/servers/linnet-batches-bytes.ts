// The same as linnet-batches.ts with bytes instead of text.

import { listen } from './library.js'
import { listenOptions, ready } from './support.js'

/** The place of a program's work. */
const answer = (line: Buffer): Buffer => line

const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  for await (const lines of connection.batches('\n')) await connection.write(lines.map(answer))
})
