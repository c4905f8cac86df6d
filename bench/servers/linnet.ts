// linnet, the loop of awaits, as in its README.

import { listen } from './library.js'
import { listenOptions, ready } from './support.js'

const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  for (;;) await connection.write(await connection.readUntil('\n'))
})
