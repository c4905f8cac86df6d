// One connection that is asked to finish: what waits for a new message is told so after a turn, what is in the middle of
// one goes on, and a handler that is not reading hears it by a signal.

import { once } from 'node:events'
import t from 'tap'
import { DrainingError } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { everywhere, memory } from '../support/fixture.js'
import { isPending, rejection, turn, turns, until, within } from '../support/wait.js'

const isDraining = (error: unknown): boolean => error instanceof DrainingError && error.code === 'ERR_LINNET_DRAINING'

everywhere(t, 'an idle read is told to finish, and its handler may say goodbye', async (t, connect) => {
  const { a, b } = await connect()
  const run = b.run(async (connection) => {
    try {
      for await (const line of connection.lines()) await connection.write(`${line}\n`)
    } catch (error) {
      t.ok(isDraining(error))
      await connection.write('goodbye\n')
    }
  })
  await a.write('hello\n')
  t.equal(await a.readLine(), 'hello')
  b.drain()
  t.equal(await a.readToEnd('utf8'), 'goodbye\n')
  await a.close()
  await within(run)
  t.equal((await b.closed).by, 'local')
})

everywhere(t, 'a message that has begun goes on, and the next one is not begun', async (t, connect) => {
  const { a, b } = await connect()
  const message = b.readMessage(async (reader) => [await reader.readLine(), await reader.readLine()])
  await a.write('one\nha')
  await until(() => b.bytesRead === 6)
  b.drain()
  await turns()
  t.equal(await isPending(message), true)
  await a.write('lf\n')
  t.same(await message, ['one', 'half'])
  await b.write('answer')
  t.ok(isDraining(await within(rejection(b.readLine()))))
  t.equal(b.signal.aborted, false, 'it is not closed by that')
})

everywhere(t, 'what has arrived is a message that has begun: it is read, and so is what comes within a turn', async (t, connect) => {
  const { a, b } = await connect()
  await a.write('buffered\n')
  await until(() => b.buffered === 9)
  b.drain()
  t.equal(await b.readLine(), 'buffered')
  await b.write('x')
  const next = rejection(b.readLine())
  let settled = false
  void next.then(() => (settled = true))
  await Promise.resolve()
  t.equal(settled, false, 'a later one is told after a turn as well')
  t.ok(isDraining(await within(next)))
})

t.test('idle: false keeps a drain away, idle: true lets it in, at any time', async (t) => {
  const { a, b } = memory(t)
  const kept = b.readLine({ idle: false })
  b.drain()
  t.equal(await isPending(kept), true)
  a.write('x\n')
  t.equal(await kept, 'x')
  const rest = b.readLine()
  t.equal(await isPending(rest), true, 'by itself it would be the rest of a message')
  a.write('y\n')
  await rest
  t.ok(isDraining(await rejection(b.readLine({ idle: true }))))
})

t.test('the synchronous reads never say so', async (t) => {
  const { a, b } = memory(t)
  b.drain()
  await turns()
  t.equal(b.tryReadLine(), undefined)
  t.equal(b.tryReadExactly(1), undefined)
  a.write('x\n')
  await until(() => b.buffered === 2)
  t.equal(b.tryReadUntil('\n', 'utf8'), 'x\n')
})

t.test('writing, ending and closing go on as ever', async (t) => {
  const { a, b } = memory(t)
  b.drain()
  await b.write('still ')
  await b.end('there')
  t.equal(await a.readToEnd('utf8'), 'still there')
  await a.end()
  t.equal((await within(b.closed)).by, 'local')
})

everywhere(t, 'drainSignal aborts with a DrainingError, once, for handlers that are not reading', async (t, connect) => {
  const { b } = await connect()
  const { drainSignal } = b
  t.ok(drainSignal instanceof AbortSignal)
  t.equal(b.drainSignal, drainSignal)
  let told = 0
  drainSignal.addEventListener('abort', () => told++)
  const heard = once(drainSignal, 'abort')
  await turn()
  t.equal(drainSignal.aborted, false)
  b.drain()
  await heard
  b.drain()
  t.ok(isDraining(drainSignal.reason))
  t.equal(told, 1)
  t.equal(b.signal.aborted, false, 'it is asked to finish, and not over')
})

t.test('a drainSignal that is asked for afterwards has aborted; that of a connection that ended otherwise never does', async (t) => {
  const { a, b } = memory(t)
  b.drain()
  t.ok(isDraining(b.drainSignal.reason))
  const { drainSignal } = a
  a.abort()
  a.drain()
  await turns()
  t.equal(drainSignal.aborted, false)
})

t.test('a drain that comes while one is told, or twice, is one', async (t) => {
  const clock = manualClock()
  const { b } = memory(t, { clock })
  const first = rejection(b.readLine())
  b.drain()
  b.drain()
  t.ok(isDraining(await within(first)))
  const second = rejection(b.readLine())
  t.ok(isDraining(await within(second)), 'every idle read is told')
})
