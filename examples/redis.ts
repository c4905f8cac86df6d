// A server that Redis's clients can use, in memory. The protocol is in redis/: what is kept, the commands, and what a client may send.
//
//   node redis.js
//   redis-cli -u redis://localhost:8888 set greeting hello EX 60
//   redis-benchmark -p 8888 -t get,set -P 16
//
// It listens on the loopback alone, unless clients need a password: PASSWORD=… node redis.js

import { listen, shutdownOn } from 'linnet'
import { Redis } from './redis/server.js'
import { serveClient } from './redis/session.js'

const { PORT = 8888, PASSWORD, MEGABYTES = 256, IDLE = 600_000 } = process.env

const redis = new Redis({ password: PASSWORD || undefined, memory: Number(MEGABYTES) * 1024 * 1024, idle: Number(IDLE) })
const server = await listen({
  port: Number(PORT),
  // Without a password only programs on this machine may connect.
  host: PASSWORD ? undefined : 'localhost',
  // A subscriber for which more than this is queued is cut off.
  maxWriteBuffer: 8 * 1024 * 1024,
  writeTimeout: 30_000,
  keepAlive: true,
  keepAliveInitialDelay: 300_000,
})
shutdownOn(server, { grace: 10_000 }) // Ctrl-C: commands that have arrived are answered
server.on('handlerError', (error, { remote }) => console.error(`${remote}: ${error}`))
console.log(`redis: talk to it with  redis-cli -u redis://localhost:${server.port}`)

await server.serve((connection) => serveClient(connection, redis))
