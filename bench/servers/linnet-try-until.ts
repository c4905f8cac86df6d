// linnet with `tryReadUntil` before each wait: no promise for buffered bytes.

import { listen } from './library.js'
import { listenOptions, ready } from './support.js'

const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  for (;;) {
    const line = connection.tryReadUntil('\n') ?? (await connection.readUntil('\n'))
    if (!connection.tryWrite(line)) await connection.write(line)
  }
})
