// Node's own HTTP server, with the small answer of all contenders of `bench/http.ts`.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HELLO, PLAIN, ready } from './support.js'

const server = createServer((_, response) => {
  // A length, as the others send it, and not chunks.
  response.writeHead(200, { ...PLAIN, 'content-length': HELLO.length })
  response.end(HELLO)
})
server.listen(0, '127.0.0.1', () => ready((server.address() as AddressInfo).port))
