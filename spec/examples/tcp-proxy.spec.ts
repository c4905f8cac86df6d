// examples/tcp-proxy.ts, with curl as a client and a server behind it that answers with the client's address.

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Connection, listen, type Server } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { until } from '../support/wait.js'
import { Curl, Example, withoutCurl } from './support.js'

const skip = withoutCurl
const here = identityOf('DNS:proxy.test,DNS:localhost')

/** A server behind the proxy. It is closed after the test. */
async function behind(t: Test): Promise<Server> {
  const server = await listen({ port: 0, host: '127.0.0.1', proxyProtocol: true })
  t.teardown(() => server.close({ grace: 0 }))
  return server
}

const start = (t: Test, { port }: Server, files: { key: string; cert: string } = here.files): Promise<Example> =>
  Example.start(t, 'tcp-proxy', { KEY: files.key, CERT: files.cert, BEHIND: `127.0.0.1:${port}` })

const ask = (t: Test, { port }: Example, trusted: string = here.files.cert): Curl => Curl.get(t, `https://proxy.test:${port}/`, trusted)

async function request(connection: Connection): Promise<string> {
  return connection.readUntil('\r\n\r\n', 'latin1')
}

const head = (length: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`

t.test('the server behind gets the request in plain text, with the address of the client', { skip }, async (t) => {
  const server = await behind(t)
  void server.serve(async (connection) => {
    const text = await request(connection)
    const answer = `${connection.remote.address} asks ${/^host: (.*?):/im.exec(text)?.[1]} at ${connection.proxy?.destination?.port}\n`
    await connection.write(head(answer.length) + answer)
  })
  const proxy = await start(t, server)
  const curl = ask(t, proxy)
  t.equal(await curl.toEnd(), `127.0.0.1 asks proxy.test at ${proxy.port}\n`)
  t.strictSame(await curl.ended(), { code: 0, signal: null })
})

t.test('without a server behind the client sees a reset, and once there is one it gets an answer', { skip }, async (t) => {
  const server = await behind(t)
  const { port } = server
  const proxy = await start(t, server)
  await server.close()
  t.not((await ask(t, proxy).ended()).code, 0)
  const again = await listen({ port, host: '127.0.0.1', proxyProtocol: true })
  t.teardown(() => again.close({ grace: 0 }))
  void again.serve(async (connection) => {
    await request(connection)
    await connection.write(`${head(6)}hello\n`)
  })
  t.equal(await ask(t, proxy).toEnd(), 'hello\n')
  t.match(proxy.complained, /^127\.0\.0\.1:\d+: ConnectError: .*ECONNREFUSED/)
})

t.test('Ctrl-C lets an answer that has begun end', { skip }, async (t) => {
  const server = await behind(t)
  const proxy = await start(t, server)
  const curl = ask(t, proxy)
  const connection = (await server.accept()) as Connection
  await request(connection)
  await connection.write(`${head(12)}first `)
  await curl.hears('first ')
  proxy.interrupt()
  // No new client is accepted. curl exits with 7 if its connection is refused.
  while ((await ask(t, proxy).ended()).code !== 7);
  await connection.write('second')
  await connection.close()
  t.equal(await curl.toEnd(), 'first second')
  t.strictSame(await proxy.ended(), { code: 0, signal: null })
})

t.test('SIGHUP loads a new certificate, and a bad one changes nothing', { skip }, async (t) => {
  const room = mkdtempSync(join(tmpdir(), 'linnet-proxy-'))
  t.teardown(() => rmSync(room, { recursive: true, force: true }))
  const files = { key: join(room, 'key'), cert: join(room, 'cert') }
  const next = identityOf('DNS:proxy.test,DNS:next.test')
  copyFileSync(here.files.key, files.key)
  copyFileSync(here.files.cert, files.cert)
  const server = await behind(t)
  void server.serve(async (connection) => {
    await request(connection)
    await connection.write(`${head(6)}hello\n`)
  })
  const proxy = await start(t, server, files)
  t.equal(await ask(t, proxy).toEnd(), 'hello\n')
  copyFileSync(next.files.key, files.key)
  copyFileSync(next.files.cert, files.cert)
  proxy.signal('SIGHUP')
  await proxy.hears('there is a new certificate')
  t.equal(await ask(t, proxy, next.files.cert).toEnd(), 'hello\n')
  t.not((await ask(t, proxy).ended()).code, 0, 'a client that trusts the old one refuses it')
  writeFileSync(files.cert, 'nonsense')
  proxy.signal('SIGHUP')
  await until(() => proxy.complained.includes('the old certificate stays'))
  t.equal(await ask(t, proxy, next.files.cert).toEnd(), 'hello\n')
})
