// drain() of one connection: a read that waits for a new message rejects after a turn, one within a message goes on, and a
// handler that is not reading is notified by a signal.

import { once } from 'node:events'
import t from 'tap'
import { DrainingError } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { everywhere, memory } from '../support/fixture.js'
import { isPending, rejection, turn, turns, until, within } from '../support/wait.js'

const isDraining = (error: unknown): boolean => error instanceof DrainingError && error.code === 'ERR_LINNET_DRAINING'

everywhere(t, 'an idle read rejects with DrainingError, and its handler can still write', async (t, connect) => {
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

everywhere(t, 'a message that has begun goes on, and the next read rejects', async (t, connect) => {
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

everywhere(t, 'a message whose first bytes arrived before the drain, or within a turn of it, is read', async (t, connect) => {
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
  t.equal(settled, false, 'a later one rejects after a turn as well')
  t.ok(isDraining(await within(next)))
})

t.test('a drain interrupts a read with idle: true and none with idle: false', async (t) => {
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

t.test('the synchronous reads never throw DrainingError', async (t) => {
  const { a, b } = memory(t)
  b.drain()
  await turns()
  t.equal(b.tryReadLine(), undefined)
  t.equal(b.tryReadExactly(1), undefined)
  a.write('x\n')
  await until(() => b.buffered === 2)
  t.equal(b.tryReadUntil('\n', 'utf8'), 'x\n')
})

t.test('a drain does not affect writing, ending and closing', async (t) => {
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

t.test('a drainSignal that is made after the drain has aborted; that of a connection that ended otherwise never aborts', async (t) => {
  const { a, b } = memory(t)
  b.drain()
  t.ok(isDraining(b.drainSignal.reason))
  const { drainSignal } = a
  a.abort()
  a.drain()
  await turns()
  t.equal(drainSignal.aborted, false)
})

t.test('a second drain changes nothing, and every idle read rejects', async (t) => {
  const clock = manualClock()
  const { b } = memory(t, { clock })
  const first = rejection(b.readLine())
  b.drain()
  b.drain()
  t.ok(isDraining(await within(first)))
  const second = rejection(b.readLine())
  t.ok(isDraining(await within(second)), 'every idle read rejects')
})
