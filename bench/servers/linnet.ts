// linnet, the linear loop: what its README shows.

import { listen } from './library.js'
import { listenOptions, ready } from './support.js'

const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  for (;;) await connection.write(await connection.readUntil('\n'))
})
