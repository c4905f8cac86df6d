// The Echo protocol (RFC 862): the server returns all bytes until the client ends.
//
//   printf 'hello\n' | nc -N 127.0.0.1 8888

import { listen, shutdownOn } from 'linnet'

const { PORT = 8888 } = process.env
const server = await listen({ port: Number(PORT), idleTimeout: 60_000 })
shutdownOn(server)
console.log(`echo: talk to it with  nc 127.0.0.1 ${server.port}`)

await server.serve(async (connection) => {
  // While the client does not read, the write waits, and no more bytes are read from the client.
  for await (const chunk of connection) await connection.write(chunk)
})
