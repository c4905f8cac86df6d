// The addresses at which the server of the soak listens.

import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { firstPort, listenAt, type Places } from '../../bench/soak/places.js'

/** Listens at one of them and lets it go. */
async function listenOnce(places: Places): Promise<void> {
  const server = createServer()
  await once(server.listen(places['tcp']), 'listening')
  server.close()
}

t.test('where another process has taken a port of the soak, its server listens at a new one, and its Unix sockets stay', async (t) => {
  const other = createServer()
  const port = await freePort()
  await once(other.listen(port, '127.0.0.1'), 'listening')
  t.teardown(() => other.close())
  const asked: Places[] = []
  const places = await listenAt({ tcp: { host: '127.0.0.1', port }, unix: { path: '/a/path' } }, (places) => {
    asked.push(places)
    return listenOnce(places)
  })
  t.equal(asked.length, 2)
  t.strictSame(asked.at(-1), places)
  t.strictSame(places['unix'], { path: '/a/path' })
  t.not((places['tcp'] as { port: number }).port, port)
})

t.test('where its ports are free it stays', async (t) => {
  const places: Places = { tcp: { host: '127.0.0.1', port: await freePort() } }
  t.equal(await listenAt(places, listenOnce), places)
})

t.test('any other failure to listen rejects, and so does a port that is taken at every place', async (t) => {
  const places: Places = { tcp: { host: '127.0.0.1', port: await freePort() } }
  const denied = Object.assign(new Error('denied'), { code: 'EACCES' })
  await t.rejects(
    listenAt(places, () => Promise.reject(denied)),
    denied,
  )
  const taken = Object.assign(new Error('taken'), { code: 'EADDRINUSE' })
  await t.rejects(
    listenAt(places, () => Promise.reject(taken)),
    taken,
  )
})

t.test('the ports of a run are below those that the system gives to clients', (t) => {
  const last = Math.max(...Array.from({ length: 1000 }, (_, pid) => firstPort(pid)))
  t.ok(last + 64 < 32_768)
  t.end()
})

async function freePort(): Promise<number> {
  let port = 0
  await listenAt({ tcp: { host: '127.0.0.1', port: firstPort(process.pid) } }, async (places) => {
    await listenOnce(places)
    port = (places['tcp'] as { port: number }).port
  })
  return port
}
