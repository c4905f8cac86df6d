// The time limits of a message: one for the whole, whatever its reads are.

import t from 'tap'
import type { Reader, ReadOptions } from '../../../lib/index.js'
import { isPending, rejection, turns, within } from '../../support/wait.js'
import { unread, wired } from './support.js'

const both = { idleTimeout: 100, readTimeout: 1000 }
const two = async (reader: Reader): Promise<string> => `${await reader.readLine()}+${await reader.readLine()}`

t.test('only the first byte of a message is waited for as idle, and its reads share one time limit', async (t) => {
  const { connection, push, clock } = wired(both)
  const message = rejection(connection.readMessage(two))
  await turns(1)
  await clock.pass(99)
  push('a\n')
  await clock.pass(0)
  await clock.pass(600)
  t.equal(connection.waiting?.operation, 'readMessage()', 'longer than idleTimeout')
  push('b')
  await clock.pass(399)
  t.ok(await isPending(message))
  await clock.pass(1)
  t.match(await message, { operation: 'readMessage()', timeout: 1000, kind: 'read' }, 'a second from its first byte')
  t.equal(unread(connection), 'a\nb')
})

t.test('a message is idle until its first byte arrives, unless idle is false', async (t) => {
  for (const [options, kind, timeout] of [
    [{}, 'idle', 100],
    [{ idle: false }, 'read', 1000],
    [{ timeout: 50 }, 'call', 50],
  ] as const) {
    const { connection, push, clock } = wired(both)
    push('x')
    await connection.readExactly(1)
    const message = rejection(connection.readMessage(two, options as ReadOptions))
    await turns(1)
    await clock.pass(timeout - 1)
    t.ok(await isPending(message))
    await clock.pass(1)
    t.match(await message, { operation: 'readMessage()', kind, timeout })
  }
})

t.test('a message whose first byte is buffered has the time limit of one that begins', async (t) => {
  const { connection, push, clock } = wired(both)
  push('a\n')
  const message = rejection(connection.readMessage(two))
  await turns(1)
  await clock.pass(999)
  t.ok(await isPending(message))
  await clock.pass(1)
  t.match(await message, { kind: 'read' })
})

t.test('the timeout of a message replaces the limits of the connection for all its reads', async (t) => {
  const { connection, push, clock } = wired(both)
  const message = rejection(
    connection.readMessage(async (reader) => `${await reader.readLine()}${await reader.readLine({ timeout: 10_000 })}`, { timeout: 5000 }),
  )
  await turns(1)
  await clock.pass(4000)
  push('a\n')
  await clock.pass(999)
  t.ok(await isPending(message))
  await clock.pass(1)
  t.match(await message, { timeout: 5000, kind: 'call', operation: 'readMessage()' })
})

t.test('a timeout of one read in a message holds, and does not end the message if it is caught', async (t) => {
  const { connection, push, clock } = wired(both)
  const message = connection.readMessage(async (reader) => {
    const first = await reader.readLine({ timeout: 10 }).catch((error) => error.operation as string)
    return `${first}, ${await reader.readLine()}`
  })
  await turns(1)
  await clock.pass(10)
  push('a\n')
  t.equal(await within(message), 'readLine(), a')
  const other = rejection(connection.readMessage((reader) => reader.readLine({ timeout: 10 })))
  await turns(1)
  push('b')
  await clock.pass(10)
  t.match(await other, { operation: 'readLine()', timeout: 10, kind: 'call' })
  t.equal(unread(connection), 'b')
})

t.test('the time limit of a message also runs between two reads', async (t) => {
  for (const over of ['', 'lose', 'end'] as const) {
    const wire = wired(both)
    const message = rejection(
      wire.connection.readMessage(async (reader) => {
        await reader.readLine()
        await new Promise(() => {})
      }),
    )
    wire.push('a\nb')
    if (over !== '') wire[over]()
    // Both directions have ended, so the connection is closed.
    if (over === 'end') await wire.connection.end()
    await turns(2)
    await wire.clock.pass(1000)
    t.match(await within(message), { kind: 'read', operation: 'readMessage()' }, over)
    t.equal(unread(wire.connection), 'a\nb')
    t.equal(wire.clock.alive, 0)
    if (over !== '') t.equal(wire.clock.set, 0, 'a connection that is over keeps no timer')
  }
})

t.test('a function that never waits is not cut by a time limit, but by its signal', async (t) => {
  const { connection, clock } = wired()
  const controller = new AbortController()
  const never = rejection(connection.readMessage(() => new Promise(() => {}), { signal: controller.signal, timeout: 100 }))
  await turns(1)
  await clock.pass(99)
  t.ok(await isPending(never))
  controller.abort('cut')
  t.equal(await never, 'cut')
  const timed = rejection(connection.readMessage(() => new Promise(() => {}), { timeout: 100 }))
  await turns(1)
  await clock.pass(100)
  t.match(await timed, { kind: 'call' })
  const soon = new AbortController()
  const aborted = rejection(connection.readMessage(() => new Promise(() => {}), { signal: soon.signal }))
  soon.abort('at once')
  t.equal(await aborted, 'at once', 'also in the same turn')
  const reading = new AbortController()
  const message = rejection(
    connection.readMessage(
      (reader) => {
        reading.abort('while it is called')
        return reader.readLine()
      },
      { signal: reading.signal },
    ),
  )
  t.equal(await within(message), 'while it is called')
  t.equal(connection.waiting, undefined)
  t.equal(clock.alive, 0)
})

t.test('a lost connection keeps no timer after its time limit ran out', async (t) => {
  const wire = wired({ readTimeout: 10 })
  wire.push('half')
  wire.lose()
  t.equal(wire.clock.set, 0)
  const message = rejection(wire.connection.readMessage(() => new Promise(() => {})))
  await turns(1)
  t.equal(wire.clock.set, 1)
  await wire.clock.pass(10)
  t.match(await within(message), { kind: 'read' })
  t.equal(wire.clock.set, 0)
})
