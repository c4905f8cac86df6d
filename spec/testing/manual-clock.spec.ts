// The clock that moves only by `advance`: timers fire in order, each after the work of the one before, and time never goes
// back.

import t from 'tap'
import { manualClock, memoryServer, pair, testCertificate } from '../../lib/testing/index.js'
import { isPending, pattern, rejection, turns, within } from '../support/wait.js'

t.test('time moves by the argument of advance, and only then', async (t) => {
  const clock = manualClock()
  const start = clock.now()
  await turns(20)
  t.equal(clock.now(), start)
  t.equal(await clock.advance(1500), undefined)
  t.equal(clock.now() - start, 1500)
  await clock.advance(0)
  await clock.advance(0.5)
  t.equal(clock.now() - start, 1500.5)
})

t.test('timers fire at their times, and those of one time in the order in which they were set', async (t) => {
  const clock = manualClock()
  const fired: [string, number][] = []
  const set = (name: string, ms: number): ReturnType<typeof clock.setTimer> => clock.setTimer(() => fired.push([name, clock.now()]), ms)
  set('c', 30)
  set('a', 10)
  set('b1', 20)
  set('b2', 20)
  const gone = set('gone', 15)
  set('late', 31)
  gone.clear()
  gone.clear()
  gone.unref()
  gone.ref()
  await clock.advance(30)
  t.strictSame(fired, [
    ['a', 10],
    ['b1', 20],
    ['b2', 20],
    ['c', 30],
  ])
  await clock.advance(1)
  t.strictSame(fired.at(-1), ['late', 31])
  await clock.advance(1000)
  t.equal(fired.length, 5, 'each fires once')
})

t.test('the work that a timer starts is done before the next one fires, and may set timers that are due', async (t) => {
  const clock = manualClock()
  const order: string[] = []
  clock.setTimer(() => {
    order.push('first')
    void turns(3).then(() => {
      order.push('its work')
      clock.setTimer(() => order.push(`in between at ${clock.now()}`), 5)
    })
  }, 10)
  clock.setTimer(() => order.push('second'), 20)
  await clock.advance(20)
  t.strictSame(order, ['first', 'its work', 'in between at 15', 'second'])
})

t.test('concurrent advances run one after the other, and time never goes back', async (t) => {
  const clock = manualClock()
  const times: number[] = []
  for (const at of [3, 9, 12]) clock.setTimer(() => times.push(clock.now()), at)
  const first = clock.advance(10)
  const second = clock.advance(5)
  await second
  t.equal(clock.now(), 15)
  await first
  t.equal(clock.now(), 15)
  t.strictSame(times, [3, 9, 12])
})

t.test('a timer that throws rejects its advance, and the clock goes on', async (t) => {
  const clock = manualClock()
  const wrong = new Error('in a timer')
  clock.setTimer(() => {
    throw wrong
  }, 5)
  t.equal(await rejection(clock.advance(10)), wrong)
  await clock.advance(10)
  t.ok(clock.now() >= 10)
})

t.test('advance rejects for anything but a time', async (t) => {
  const clock = manualClock()
  const advance = clock.advance.bind(clock) as (ms?: unknown) => Promise<void>
  for (const ms of [undefined, null, '5', {}, 5n]) t.ok((await rejection(advance(ms))) instanceof TypeError)
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) t.ok((await rejection(advance(ms))) instanceof RangeError)
  t.equal(clock.now(), 0)
})

t.test('every time limit of a pair runs on its clock', async (t) => {
  const clock = manualClock()
  const [client, server] = pair({ clock, server: { idleTimeout: 3_600_000, readTimeout: 1000, writeTimeout: 5000 }, highWaterMark: 1024 })
  t.teardown(() => {
    client.abort()
    server.abort()
  })
  const idle = server.readLine()
  const refused = rejection(idle)
  await clock.advance(3_599_999)
  t.equal(await isPending(refused), true)
  await clock.advance(1)
  t.match(await within(refused), { code: 'ERR_LINNET_TIMEOUT', kind: 'idle', timeout: 3_600_000 })
  const message = rejection(server.readLine())
  await client.write('begun')
  await clock.advance(999)
  t.equal(await isPending(message), true)
  await clock.advance(1)
  t.match(await within(message), { kind: 'read', timeout: 1000 })
  const call = rejection(server.readExactly(50, { timeout: 77 }))
  await clock.advance(77)
  t.match(await within(call), { kind: 'call', timeout: 77 })
  void server.write(Buffer.alloc(100_000))
  await turns(200)
  await clock.advance(5000)
  t.match(await within(server.closed), { by: 'timeout', error: { kind: 'write' }, duration: 3_600_000 + 1000 + 77 + 5000 })
})

