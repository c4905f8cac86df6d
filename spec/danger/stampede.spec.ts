// Many connections at once, and one after the other: each is served and counted once, and nothing is left behind.

import net from 'node:net'
import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { client, countingClock, echo, ending, inMemory, open, overEach, type Service, talk } from '../server/support.js'
import { socketPath } from '../support/fixture.js'
import { turns, until, within } from '../support/wait.js'

/** The handles that keep this process alive, by kind. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** A raw client that sends a line, receives it, and ends. */
function visit(where: net.NetConnectOpts, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(where)
    let heard = ''
    socket.on('data', (data) => {
      heard += data
      if (heard.endsWith('\n')) socket.end()
    })
    socket.on('error', reject).on('close', () => (heard === `${line}\n` ? resolve() : reject(new Error(`heard ${heard}`))))
    socket.write(`${line}\n`)
  })
}

t.test('10,000 connections one after another leave no handle and no listener', async (t) => {
  const controller = new AbortController()
  const path = socketPath()
  const { server, books } = await open(t, 'unix', { path, signal: controller.signal, idleTimeout: 60_000, readTimeout: 60_000 } as Service)
  const served = server.serve(echo)
  await visit({ path }, 'first')
  await until(() => server.stats().active === 0)
  const listeners = () => server.eventNames().map((name) => server.listenerCount(name as 'close'))
  const [before, heard] = [resources(), listeners()]
  for (let n = 0; n < 10_000; n++) await visit({ path }, `${n}`)
  await until(() => server.stats().active === 0)
  await until(() => JSON.stringify(resources()) === JSON.stringify(before), 'resources as before').catch(() =>
    t.strictSame(resources(), before),
  )
  t.strictSame(listeners(), heard)
  t.match(server.stats(), { accepted: 10_001, active: 0, pending: 0, dropped: 0, handlerErrors: 0 })
  t.equal(books.over, 10_001)
  t.equal(server.connections.size, 0)
  await server.close()
  await within(served)
  t.strictSame(books.mistakes, [])
})

t.test('closed connections leave no timer, whatever they were waiting for', async (t) => {
  const clock = countingClock()
  const limits = { idleTimeout: 50_000, readTimeout: 60_000, writeTimeout: 70_000, closeTimeout: 80_000, handshakeTimeout: 90_000 }
  const { server, connect } = inMemory(t, { clock, ...limits, admit: async () => true })
  const served = server.serve(async (connection) => {
    const line = await connection.readLine()
    await connection.write(`${line}\n`)
    if (line === 'abort') connection.abort()
  })
  for (let n = 0; n < 1000; n++) {
    const one = await connect(limits)
    const line = n % 3 === 0 ? 'abort' : `${n}`
    await one.write(`${line}\n`)
    if (n % 3 === 1) one.abort()
    else await ending(one)
  }
  await until(() => server.stats().active + server.stats().pending === 0)
  await turns()
  t.equal(clock.running, 0)
  const [held, waiting] = [await connect(limits), await connect(limits)]
  await until(() => server.stats().active === 2)
  t.ok(clock.running > 0, 'the clock counts timers')
  const closing = server.close()
  await Promise.all([ending(held), ending(waiting)])
  await within(Promise.all([closing, served]))
  t.equal(clock.running, 0)
})

overEach(t, 'each of 500 clients of a server with 10 places is served in the end, or dropped and reported', async (t, open) => {
  const { server, books, connect } = await open({ maxConnections: 10, maxPending: 100 })
  const served = server.serve(async (connection) => {
    t.ok(server.connections.size <= 10)
    await connection.write(`${await connection.readLine()}\n`)
  })
  const visits = Array.from({ length: 500 }, async (_, n) => {
    let one: Connection
    try {
      one = await connect()
      await one.write(`${n}\n`)
      const line = await one.readLine()
      await ending(one)
      return line === `${n}` ? 'served' : line
    } catch {
      return 'turned away'
    }
  })
  const results = await within(Promise.all(visits), 'the burst', 30_000)
  const count = results.filter((result) => result === 'served').length
  t.equal(results.filter((result) => result === 'turned away').length, 500 - count)
  await until(() => server.stats().active === 0)
  t.match(server.stats(), { accepted: 500, dropped: 500 - count, pending: 0 })
  t.equal(books.reasons.filter((reason) => reason === 'maxPending').length, 500 - count)
  t.ok(count >= 100, `${count} were served`)
  await server.close()
  await within(served)
})

t.test('clients that reset at accept, with and without a byte, leave nothing behind', async (t) => {
  const { server, books } = await open(t, 'tcp')
  const served = server.serve(echo)
  for (let n = 0; n < 200; n++) {
    const socket = net.connect(server.port, '127.0.0.1').on('error', () => {})
    socket.on('connect', () => {
      if (n % 2) socket.write('x')
      socket.resetAndDestroy()
    })
    if (n % 20 === 0) await turns(2)
  }
  await until(() => server.stats().accepted === 200 && server.stats().active === 0, 'all 200 over', 20_000)
  await talk(await client(t, server))
  t.strictSame(books.handlerErrors, [])
  t.strictSame(books.mistakes, [])
  await server.close({ grace: 0 })
  await served
})

t.test('clients that reset while they are pending leave nothing behind', async (t) => {
  const { server, books } = await open(t, 'tcp')
  for (let n = 0; n < 50; n++) {
    const one = await client(t, server)
    if (n % 2) await one.write('x')
    one.abort()
  }
  await until(() => server.stats().pending === 50)
  const served = server.serve(echo)
  await talk(await client(t, server))
  await until(() => server.stats().active === 1)
  t.match(server.stats(), { accepted: 51, dropped: 0 })
  t.strictSame(books.mistakes, [])
  await server.close({ grace: 0 })
  await served
})
