// A program that is bundled with its imports and run in an empty folder. It uses each part of the library that could be loaded at run
// time, or that needs zod first. The expected output is in bundled.txt.
// LINNET_KEY and LINNET_CERT are a key and its certificate, as PEM, for localhost and 127.0.0.1.

import { PassThrough } from 'node:stream'
import { Connection, connect, LinnetError, listen } from 'linnet'
import { framed, json, lines } from 'linnet/framing'
import { memoryServer, pair } from 'linnet/testing'

const { LINNET_KEY: key, LINNET_CERT: cert } = process.env
const host = '127.0.0.1'

async function echo(connection) {
  for await (const line of connection.lines()) await connection.write(`${line}\n`)
}

async function said(connection) {
  await connection.write('hello\n')
  const line = await connection.readLine()
  await connection.close()
  return line
}

async function refused(options) {
  const error = await listen(options).catch((error) => error)
  return `${error.name} ${error.code} ${error instanceof LinnetError}`
}

async function main() {
  console.log('from', await said(Connection.from(new PassThrough(), { idleTimeout: 5000 })))

  const [a, b] = pair({ client: { maxBufferSize: 100 } })
  void b.run(echo)
  a.setLimits({ maxBufferSize: 200 })
  console.log('pair', a instanceof Connection, await said(a))

  const [c, d] = pair()
  void framed(c, json(lines())).write({ hello: 'frame' })
  console.log('framed', (await framed(d, json(lines())).read()).hello)
  c.abort()

  const memory = memoryServer({ maxConnections: 5, tls: { key, cert } })
  void memory.server.serve(echo)
  console.log('memory', await said(await memory.connect({ tls: { ca: cert } })))
  await memory.server.close()

  const server = await listen({ port: 0, host, tls: { key, cert } })
  void server.serve(echo)
  console.log('tls', await said(await connect({ port: server.port, host, tls: { ca: cert } })))
  server.setLimits({ maxPending: 5 })
  await server.close()

  for (const options of [{ prot: 1 }, { maxPending: 'many' }, { proxyProtocol: { trust: ['x'] } }])
    console.log('options', await refused(options))
  console.log('connect', (await connect({}).catch((error) => error)).code)

  const plain = await listen({ port: 0, host, proxyProtocol: true })
  void plain.serve(async (connection) => {
    await connection.readLine()
    await connection.startTls({ key, cert, reply: 'go\n' })
    await connection.write(`${connection.remote}\n`)
    await connection.end()
  })
  const source = { address: '1.2.3.4', port: 5, family: 'IPv4' }
  const client = await connect({ port: plain.port, host, proxyProtocol: { source, destination: { ...source, address: '6.7.8.9' } } })
  await client.write('STARTTLS\n')
  await client.readLine()
  await client.startTls({ ca: cert, servername: 'localhost' })
  console.log('starttls', await client.readLine())
  await client.close()
  await plain.close()
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
