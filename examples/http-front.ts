// linnet in front of Node's HTTP server, with WebSockets: linnet listens, reads PROXY headers, makes TLS handshakes, applies limits
// and drains. Node implements HTTP. Frameworks that use an `http.Server` (Express, Fastify, Koa …) work in the same way.
//
//   node http-front.js                                          curl http://localhost:8888/
//   KEY=key.pem CERT=cert.pem node http-front.js                curl --cacert cert.pem https://localhost:8888/
//   TRUST=127.0.0.0/8 node http-front.js                        curl --haproxy-protocol http://localhost:8888/

import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { type ConnectionDuplex, listen, shutdownOn } from 'linnet'
import { WebSocketServer } from 'ws'

const { PORT = 8888, KEY, CERT, TRUST } = process.env

const http = createServer(async (request, response) => {
  const { remoteAddress, encrypted } = request.socket as unknown as ConnectionDuplex
  console.log(`${remoteAddress} ${request.method} ${request.url}`)
  let bytes = 0
  for await (const chunk of request) bytes += chunk.length
  response.end(`hello ${remoteAddress}, you sent ${bytes} bytes by ${encrypted ? 'https' : 'http'}\n`)
})

const sockets = new WebSocketServer({ server: http })
sockets.on('connection', (socket, { socket: { remoteAddress } }) => {
  socket.on('error', (error) => console.error(`${remoteAddress}: ${error}`))
  socket.on('message', (text) => socket.send(`${remoteAddress} says ${text}`))
})

const server = await listen({
  port: Number(PORT),
  proxyProtocol: TRUST === undefined ? false : { trust: TRUST.split(',') },
  tls: KEY === undefined || CERT === undefined ? false : { key: await readFile(KEY), cert: await readFile(CERT) },
})
shutdownOn(server, { grace: 30_000 })

// From this event on Node tracks its connections and applies `headersTimeout` and `requestTimeout`.
http.emit('listening')
// Deno destroys a connection after each response if its server does not listen itself.
if ('Deno' in globalThis) Object.defineProperty(http, 'listening', { value: true })

// By default Node writes an answer and destroys the socket immediately, which discards the answer.
http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'
  if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy())
})

// --- draining --------------------------------------------------------------------------------------------------------

const answering = new Set<ServerResponse>()

http.prependListener('request', (_, response) => {
  answering.add(response)
  if (server.draining) lastAnswer(response)
  response.once('close', () => {
    answering.delete(response)
    if (server.draining) setImmediate(letIdleGo)
  })
})

server.on('draining', () => {
  for (const response of answering) lastAnswer(response)
  for (const socket of sockets.clients) socket.close(1001, 'the server goes')
  setImmediate(letIdleGo)
})

/** Announces to the client that this connection accepts no further request. */
function lastAnswer(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close')
}

/** Ends the connections that wait for a request, without a reset: those after a response, and those that have not sent a byte. */
function letIdleGo(): void {
  http.closeIdleConnections()
  for (const connection of server.connections) if (connection.bytesRead === 0) void connection.close()
}

console.log(`http-front: ask it with  curl http${KEY === undefined ? '' : 's'}://localhost:${server.port}/`)

await server.serve(async (connection) => {
  http.emit('connection', connection.toDuplex())
  await connection.closed
})
