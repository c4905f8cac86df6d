// A program that sends the same lines to all its connections in a process with a small heap. Some peers read and some do not.
// The queues are bounded by bytes, whether the program awaits its writes or not.

import net from 'node:net'
import t, { type Test } from 'tap'
import { program } from '../support/program.js'

const READERS = 20
const SILENT = 20

/** A server that sends `rounds` lines to all connections, each by `send`, then closes and prints the result. */
const broadcasting = (rounds: number, send: string): string => `
  const server = await linnet.listen({ port: 0, host: '127.0.0.1', writeTimeout: 1000, maxWriteBuffer: 1024 * 1024 })
  const all = new Set()
  const started = new Promise((resolve) => {
    void server.serve(async (connection) => {
      all.add(connection)
      if (all.size === ${READERS + SILENT}) resolve()
      try { await connection.readToEnd() } finally { all.delete(connection) }
    })
  })
  console.log('port', server.port)
  await started
  const line = 'x'.repeat(99) + '\\n'
  for (let n = 0; n < ${rounds}; n++) { ${send} }
  console.log('left', all.size)
  await server.close()
  console.log('over')`

async function clients(t: Test, port: number): Promise<{ received: number }[]> {
  const readers: { received: number }[] = []
  for (let n = 0; n < READERS + SILENT; n++) {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {})
    t.teardown(() => socket.destroy())
    if (n < SILENT) continue
    const reader = { received: 0 }
    readers.push(reader)
    socket.on('data', (chunk) => (reader.received += chunk.length))
  }
  return readers
}

for (const [name, rounds, send] of [
  ['awaited', 100_000, 'await Promise.allSettled([...all].map((connection) => connection.write(line)))'],
  [
    'not awaited',
    100_000,
    'for (const connection of all) void connection.write(line); if (n % 2000 === 0) await Promise.allSettled([...all].map((c) => c.flush()))',
  ],
] as const) {
  t.test(`a broadcast that is ${name} needs little memory, cuts the peers that do not read, and arrives whole at the others`, async (t) => {
    const server = program(t, broadcasting(rounds, send), { flags: ['--max-old-space-size=48'] })
    const [, port] = await server.says(/^port (\d+)$/m)
    const readers = await clients(t, Number(port))
    const [, left] = await server.says(/^left (\d+)$/m, 60_000)
    t.equal(Number(left), READERS)
    await server.says(/^over$/m)
    t.equal(await server.ends(), 0)
    t.same(
      readers.map(({ received }) => received),
      readers.map(() => rounds * 100),
    )
  })
}
