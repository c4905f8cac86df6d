// linnet with `tryReadLine` before each wait: no promise for a buffered line.

import { listen } from './library.js'
import { listenOptions, ready } from './support.js'

const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  for (;;) {
    const line = connection.tryReadLine() ?? (await connection.readLine())
    const answer = `${line}\n`
    if (!connection.tryWrite(answer)) await connection.write(answer)
  }
})
