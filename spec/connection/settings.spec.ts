// The settings of an open connection: its limits, the options of its socket, and whether it and its timers keep the process
// alive.

import net from 'node:net'
import t, { type Test } from 'tap'
import { Connection, type TimeoutError } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { accepted, ends, everywhere, memory } from '../support/fixture.js'
import { program } from '../support/program.js'
import { rejection, turns, until } from '../support/wait.js'

const defaults = {
  maxBufferSize: 1_048_576,
  readHighWaterMark: 65_536,
  writeHighWaterMark: 65_536,
  maxWriteBuffer: 16_777_216,
  readTimeout: Number.POSITIVE_INFINITY,
  idleTimeout: Number.POSITIVE_INFINITY,
  writeTimeout: 60_000,
}

everywhere(t, 'limits are those of the options, and setLimits changes those that it names', async (t, connect) => {
  const { a } = await connect({ a: { idleTimeout: 500, maxBufferSize: 77 } })
  t.same(a.limits, { ...defaults, idleTimeout: 500, maxBufferSize: 77 })
  a.setLimits({ idleTimeout: 1000, maxWriteBuffer: Number.POSITIVE_INFINITY, readTimeout: undefined })
  t.same(a.limits, { ...defaults, idleTimeout: 1000, maxBufferSize: 77, maxWriteBuffer: Number.POSITIVE_INFINITY })
  a.setLimits({})
  a.abort()
  a.setLimits({ readTimeout: 2 ** 31 })
  t.equal(a.limits.readTimeout, Number.POSITIVE_INFINITY, 'what no timer can hold is none')
})

t.test('setLimits throws for impossible limits, and then changes none', async (t) => {
  const { a } = memory(t)
  const names = Object.keys(defaults) as (keyof typeof defaults)[]
  for (const name of names) {
    for (const wrong of ['7', null, true, {}]) t.throws(() => a.setLimits({ idleTimeout: 5, [name]: wrong } as never), TypeError, name)
    for (const impossible of [0, -1, Number.NaN, Number.NEGATIVE_INFINITY])
      t.throws(() => a.setLimits({ [name]: impossible }), RangeError, name)
  }
  t.throws(() => a.setLimits({ maxBufferSize: 1.5 }), RangeError)
  for (const wrong of [undefined, null, 7, 'text']) t.throws(() => a.setLimits(wrong as never), TypeError)
  for (const unknown of ['idleTimout', 'closeTimeout', 'allowHalfOpen']) t.throws(() => a.setLimits({ [unknown]: 1 } as never), TypeError)
  t.same(a.limits, defaults)
})

t.test('each connection has limits of its own, and `limits` returns a copy', async (t) => {
  const { a, b } = memory(t)
  a.setLimits({ maxBufferSize: 5 })
  t.same(b.limits, defaults)
  ;(a.limits as { maxBufferSize: number }).maxBufferSize = 9
  t.equal(a.limits.maxBufferSize, 5)
  t.same(memory(t).a.limits, defaults)
})

t.test('time limits count from the next call on', async (t) => {
  const clock = manualClock()
  const { a } = memory(t, { client: { idleTimeout: 1000 }, clock })
  const read = rejection(a.readLine())
  a.setLimits({ idleTimeout: 50 })
  await clock.advance(999)
  t.equal(a.waiting?.operation, 'readLine()')
  await clock.advance(1)
  t.equal(((await read) as TimeoutError).timeout, 1000, 'the read that waited keeps its own')
  const next = rejection(a.readLine())
  await clock.advance(50)
  t.equal(((await next) as TimeoutError).timeout, 50)
})

t.test('a raised readHighWaterMark reads more ahead, from the next read on', async (t) => {
  const { a, b } = memory(t, { server: { readHighWaterMark: 10 }, highWaterMark: 100 })
  a.write(Buffer.alloc(10_000))
  await turns(20)
  t.ok(b.buffered < 400)
  b.setLimits({ readHighWaterMark: 5000 })
  await b.readExactly(1)
  await until(() => b.buffered > 5000)
})

// --- the socket ------------------------------------------------------------------------------------------------------

/** A connection over a socket that records its settings. */
async function noted(t: Test, options?: Parameters<typeof Connection.from>[1]): Promise<{ connection: Connection; calls: unknown[][] }> {
  const server = net.createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  const calls: unknown[][] = []
  for (const name of ['setNoDelay', 'setKeepAlive', 'ref', 'unref'] as const) {
    const method = socket[name] as (...args: unknown[]) => net.Socket
    socket[name] = (...args: unknown[]) => {
      calls.push([name, ...args])
      return method.apply(socket, args)
    }
  }
  const connection = Connection.from(socket, options)
  t.teardown(() => connection.abort())
  return { connection, calls }
}

t.test('setNoDelay, setKeepAlive, ref and unref reach the socket, with the defaults of net', async (t) => {
  const { connection, calls } = await noted(t)
  calls.length = 0
  connection.setNoDelay()
  connection.setNoDelay(false)
  connection.setKeepAlive()
  connection.setKeepAlive(true, 5000)
  connection.unref()
  connection.ref()
  t.same(calls, [['setNoDelay', true], ['setNoDelay', false], ['setKeepAlive', false, 0], ['setKeepAlive', true, 5000], ['unref'], ['ref']])
})

