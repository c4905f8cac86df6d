// The effect of a drain on reads: one that waits for a new message rejects one turn later; the rest of a message goes on.

import t from 'tap'
import { DrainingError } from '../../lib/index.js'
import { everywhere } from '../support/fixture.js'
import { isPending, rejection, turns, until, within } from '../support/wait.js'
import { connectionKinds } from './reading/kinds.js'
import { unread, wired } from './reading/support.js'

t.test('a drain interrupts idle reads only, and no read within a message', async (t) => {
  for (const { name, start, some, rest, toEnd } of connectionKinds) {
    const idle = wired()
    const waiting = rejection(start(idle.connection))
    idle.connection.drain()
    t.ok((await within(waiting)) instanceof DrainingError, name)
    t.ok((await within(rejection(start(idle.connection, { idle: true })))) instanceof DrainingError, `${name}, a later one`)
    if (some === '') continue
    const begun = wired()
    const read = start(begun.connection)
    begun.push(some)
    begun.connection.drain()
    t.ok(await isPending(read), `${name}, in the middle`)
    begun.push(rest)
    if (toEnd) begun.end()
    await within(read)
    const not = wired()
    not.connection.drain()
    const pending = start(not.connection, { idle: false })
    t.ok(await isPending(pending), `${name}, with idle: false`)
    not.connection.abort()
    await rejection(pending)
  }
})

t.test('a read that follows an idle one within the turn of a drain is not interrupted in its place', async (t) => {
  const { connection, push } = wired()
  const controller = new AbortController()
  const idle = rejection(connection.readLine({ signal: controller.signal }))
  connection.drain()
  controller.abort('not any more')
  t.equal(await idle, 'not any more')
  const next = connection.readLine({ idle: false })
  t.ok(await isPending(next))
  push('x\n')
  t.equal(await next, 'x')
  const message = connection.readMessage((reader) => reader.readLine(), { idle: false })
  t.ok(await isPending(message))
  push('y\n')
  t.equal(await message, 'y')
})

t.test('bytes that arrive within the turn of a drain make the read one within a message', async (t) => {
  for (const drop of [false, true]) {
    const { connection, push } = wired()
    const read = drop ? connection.skip(4) : connection.readExactly(4)
    connection.drain()
    setImmediate(() => push('ab'))
    t.ok(await isPending(read))
    push('cd')
    await within<unknown>(read)
  }
})

t.test('a drained connection still delivers buffered messages, and its handler can still write', async (t) => {
  const { connection, push, carrier } = wired()
  push('one\ntwo\nthr')
  connection.drain()
  const got: string[] = []
  const loop = (async () => {
    for await (const line of connection.lines()) got.push(line)
  })()
  await turns()
  t.same(got, ['one', 'two'])
  push('ee\n')
  const error = (await rejection(within(loop))) as DrainingError
  t.ok(error instanceof DrainingError)
  t.equal(error.code, 'ERR_LINNET_DRAINING')
  t.same(got, ['one', 'two', 'three'])
  await connection.write('goodbye\n')
  t.notOk(connection.ended)
  push('more')
  t.equal(unread(connection), 'more', 'and nothing was consumed')
  carrier.sink.end()
  t.equal(await connection.readToEnd('latin1'), 'more')
})

t.test('a message is not interrupted between two of its reads by a drain', async (t) => {
  const { connection, push } = wired()
  const message = connection.readMessage(async (reader) => `${await reader.readLine()}${await reader.readLine()}`)
  push('a\n')
  await turns(1)
  connection.drain()
  t.ok(await isPending(message))
  push('b\n')
  t.equal(await message, 'ab')
  t.ok((await within(rejection(connection.readMessage((reader) => reader.readLine())))) instanceof DrainingError)
})

everywhere(t, 'a request that arrives after a drain can still be read', async (t, connect) => {
  const { a, b } = await connect()
  const idle = rejection(b.readLine())
  b.drain()
  t.ok((await within(idle)) instanceof DrainingError)
  await a.write('late\n')
  await until(() => b.buffered > 0)
  t.equal(await within(b.readLine()), 'late')
})

t.test('a drain does not interrupt a read whose bytes the carrier still holds', async (t) => {
  const { connection, carrier, push } = wired()
  const read = connection.readLine()
  carrier.holding = true
  connection.drain()
  await turns(20)
  t.ok(await isPending(read))
  push('a question\n')
  carrier.holding = false
  t.equal(await within(read), 'a question')
  const idle = rejection(connection.readLine({ idle: true }))
  carrier.holding = true
  await turns(20)
  carrier.holding = false
  t.ok((await within(idle)) instanceof DrainingError)
})
