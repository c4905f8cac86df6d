// Telemetry: the server pushes a line of JSON every 100 ms and reads commands at the same time: two tasks on one connection.
// The lines are JSON text sequences without the separator of RFC 7464 ("JSON lines").
//
//   nc 127.0.0.1 8888        then type pause, resume or quit

import { setInterval } from 'node:timers/promises'
import { listen, shutdownOn, together } from 'linnet'

const { PORT = 8888 } = process.env
const server = await listen({ port: Number(PORT), maxBufferSize: 64 })
shutdownOn(server)
console.log(`telemetry: watch it with  nc 127.0.0.1 ${server.port}`)

await server.serve(async (connection) => {
  let paused = false

  // When one of the two settles, the signal of the other one aborts. The client's end, or a drain, ends both.
  await together([
    async (signal) => {
      for await (const command of connection.lines({ signal })) {
        if (command === 'quit') return
        if (command === 'pause' || command === 'resume') paused = command === 'pause'
        await connection.write(`${JSON.stringify({ command, paused })}\n`)
      }
    },
    async (signal) => {
      for await (const _ of setInterval(100, undefined, { signal })) {
        // Waits while the client does not read, instead of queueing values that are outdated when they are read.
        if (!paused) await connection.write(`${JSON.stringify({ at: Date.now(), memory: process.memoryUsage.rss() })}\n`)
      }
    },
  ])
})
