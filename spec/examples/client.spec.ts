// examples/client.ts: sends a question and prints the answer up to its end.

import { createServer } from 'node:net'
import t from 'tap'
import { opened } from '../support/fixture.js'
import { ClientExample } from './support.js'

const at = (port: number): NodeJS.ProcessEnv => ({ SERVER: '127.0.0.1', PORT: String(port) })

t.test('the client sends its line and prints an answer of any length', async (t) => {
  const server = await opened(t)
  const answer = 'refer: whois.example\n'.repeat(50_000)
  void server.serve(async (connection) => {
    t.equal(await connection.readLine({ delimiter: '\r\n' }), 'example.org')
    await connection.write(answer)
  })
  const client = ClientExample.start(t, 'client', at(server.port), 'example.org')
  t.equal(await client.toEnd(), answer)
  t.strictSame(await client.ended(), { code: 0, signal: null })
})

t.test('the client reports an empty answer', async (t) => {
  const server = await opened(t)
  void server.serve((connection) => connection.readLine())
  const client = ClientExample.start(t, 'client', at(server.port))
  t.strictSame(await client.ended(), { code: 0, signal: null })
  t.equal(client.complained, '127.0.0.1 knows nothing of example.com\n')
})

t.test('the client reports a server that does not listen, and one that breaks off', async (t) => {
  const server = createServer((socket) => socket.on('data', () => socket.resetAndDestroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const client = ClientExample.start(t, 'client', at(port))
  t.strictSame(await client.ended(), { code: 1, signal: null })
  t.match(client.complained, /^the connection to 127\.0\.0\.1:\d+ was lost/)
  await new Promise((resolve) => server.close(resolve))
  const other = ClientExample.start(t, 'client', at(port))
  t.strictSame(await other.ended(), { code: 1, signal: null })
  t.match(other.complained, /^no connection to 127\.0\.0\.1, port \d+, could be made \(ECONNREFUSED\)/)
})
