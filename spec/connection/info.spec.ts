// The properties of the read half: the pending operation and its start, the bytes buffered, the bytes received.

import t from 'tap'
import { everywhere } from '../support/fixture.js'
import { rejection, turns, until, within } from '../support/wait.js'
import { connectionKinds } from './reading/kinds.js'
import { wired } from './reading/support.js'

t.test('waiting is the pending read and its start, and undefined afterwards', async (t) => {
  for (const { name, operation, start, some, rest, toEnd } of connectionKinds) {
    for (const outcome of ['satisfied', 'cancelled', 'timed out', 'ended', 'lost', 'aborted'] as const) {
      const { connection, push, end, lose, clock } = wired()
      t.equal(connection.waiting, undefined)
      const controller = new AbortController()
      const before = Date.now()
      const read = start(connection, { signal: controller.signal, timeout: 5 }).catch(() => {})
      if (some !== '') push(some)
      await turns(1)
      const { waiting } = connection
      t.equal(waiting?.operation, operation, name)
      t.ok(waiting !== undefined && waiting.since >= before && waiting.since <= Date.now(), 'Unix time')
      if (outcome === 'satisfied') push(rest)
      if (outcome === 'cancelled') controller.abort()
      if (outcome === 'timed out') await clock.pass(5)
      if (outcome === 'ended' || toEnd) end()
      if (outcome === 'lost') lose()
      if (outcome === 'aborted') connection.abort()
      await within(read)
      t.equal(connection.waiting, undefined, `${name}, ${outcome}`)
    }
  }
})

t.test('an operation is written as a program writes the call', async (t) => {
  const wanted: [string, (connection: ReturnType<typeof wired>['connection']) => Promise<unknown>][] = [
    ["readUntil('it\\'s \"\\r\\n')", (connection) => connection.readUntil('it\'s "\r\n')],
    ['readUntil(<0d0aff>)', (connection) => connection.readUntil(Buffer.from([13, 10, 255]))],
    ["skipUntil(['a', <00>])", (connection) => connection.skipUntil(['a', Buffer.from([0])])],
    ['readUntilMatch(/\\r?\\n/i)', (connection) => connection.readUntilMatch(/\r?\n/i)],
    ['readInto(<8 bytes>)', (connection) => connection.readInto(new Float64Array(1))],
    ['chunks()', (connection) => connection[Symbol.asyncIterator]().next()],
  ]
  for (const [operation, start] of wanted) {
    const { connection } = wired()
    const read = rejection(start(connection))
    t.equal(connection.waiting?.operation, operation)
    connection.abort()
    await read
  }
})

t.test('a message is one operation from its start to its end', async (t) => {
  const { connection, push } = wired()
  let proceed = (): void => {}
  const message = connection.readMessage(async (reader) => {
    await reader.readLine()
    await new Promise<void>((resolve) => {
      proceed = resolve
    })
    await reader.readLine()
  })
  const { waiting } = connection
  t.equal(waiting?.operation, 'readMessage()')
  push('a\n')
  await turns(2)
  t.same(connection.waiting, waiting, 'between two of its reads')
  proceed()
  await turns(2)
  t.same(connection.waiting, waiting)
  push('b\n')
  await message
  t.equal(connection.waiting, undefined)
})

everywhere(t, 'each byte is counted once', async (t, connect) => {
  const { a, b } = await connect()
  t.same([b.buffered, b.bytesRead, b.peerEnded], [0, 0, false])
  await a.write('one\ntwo\nthree')
  await until(() => b.bytesRead === 13)
  t.equal(b.buffered, 13)
  await b.readLine()
  t.same([b.buffered, b.bytesRead], [9, 13])
  await b.peek(5)
  await b.skip(4)
  t.same([b.buffered, b.bytesRead], [5, 13])
  await rejection(b.readExactly(10, { timeout: 1 }))
  t.same([b.buffered, b.bytesRead], [5, 13])
  await a.end('!')
  await until(() => b.peerEnded)
  t.same([b.buffered, b.bytesRead], [6, 14])
  t.equal(await b.readToEnd('latin1'), 'three!')
  await b.close()
  t.same([b.buffered, b.bytesRead, (await b.closed).bytesRead], [0, 14, 14])
})

t.test('bytes of a failed message count as buffered again', async (t) => {
  const { connection, push } = wired()
  push('one\ntwo')
  const counts: number[] = []
  await rejection(
    connection.readMessage(async (reader) => {
      counts.push(connection.buffered)
      await reader.readLine()
      counts.push(connection.buffered)
      await reader.readExactly(5, { maxBytes: 4 })
    }),
  )
  counts.push(connection.buffered, connection.bytesRead)
  t.same(counts, [7, 3, 7, 7])
})

t.test('the properties can be read after the end', async (t) => {
  for (const how of ['end', 'lose', 'abort'] as const) {
    const { connection, push, end, lose } = wired()
    push('abc')
    if (how === 'end') {
      end()
      await connection.end()
    } else if (how === 'lose') lose()
    else connection.abort()
    await within(connection.closed)
    t.equal(connection.bytesRead, 3)
    t.equal(connection.buffered, how === 'abort' ? 0 : 3, `bytes buffered then can still be read, unless this side aborted: ${how}`)
    t.equal(connection.peerEnded, how === 'end')
    t.equal(connection.waiting, undefined)
    if (how !== 'abort') t.equal(await connection.readExactly(3, 'latin1'), 'abc')
  }
})
