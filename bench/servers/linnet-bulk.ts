// linnet with bulk data: `up` receives bytes, `down` sends a given number, `both` returns the received bytes.

import { block } from './block.js'
import { listen } from './library.js'
import { bytes, listenOptions, mode, ready } from './support.js'

const server = await listen(listenOptions)
ready(server.port)

await server.serve(async (connection) => {
  if (mode === 'up') for await (const _ of connection);
  else if (mode === 'down') for (let left = bytes; left > 0; left -= block.length) await connection.write(block)
  else for await (const chunk of connection) await connection.write(chunk)
})