t.test('the options of a connection made from a socket are set on the socket', async (t) => {
  t.same((await noted(t)).calls, [['setNoDelay', true]])
  t.same((await noted(t, { noDelay: false, keepAlive: true, keepAliveInitialDelay: 3000 })).calls, [
    ['setNoDelay', false],
    ['setKeepAlive', true, 3000],
  ])
})

everywhere(t, 'on any carrier, and on a closed connection, the settings do not throw', async (t, connect) => {
  const { a } = await connect()
  for (const over of [false, true]) {
    if (over) a.abort()
    a.setNoDelay(true)
    a.setNoDelay()
    a.setKeepAlive(true, 1000)
    a.setKeepAlive()
    t.equal(a.unref(), undefined)
    t.equal(a.ref(), undefined)
    t.equal(a.signal.aborted, over)
    await turns()
  }
})

t.test('the settings throw for wrong arguments', async (t) => {
  for (const { a } of [memory(t), await ends(t, 'tcp')]) {
    for (const wrong of [0, 'true', null]) {
      t.throws(() => a.setNoDelay(wrong as never), TypeError)
      t.throws(() => a.setKeepAlive(wrong as never), TypeError)
    }
    t.throws(() => a.setKeepAlive(true, '1000' as never), TypeError)
    for (const impossible of [-1, Number.NaN]) t.throws(() => a.setKeepAlive(true, impossible), RangeError)
  }
})

t.test('keepAlive and noDelay of a server are set on each connection', async (t) => {
  const { connection } = await accepted(t, { noDelay: false, keepAlive: true, keepAliveInitialDelay: 1000 })
  t.doesNotThrow(() => connection.setNoDelay(true))
})

// --- the process -----------------------------------------------------------------------------------------------------

/** Timers that keep the process alive. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

t.test('the timers of a connection keep the process alive exactly while the connection does', async (t) => {
  const { a } = memory(t, { client: { idleTimeout: 100_000 } })
  const before = timers()
  a.unref()
  const read = rejection(a.readLine())
  t.equal(timers() - before, 0, 'a timer that comes after unref')
  a.ref()
  t.equal(timers() - before, 1)
  a.unref()
  t.equal(timers() - before, 0)
  a.ref()
  a.abort()
  await read
  t.equal(timers() - before, 0, 'and nothing is left of it at the end')
})

t.test('a lifted limit does not keep the process alive, with or without unref', async (t) => {
  const { a, b } = memory(t, { client: { idleTimeout: 100_000 } })
  const before = timers()
  const read = a.readLine()
  t.equal(timers() - before, 1)
  b.write('x\n')
  await read
  t.equal(timers() - before, 0)
  a.ref()
  t.equal(timers() - before, 0)
  a.unref()
  a.ref()
  t.equal(timers() - before, 0)
})

const connected = `
const net = await import('node:net')
const server = await linnet.listen({ port: 0, host: '127.0.0.1', idleTimeout: 600_000, writeTimeout: 600_000 })
const raw = net.connect(server.port, '127.0.0.1').pause()
const connection = await server.accept()
raw.unref()
server.unref()
process.on('SIGUSR2', () => { console.log('alive'); connection.unref() })
process.on('exit', () => console.log('exit'))
`

t.test('an open connection keeps the process alive until unref, with its timers', { skip: process.platform === 'win32' }, async (t) => {
  const waits = {
    'that waits for nothing': '',
    'with a read and its time limit': 'connection.readLine().catch(() => {});',
  }
  await Promise.all(
    Object.entries(waits).map(async ([name, wait]) => {
      const held = program(t, `${connected} ${wait} console.log('ready')`)
      await held.says(/ready/)
      held.signal('SIGUSR2')
      await held.says(/alive/)
      t.equal(await held.ends(), 0, `a connection ${name}`)
      const again = program(t, `${connected} connection.unref(); ${wait} connection.ref(); console.log('ready')`)
      await again.says(/ready/)
      again.signal('SIGUSR2')
      await again.says(/alive/)
      t.equal(await again.ends(), 0, `a connection ${name}, referenced again`)
      const free = program(t, `${connected} connection.unref(); ${wait} console.log('ready')`)
      t.equal(await free.ends(), 0, `a connection ${name}, unreferenced before`)
    }),
  )
})

t.test('a connection in memory keeps the process alive by its timers alone, and after unref not at all', async (t) => {
  const pair = (idleTimeout: number) => `const [client] = testing.pair({ client: { idleTimeout: ${idleTimeout} } });`
  const waits = program(t, `${pair(30)} await client.readLine().catch((error) => console.log(error.code))`)
  // The state at exit. (Runtimes differ in how they exit from a module that awaits forever.)
  const tells = (promise: string) =>
    `let state = 'pending'; ${promise}.finally(() => { state = 'settled' }); process.on('exit', () => console.log(state))`
  // Longer than a busy machine takes to exit.
  const free = program(t, `${pair(60_000)} client.unref(); ${tells('client.readLine()')}`)
  const full = program(
    t,
    'const [client] = testing.pair({ highWaterMark: 9, server: { readHighWaterMark: 1 } }); client.unref(); client.write(Buffer.alloc(1000));' +
      tells('client.flush()'),
  )
  await waits.says(/ERR_LINNET_TIMEOUT/)
  t.equal(await waits.ends(), 0)
  t.strictSame([await free.ends(), free.stdout], [0, 'pending\n'], 'nothing was left that could have settled the read')
  t.strictSame([await full.ends(), full.stdout], [0, 'pending\n'], 'or the flush: writeTimeout is unreferenced too')
})
