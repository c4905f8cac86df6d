// A batch that waits is one read: how it is satisfied, refused, drained and timed.

import t from 'tap'
import { ConcurrentReadError, type Connection, DrainingError } from '../../../lib/index.js'
import { isPending, rejection, turns, within } from '../../support/wait.js'
import { shown, unread, wired } from './support.js'

t.test('a batch holds all complete messages that have arrived, and waits for nothing more', async (t) => {
  const { connection, push } = wired()
  push('a\nb\r\n\nhal')
  const lines = connection.lineBatches()
  t.same(await lines.next(), { value: ['a', 'b', ''], done: false })
  const next = lines.next()
  t.ok(await isPending(next), 'half a line is no batch')
  push('f')
  t.ok(await isPending(next))
  push('\nc\nd')
  t.same(await next, { value: ['half', 'c'], done: false })
  for (const piece of ['e', '\nf', '\n', 'g\nh\n', 'i']) push(piece)
  t.same(await lines.next(), { value: ['de', 'f', 'g', 'h'], done: false }, 'also those that span chunks')
  t.equal(unread(connection), 'i')
})

t.test('a batch that waits is satisfied by the first chunk with a complete message', async (t) => {
  const cases: [string, (connection: Connection) => AsyncIterator<unknown>, string, string][] = [
    ['text', (connection) => connection.lineBatches(), '[ab|c]', '[defg]'],
    ['bytes', (connection) => connection.batches('\n'), '[ab\r\n|c\n]', '[defg\n]'],
    ['a list of delimiters', (connection) => connection.batches(['\n', ';']), '[ab\r\n|c\n]', '[defg\n]'],
    ['a delimiter of two bytes', (connection) => connection.lineBatches({ delimiter: '\r\n' }), '[ab]', '[c\ndefg\nh]'],
    ['with a limit', (connection) => connection.lineBatches({ maxBytes: 5 }), '[ab|c]', '[defg]'],
    ['with a time limit', (connection) => connection.lineBatches({ timeout: 10 }), '[ab|c]', '[defg]'],
    ['with a signal', (connection) => connection.lineBatches({ signal: new AbortController().signal }), '[ab|c]', '[defg]'],
    ['not idle', (connection) => connection.lineBatches({ idle: false }), '[ab|c]', '[defg]'],
  ]
  for (const [name, make, first, second] of cases) {
    const { connection, push } = wired()
    const batches = make(connection)
    const one = batches.next()
    push('ab\r\nc\nde')
    t.equal(shown(await one), first, name)
    const two = batches.next()
    for (const piece of ['f', 'g\nh', '\r\n']) push(piece)
    t.equal(shown(await two), second, name)
    await connection.skip(connection.buffered)
    const three = batches.next()
    push('end\r\n')
    t.match(shown(await three), /end/, name)
  }
})

t.test('the result of a batch costs one promise, however many messages it holds', async (t) => {
  const { connection, push } = wired()
  const batches = connection.lineBatches()
  let turned = false
  const immediate = setImmediate(() => {
    turned = true
  })
  const next = batches.next()
  push('line\n'.repeat(1000))
  t.equal((await next).value.length, 1000)
  push('line\n'.repeat(1000))
  t.equal((await batches.next()).value.length, 1000)
  t.notOk(turned, 'no turn of the event loop')
  clearImmediate(immediate)
})

t.test('a batch that waits is one read: another is refused, and may be asked again', async (t) => {
  const { connection, push } = wired()
  const [one, other] = [connection.lineBatches(), connection.batches(';')]
  const first = one.next()
  for (const refused of [other.next(), one.next(), connection.readLine(), connection.readMessage((reader) => reader.readLine())]) {
    t.ok((await rejection(refused)) instanceof ConcurrentReadError)
  }
  t.match((await rejection(connection.readLine())) as Error, { message: /lineBatches\(\)/ })
  push('a\nb;')
  t.equal(shown(await first), '[a]')
  t.equal(shown(await other.next()), '[b;]')
})

t.test('a drain ends the wait for a batch, and not the wait for the rest of a message', async (t) => {
  for (const options of [{}, { idle: true }, { timeout: 1000 }]) {
    const idle = wired()
    const failure = rejection(idle.connection.lineBatches(options).next())
    idle.connection.drain()
    t.ok((await within(failure)) instanceof DrainingError)
    const begun = wired()
    const next = begun.connection.lineBatches(options).next()
    begun.push('a')
    begun.connection.drain()
    await turns()
    begun.push('b\n')
    t.equal(shown(await within(next)), '[ab]')
    t.ok((await rejection(within(begun.connection.lineBatches(options).next()))) instanceof DrainingError, 'a later one too')
  }
  const { connection, push } = wired()
  const next = connection.lineBatches({ idle: false }).next()
  connection.drain()
  await turns()
  push('a\n')
  t.equal(shown(await within(next)), '[a]')
})

t.test('idleTimeout holds for the first byte of a batch, readTimeout for the rest, and timeout for each batch', async (t) => {
  const waits = wired({ idleTimeout: 50, readTimeout: 10 })
  const idle = rejection(waits.connection.lineBatches().next())
  await waits.clock.pass(50)
  t.match(await idle, { code: 'ERR_LINNET_TIMEOUT', kind: 'idle', operation: 'lineBatches()' })
  const begun = rejection(waits.connection.batches('\n').next())
  waits.push('a')
  await waits.clock.pass(10)
  t.match(await begun, { kind: 'read', operation: "batches('\\n')" })
  waits.push('b\n')
  t.equal(await waits.connection.readLine(), 'ab', 'nothing was consumed')
  const { connection, push, clock } = wired()
  const batches = connection.lineBatches({ timeout: 10 })
  for (const line of ['a', 'b', 'c']) {
    const next = batches.next()
    await clock.pass(9)
    push(`${line}\n`)
    t.equal(shown(await next), `[${line}]`)
  }
  const late = rejection(batches.next())
  await clock.pass(10)
  t.match(await late, { kind: 'call' })
})

t.test('between two batches any other read may be made', async (t) => {
  const { connection, push } = wired()
  const got: unknown[] = []
  push('3\nabcdef\n')
  for await (const lines of connection.lineBatches()) {
    got.push(lines)
    if (got.length > 1) break
    push('2\nx')
    got.push(await connection.readExactly(1, 'latin1'))
    push('y\n')
  }
  t.same(got, [['3', 'abcdef'], '2', ['', 'xy']])
  push('open\n')
  t.equal(await connection.readLine(), 'open', 'break leaves the connection open')
})
