// The Daytime protocol (RFC 867): a client connects, is told the time in one line, and is let go. What it says is ignored.
//
//   nc 127.0.0.1 8888

import { listen, shutdownOn } from 'linnet'

const { PORT = 8888 } = process.env
const server = await listen({ port: Number(PORT) })
shutdownOn(server)
console.log(`daytime: ask it with  nc 127.0.0.1 ${server.port}`)

// When a handler is done its connection is closed: what was written goes out first, what came in is dropped.
await server.serve((connection) => connection.write(`${new Date().toUTCString()}\r\n`))