t.test('closeTimeout, a latency and the limits of a server run on the clock too', async (t) => {
  const clock = manualClock()
  const [client, other] = pair({ clock, latency: 250, client: { closeTimeout: 2000 } })
  t.teardown(() => other.abort())
  const line = other.readLine()
  await client.write('slow\n')
  await clock.advance(249)
  t.equal(await isPending(line), true)
  await clock.advance(1)
  t.equal(await within(line), 'slow')
  const closing = client.close()
  await clock.advance(2249)
  await clock.advance(1)
  await within(closing)
  const { server, connect } = memoryServer({ clock, idleTimeout: 100 })
  const served = server.serve(async (connection) => {
    await connection.readLine()
  })
  const peer = await connect()
  await clock.advance(99)
  t.equal(peer.peerEnded, false)
  await clock.advance(1)
  t.equal(await within(peer.read()), null)
  await peer.close()
  await server.close()
  await served
})

t.test('sleep resolves at its time, in order with the timers, and rejects at an abort of its signal', async (t) => {
  const clock = manualClock()
  const order: string[] = []
  const stop = new AbortController()
  const woken = rejection(clock.sleep(15, { signal: stop.signal }))
  void clock.sleep(20).then(() => order.push('slept'))
  void clock.sleep(20, { signal: stop.signal }).then(
    () => order.push('never'),
    () => order.push('stopped'),
  )
  clock.setTimer(() => order.push('timer'), 10)
  await clock.advance(10)
  t.strictSame(order, ['timer'])
  const reason = new Error('enough')
  stop.abort(reason)
  t.equal(await woken, reason)
  await clock.advance(10)
  t.strictSame(order, ['timer', 'stopped', 'slept'])
  t.equal(await rejection(clock.sleep(1, { signal: stop.signal })), reason)
  t.ok((await rejection(clock.sleep('1' as never))) instanceof TypeError)
  t.ok((await rejection(clock.sleep(-1))) instanceof RangeError)
  t.ok((await rejection(clock.sleep(1, { signal: {} as never }))) instanceof TypeError)
})

t.test('the work that a timer starts is done before the next one fires, in however many turns', async (t) => {
  const clock = manualClock()
  const [client, server] = pair({ clock, server: { readTimeout: 15 } })
  t.teardown(() => [client, server].map((side) => side.abort()))
  const sent = pattern(20_000_000)
  const read = server.readToEnd({ maxBytes: sent.length, idle: true })
  clock.setTimer(() => void client.end(sent), 10)
  let arrived = 0
  clock.setTimer(() => {
    arrived = server.bytesRead
  }, 11)
  await clock.advance(100)
  t.equal(arrived, sent.length)
  t.ok((await within(read)).equals(sent), 'and no time limit expired meanwhile')
})

t.test('advance does not wait for two sides that never come to rest', async (t) => {
  const clock = manualClock()
  const [client, server] = pair({ clock })
  t.teardown(() => [client, server].map((side) => side.abort()))
  for (const side of [client, server]) side.writeFrom(side).catch(() => {})
  await client.write('.')
  await within(clock.advance(5))
  t.equal(clock.now(), 5)
  t.ok(client.bytesRead > 100)
})

t.test('a TLS handshake over a slow wire takes the time of its round trips', async (t) => {
  const clock = manualClock()
  const tls = testCertificate()
  await using kit = memoryServer({ clock, tls })
  const accepting = kit.server.accept()
  const connecting = kit.connect({ tls: { ca: tls.cert }, latency: 100 })
  await clock.advance(199)
  t.equal(await isPending(connecting), true)
  await clock.advance(1)
  const client = await within(connecting)
  await clock.advance(100)
  const connection = await within(accepting)
  await client.write('hello\n')
  const line = connection?.readLine()
  await clock.advance(100)
  t.equal(await within(line as Promise<string>), 'hello')
  const [left, right] = pair({ clock, latency: 50 })
  t.teardown(() => [left, right].map((side) => side.abort()))
  const upgraded = Promise.all([left.startTls({ ca: tls.cert }), right.startTls(tls)])
  await clock.advance(200)
  await within(upgraded)
  t.equal(left.tls?.authorized, true)
})
