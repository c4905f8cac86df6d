// The Daytime protocol (RFC 867): the server sends the time in one line and closes. Bytes of the client are ignored.
//
//   nc 127.0.0.1 8888

import { listen, shutdownOn } from 'linnet'

const { PORT = 8888 } = process.env
const server = await listen({ port: Number(PORT) })
shutdownOn(server)
console.log(`daytime: ask it with  nc 127.0.0.1 ${server.port}`)

// When the handler has returned, its connection is closed: written bytes are sent first, unread bytes are discarded.
await server.serve((connection) => connection.write(`${new Date().toUTCString()}\r\n`))
