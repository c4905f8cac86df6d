// readTimeout, idleTimeout and a read's own timeout: which of them applies, from when it counts, and that a time-out
// consumes nothing.

import t from 'tap'
import { TimeoutError } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { memory } from '../support/fixture.js'
import { isPending, rejection, turns, within } from '../support/wait.js'
import { connectionKinds } from './reading/kinds.js'
import { shown, unread, wired } from './reading/support.js'

const both = { idleTimeout: 100, readTimeout: 1000 }

t.test('a TimeoutError names its operation, its limit and its kind', async (t) => {
  for (const { name, operation, start, some } of connectionKinds) {
    const idle = wired(both)
    const first = rejection(start(idle.connection))
    await idle.clock.pass(0)
    await idle.clock.pass(99)
    t.equal(idle.connection.waiting?.operation, operation, `${name} waits`)
    await idle.clock.pass(1)
    const error = (await first) as TimeoutError
    t.ok(error instanceof TimeoutError)
    t.match(error, { name: 'TimeoutError', code: 'ERR_LINNET_TIMEOUT', operation, timeout: 100, kind: 'idle' }, name)
    t.match(error.message, new RegExp(`^${operation.replace(/[^\w ]/g, '\\$&')} did not finish within 100 ms.*idleTimeout`))
    if (some === '') continue
    const begun = wired(both)
    const second = rejection(start(begun.connection))
    await begun.clock.pass(0)
    await begun.clock.pass(99)
    begun.push(some)
    await begun.clock.pass(999)
    t.ok(begun.connection.waiting, `${name}: a message that began has readTimeout, from its first byte`)
    await begun.clock.pass(1)
    t.match(await second, { code: 'ERR_LINNET_TIMEOUT', operation, timeout: 1000, kind: 'read' }, name)
    const own = wired(both)
    const third = rejection(start(own.connection, { timeout: 50 }))
    await own.clock.pass(0)
    await own.clock.pass(49)
    own.push(some)
    await own.clock.pass(1)
    t.match(await third, { operation, timeout: 50, kind: 'call' }, `${name}: its own counts from the call`)
  }
})

t.test('the time of a read that is not idle counts from its start', async (t) => {
  const { connection, push, clock } = wired(both)
  push('head\n')
  await connection.readLine()
  await clock.pass(5000)
  const body = rejection(connection.readLine())
  await clock.pass(500)
  push('x')
  await clock.pass(499)
  t.ok(connection.waiting, 'whichever is later: a byte of it does not start it anew')
  await clock.pass(1)
  t.match(await body, { kind: 'read', timeout: 1000 })
})

t.test('a read that begins with buffered bytes is within a message', async (t) => {
  const { connection, push, clock } = wired(both)
  push('x')
  const read = rejection(connection.readLine())
  await clock.pass(999)
  t.ok(connection.waiting)
  await clock.pass(1)
  t.match(await read, { kind: 'read' })
})

t.test('timeout replaces a shorter limit of the connection, and Infinity is none', async (t) => {
  for (const timeout of [5000, Number.POSITIVE_INFINITY, 2 ** 31, Number.MAX_VALUE]) {
    const { connection, push, clock } = wired(both)
    const read = rejection(connection.readLine({ timeout }))
    await clock.pass(4000)
    push('x')
    await clock.pass(999)
    t.ok(connection.waiting)
    await clock.pass(2 ** 40)
    if (timeout === 5000) t.match(await read, { timeout: 5000, kind: 'call' })
    else t.ok(await isPending(read))
    connection.abort()
  }
  const { connection, clock } = wired({ idleTimeout: 2 ** 31, readTimeout: 2 ** 53 })
  const read = rejection(connection.readLine())
  await clock.pass(2 ** 40)
  t.ok(await isPending(read), 'nor is what is beyond the range of a timer')
  t.equal(clock.made, 0)
  connection.abort()
})

t.test('without a limit a read waits forever', async (t) => {
  const { connection, clock } = wired()
  t.match(connection.limits, { readTimeout: Number.POSITIVE_INFINITY, idleTimeout: Number.POSITIVE_INFINITY })
  const read = rejection(connection.readLine())
  await clock.pass(2 ** 40)
  t.ok(await isPending(read))
  connection.abort()
})

