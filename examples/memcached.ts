// A cache that speaks the text protocol of memcached. The protocol is in memcached/: what is kept, the commands, and what a client may
// send.
//
//   node memcached.js
//   printf 'set greeting 0 60 5\r\nhello\r\nget greeting\r\nquit\r\n' | nc localhost 8888
//   memccapable -a -h localhost -p 8888            all that the text protocol demands; it empties the cache

import { listen, shutdownOn } from 'linnet'
import { Counts } from './memcached/command.js'
import { serveClient } from './memcached/session.js'
import { Store } from './memcached/store.js'

const { PORT = 8888, MEGABYTES = 64, IDLE = 600_000 } = process.env

const store = new Store({ limit: Number(MEGABYTES) * 1024 * 1024 })
const counts = new Counts()
const server = await listen({
  port: Number(PORT),
  idleTimeout: Number(IDLE),
  readTimeout: 30_000,
  writeTimeout: 30_000,
  maxConnections: 1024,
})
shutdownOn(server, { grace: 10_000 }) // Ctrl-C: commands that have arrived are answered
server.on('handlerError', (error, { remote }) => console.error(`${remote}: ${error}`))
console.log(`memcached: talk to it with  nc 127.0.0.1 ${server.port}`)

await server.serve(async (connection) => {
  counts.connections++
  try {
    await serveClient(connection, store, counts)
  } finally {
    counts.connections--
  }
})
