// Orders as lines of JSON (https://jsonlines.org), checked by a schema of zod. Any other library that follows Standard Schema works
// in the same way: Valibot, ArkType, and others.
//
//   nc 127.0.0.1 8888        then type  {"item":"tea","count":2}

import { FrameError, LimitExceededError, listen, shutdownOn } from 'linnet'
import { framed, json, lines } from 'linnet/framing'
import { z } from 'zod'

const Order = z.object({
  item: z.string().min(1).max(100),
  count: z.int().min(1).max(1000).default(1),
  // The type of what is read is that of the schema's output: a Date.
  wanted: z.iso
    .date()
    .transform((text) => new Date(text))
    .optional(),
})

const orders = json(lines({ maxBytes: 1024 }), Order)
const answers = json(lines())

const { PORT = 8888 } = process.env
const server = await listen({ port: Number(PORT), idleTimeout: 300_000, readTimeout: 30_000 })
shutdownOn(server)
console.log(`orders: send one with  nc 127.0.0.1 ${server.port}`)

await server.serve(async (connection) => {
  const incoming = framed(connection, orders)
  const outgoing = framed(connection, answers)
  for (;;) {
    try {
      const { item, count, wanted } = await incoming.read()
      await outgoing.write({ booked: item, count, weekday: wanted?.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' }) })
    } catch (error) {
      if (error instanceof FrameError) {
        // The line was whole, and is read: the next order can follow.
        const reasons = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
        await outgoing.write({ refused: reasons.length > 0 ? reasons : ['an order is a line of JSON'] })
      } else if (error instanceof LimitExceededError) {
        // Nothing of the line is read. The order ends with the line, however long that is.
        await outgoing.write({ refused: ['an order has at most 1024 bytes'] })
        await connection.skipUntil('\n', { timeout: 30_000 })
      } else throw error
    }
  }
})
