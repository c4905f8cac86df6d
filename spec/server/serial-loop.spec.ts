// The one process warning: a connection that could be yielded has waited for a second, because every loop is in its body or
// none was started. Each server emits it at most once, and its timer does not keep the process alive.

import t, { type Test } from 'tap'
import type { Connection } from '../../lib/index.js'
import { type ManualClock, manualClock } from '../../lib/testing/index.js'
import { program } from '../support/program.js'
import { turns, within } from '../support/wait.js'
import { countingClock, inMemory, type Opened, type Service } from './support.js'

interface Warned extends Opened {
  clock: ManualClock
  /** Warnings of this kind so far. */
  warnings: (Error & { code?: string })[]
}

function warned(t: Test, options: Service = {}): Warned {
  const clock = manualClock()
  const warnings: Warned['warnings'] = []
  const note = (warning: Error & { code?: string }): void => {
    if (warning.code === 'LINNET_SERIAL_LOOP') warnings.push(warning)
  }
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  return { clock, warnings, ...inMemory(t, { clock, ...options }) }
}

t.test('without a loop the warning is emitted after a second, not before, and names connection.run', async (t) => {
  const { connect, clock, warnings } = warned(t)
  await clock.advance(10_000)
  await connect()
  await clock.advance(999)
  t.equal(warnings.length, 0)
  await clock.advance(1)
  t.equal(warnings.length, 1)
  t.match(warnings[0], { code: 'LINNET_SERIAL_LOOP', message: /connection\.run/ })
})

t.test('a loop that awaits in its body causes one warning', async (t) => {
  const { server, connect, clock, warnings } = warned(t)
  const loop = server[Symbol.asyncIterator]()
  const first = loop.next()
  await connect()
  const { value } = await within(first)
  await clock.advance(5000)
  t.equal(warnings.length, 0, 'no connection waits')
  await connect()
  await clock.advance(1000)
  t.equal(warnings.length, 1)
  await within(loop.next())
  await connect()
  await connect()
  await clock.advance(100_000)
  t.equal(warnings.length, 1, 'it is emitted once')
  ;(value as Connection).abort()
})

t.test('each server emits its own warning', async (t) => {
  const [one, other] = [warned(t), warned(t)]
  await one.connect()
  await other.connect()
  await one.clock.advance(1000)
  t.equal(one.warnings.length, 1)
  await other.clock.advance(1000)
  t.equal(one.warnings.length, 2)
})

t.test('a loop that accepts within the second causes no warning', async (t) => {
  const { server, connect, clock, warnings } = warned(t)
  for (let n = 0; n < 5; n++) {
    await connect()
    await clock.advance(999)
    await within(server.accept())
  }
  await clock.advance(5000)
  t.equal(warnings.length, 0)
})

t.test('a waiting loop prevents the warning, although another loop is in its body', async (t) => {
  const { server, connect, clock, warnings } = warned(t, { maxConnections: 2 })
  const [one, other] = [server[Symbol.asyncIterator](), server[Symbol.asyncIterator]()]
  const first = one.next()
  await connect()
  await within(first)
  const second = other.next()
  await connect()
  await within(second)
  const third = other.next()
  await connect()
  await clock.advance(10_000)
  t.equal(warnings.length, 0)
  t.equal(server.stats().pending, 1)
  server.setLimits({ maxConnections: 3 })
  await within(third)
})

t.test('a connection that waits for room causes no warning', async (t) => {
  const { server, connect, clock, warnings } = warned(t, { maxConnections: 1 })
  await connect()
  await connect()
  await connect()
  const first = (await within(server.accept())) as Connection
  await clock.advance(60_000)
  t.equal(warnings.length, 0, 'there is no room')
  first.abort()
  await clock.advance(999)
  t.equal(warnings.length, 0, 'there is room since less than a second')
  await clock.advance(1)
  t.equal(warnings.length, 1)
})

t.test('the second begins when there is room', async (t) => {
  const { server, connect, clock, warnings } = warned(t, { maxConnections: 1 })
  const accepting = server.accept()
  await connect()
  const first = (await within(accepting)) as Connection
  await connect()
  await clock.advance(700)
  first.abort()
  await clock.advance(700)
  t.equal(warnings.length, 0)
  const second = (await within(server.accept())) as Connection
  await connect()
  await clock.advance(5000)
  t.equal(warnings.length, 0)
  server.setLimits({ maxConnections: 2 })
  await clock.advance(999)
  t.equal(warnings.length, 0, 'room by a raised limit')
  await clock.advance(1)
  t.equal(warnings.length, 1)
  second.abort()
})

t.test('an accept that was aborted does not count as a waiting loop', async (t) => {
  const { server, connect, clock, warnings } = warned(t)
  const controller = new AbortController()
  const refused = server.accept({ signal: controller.signal }).catch(() => {})
  controller.abort()
  await refused
  await connect()
  await clock.advance(1000)
  t.equal(warnings.length, 1)
})

t.test('a connection that waits for admit causes no warning before it is admitted', async (t) => {
  let answer: (answer: boolean) => void = () => {}
  const admit = (): Promise<boolean> => new Promise((resolve) => (answer = resolve))
  const { connect, clock, warnings } = warned(t, { admit, handshakeTimeout: 100_000 })
  await connect()
  await clock.advance(50_000)
  t.equal(warnings.length, 0)
  answer(true)
  await turns()
  await clock.advance(999)
  t.equal(warnings.length, 0)
  await clock.advance(1)
  t.equal(warnings.length, 1)
})

t.test('a closed server emits no warning', async (t) => {
  const { server, connect, clock, warnings } = warned(t)
  await connect()
  await clock.advance(500)
  await server.close()
  await clock.advance(5000)
  t.equal(warnings.length, 0)
})

t.test('the timer runs only while a connection could be yielded and no loop is waiting', async (t) => {
  const clock = countingClock()
  const { server, connect } = inMemory(t, { clock, maxConnections: 1 })
  t.equal(clock.running, 0)
  const clients = [await connect(), await connect()]
  t.equal(clock.running, 1)
  const connection = await within(server.accept())
  t.equal(clock.running, 0, 'there is no room')
  connection?.abort()
  t.equal(clock.running, 1)
  const second = await within(server.accept())
  t.equal(clock.running, 0, 'no connection waits')
  second?.abort()
  clients.push(await connect())
  t.equal(clock.running, 1)
  await server.close()
  t.equal(clock.running, 0)
  for (const client of clients) client.abort()
})

t.test('the timer does not keep the process alive, and the warning is emitted on the system clock too', async (t) => {
  const silent = program(
    t,
    `const { server, connect } = testing.memoryServer()
     const client = await connect()
     process.on('exit', () => console.log(server.stats().pending))`,
  )
  const serial = program(
    t,
    `process.on('warning', ({ name, code }) => { console.log('warned', name, code); server.close({ grace: 0 }) })
     const server = await linnet.listen({ port: 0, host: '127.0.0.1' })
     const { connect } = await import('node:net')
     for (let n = 0; n < 2; n++) connect(server.port, '127.0.0.1').on('error', () => {}).unref()
     for await (const connection of server) { await connection.closed }`,
  )
  t.equal(await silent.ends(), 0)
  t.equal(silent.stdout, '1\n')
  t.equal(silent.stderr, '')
  await serial.says(/^warned LinnetWarning LINNET_SERIAL_LOOP$/m)
  t.equal(await serial.ends(), 0)
  t.match(serial.stderr, /LINNET_SERIAL_LOOP/)
  t.equal(serial.stdout.split('\n').length, 2, 'once')
})