t.test('the longest timeout that a timer can hold is a limit', async (t) => {
  const { connection, clock } = wired()
  const read = rejection(connection.readLine({ timeout: 2 ** 31 - 1 }))
  await clock.pass(2 ** 31 - 2)
  t.ok(await isPending(read))
  await clock.pass(1)
  t.match(await read, { timeout: 2 ** 31 - 1 })
})

t.test('readTimeout applies to a client that sends a byte a second', async (t) => {
  const clock = manualClock()
  const { a, b } = memory(t, { server: { readTimeout: 10_000, idleTimeout: 60_000 }, clock })
  for (const read of [
    () => b.readLine(),
    () => b.readMessage(async (reader) => `${await reader.readExactly(3)}${await reader.readLine()}`),
  ]) {
    const failure = rejection(read() as Promise<unknown>)
    let sent = 0
    while (b.waiting !== undefined && sent < 60) {
      void a.write('x')
      sent++
      await clock.advance(1000)
    }
    t.equal(sent, 10, 'ten seconds from its first byte')
    t.match(await failure, { kind: 'read', timeout: 10_000 })
    t.equal(b.buffered, 10, 'and nothing is taken')
    await b.skip(10)
    void b.write('next')
  }
})

t.test('the time that a handler takes does not count', async (t) => {
  const { connection, push, clock } = wired({ idleTimeout: 100, readTimeout: 100 })
  push('one\n')
  t.equal(await connection.readLine(), 'one')
  push('two\n')
  await clock.pass(10_000)
  t.equal(await connection.readLine(), 'two', 'bytes received meanwhile are read although the time has passed')
  void connection.write('reply')
  await clock.pass(10_000)
  const next = connection.readLine()
  await clock.pass(99)
  push('three\n')
  t.equal(await next, 'three')
})

t.test('a time-out and data in the same turn have one outcome', async (t) => {
  for (const { name, start, some, rest, value, taken, toEnd } of connectionKinds) {
    if (toEnd || name === 'readMessage') continue
    const whole = wired(both)
    const read = start(whole.connection)
    await whole.clock.pass(100, () => whole.push(some + rest))
    t.equal(shown(await within(read)), value, `${name}: bytes that came in the turn of the time-out`)
    t.equal(unread(whole.connection), (some + rest).slice(taken))
    if (some === '') continue
    const part = wired(both)
    const begun = start(part.connection, { timeout: 100 })
    const failure = rejection(begun)
    await part.clock.pass(100, () => part.push(some))
    t.match(await within(failure), { code: 'ERR_LINNET_TIMEOUT' }, `${name}: not all of it`)
    const idle = wired(both)
    const first = start(idle.connection)
    await idle.clock.pass(100, () => idle.push(some))
    idle.push(rest)
    t.equal(shown(await within(first)), value, `${name}: its first byte, in the turn in which it had waited too long for it`)
  }
})

t.test('bytes that arrived while the program was busy are in time', async (t) => {
  const { a, b } = memory(t)
  const read = b.readLine({ timeout: 20 })
  await a.write('in time\n')
  for (const end = performance.now() + 60; performance.now() < end; );
  t.equal(await within(read), 'in time')
})

t.test('a read that follows another in the turn of its time-out has its whole time', async (t) => {
  const { connection, push, clock } = wired({ idleTimeout: 100 })
  const first = connection.readLine()
  let second: Promise<string> | undefined
  await clock.pass(100, () => {
    push('one\n')
    second = connection.readLine()
  })
  t.equal(await first, 'one')
  t.ok(await isPending(second as Promise<string>))
  await clock.pass(50)
  push('two\n')
  t.equal(await second, 'two')
})

t.test('limits that are set apply to the next read, not to the pending one', async (t) => {
  const { connection, push, clock } = wired(both)
  const first = rejection(connection.readLine())
  connection.setLimits({ idleTimeout: 5000, readTimeout: 10 })
  await clock.pass(100)
  t.match(await first, { timeout: 100, kind: 'idle' })
  const second = rejection(connection.readLine())
  connection.setLimits({ readTimeout: 1000 })
  await clock.pass(4999)
  push('x')
  await clock.pass(10)
  t.match(await second, { timeout: 10, kind: 'read' })
  const message = rejection(connection.readMessage((reader) => reader.readLine()))
  await turns(1)
  connection.setLimits({ readTimeout: 10 })
  await clock.pass(999)
  t.ok(await isPending(message))
  await clock.pass(1)
  t.match(await message, { timeout: 1000, kind: 'read' })
})
