// Peers that pipeline without end, and a handler that blocks for a while on each message. Other connections are served between
// two chunks of those peers. The tests count messages, not time.

import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { type Connection, type ListenOptions, listen, type Server } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { ends, socketPath } from '../support/fixture.js'
import { within } from '../support/wait.js'

const { key, cert } = identityOf()

/** Blocks the event loop for so many milliseconds. */
function work(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const carriers: [string, ListenOptions, (server: Server) => net.Socket][] = [
  ['TCP', { port: 0, host: '127.0.0.1' }, ({ port }) => net.connect(port, '127.0.0.1')],
  ['Unix', { path: socketPath() }, ({ addresses: [address] }) => net.connect((address as { address: string }).address)],
  [
    'TLS',
    { port: 0, host: '127.0.0.1', tls: { key, cert } },
    ({ port }) => tls.connect({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' }),
  ],
]

/** Sends lines of two bytes without end, and discards the answers. */
async function pipelining(t: Test, socket: net.Socket): Promise<void> {
  t.teardown(() => socket.destroy())
  socket.on('error', () => {}).resume()
  const lines = Buffer.from('x\n'.repeat(32 * 1024))
  const send = (): void => {
    while (socket.write(lines));
    socket.once('drain', send)
  }
  await once(socket, socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect')
  send()
}

for (const [name, options, dial] of carriers) {
  t.test(`over ${name}, a client with one message in flight is answered between chunks of clients that pipeline`, async (t) => {
    const server = await listen(options)
    t.teardown(() => server.close({ grace: 0 }))
    let messages = 0
    void server.serve(async (connection) => {
      for await (const line of connection.lines()) {
        if (line === 'x') {
          messages++
          work(0.005)
        }
        await connection.write(`${line}\n`)
      }
    })
    const socket = dial(server)
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    await once(socket, name === 'TLS' ? 'secureConnect' : 'connect')
    const heavy = [dial(server), dial(server)]
    await Promise.all(heavy.map((peer) => pipelining(t, peer)))
    const ask = async (): Promise<number> => {
      const before = messages
      socket.write('question\n')
      await within(once(socket, 'data'), 'an answer', 30_000)
      return messages - before
    }
    // Until the cost of these peers' messages is measured.
    while (messages < 3 * 32 * 1024) await ask()
    const between: number[] = []
    for (let n = 0; n < 15; n++) between.push(await ask())
    between.sort((a, b) => a - b)
    t.ok((between[7] as number) < 4096, `messages of others between question and answer: ${between}`)
    t.ok((between[7] as number) > 0, 'the clients that pipeline are served as well')
  })
}

for (const carrier of ['tcp', 'unix', 'tls', 'starttls'] as const) {
  t.test(`over ${carrier}, messages arrive in order when the handler takes long for each`, async (t) => {
    const { a, b } = await ends(t, carrier)
    const count = 15_000
    const sent = Array.from({ length: count }, (_, n) => `${n}\n`).join('')
    const writing = a.end(sent)
    let next = 0
    for await (const line of b.lines()) {
      if (line !== String(next)) t.fail(`${line} instead of ${next}`)
      next++
      work(0.005)
    }
    await writing
    t.equal(next, count)
  })
}

for (const [what, act] of Object.entries({
  abort: (connection) => connection.abort(),
  close: (connection) => void connection.close(),
} satisfies Record<string, (connection: Connection) => void>)) {
  t.test(`${what} ends a connection in the middle of chunks that wait for their turn, and leaves nothing behind`, async (t) => {
    const server = await listen({ port: 0, host: '127.0.0.1', closeTimeout: 500 })
    t.teardown(() => server.close({ grace: 0 }))
    const peer = net.connect(server.port, '127.0.0.1')
    const closed = new Promise((resolve) => peer.once('close', resolve))
    const [accepted] = await Promise.all([server.accept(), pipelining(t, peer)])
    const connection = accepted as Connection
    let read = 0
    for (; read < 20_000; read++) {
      await connection.readLine()
      work(0.005)
    }
    act(connection)
    await within(connection.closed)
    await within(closed)
    t.equal(server.stats().active, 0)
  })
}
