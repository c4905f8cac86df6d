// Rule 4: one read at a time. A second one is refused and changes nothing; the moment the first is settled, however that
// came, the next may be made.

import t from 'tap'
import { ConcurrentReadError } from '../../../lib/index.js'
import { everywhere } from '../../support/fixture.js'
import { isPending, rejection, turn, within } from '../../support/wait.js'
import { connectionKinds } from './kinds.js'
import { shown, unread, wired } from './support.js'

everywhere(t, 'a second read is refused, and the first gets its bytes', async (t, connect) => {
  const { a, b } = await connect()
  const first = b.readUntil('\n')
  await a.write('ab')
  for (const { name, start } of connectionKinds) {
    const error = await rejection(start(b))
    t.ok(error instanceof ConcurrentReadError, `${name}: ${String(error)}`)
    t.equal((error as ConcurrentReadError).code, 'ERR_LINNET_CONCURRENT_READ')
  }
  await a.write('c\nd')
  t.equal(String(await within(first)), 'abc\n')
  t.equal(await within(b.readExactly(1, 'latin1')), 'd')
})

t.test('each kind of read refuses a second one and is not affected by it', async (t) => {
  for (const { name, start, some, rest, value, toEnd } of connectionKinds) {
    const { connection, push, end } = wired()
    const first = start(connection)
    push(some)
    t.ok((await rejection(connection.readExactly(1))) instanceof ConcurrentReadError, name)
    t.ok((await rejection(connection.readMessage(async () => t.fail('it was called')))) instanceof ConcurrentReadError, name)
    for (const attempt of [() => connection.tryReadLine(), () => connection.tryReadUntil('\n'), () => connection.tryReadExactly(0)])
      t.throws(attempt, { code: 'ERR_LINNET_CONCURRENT_READ' })
    t.throws(() => connection.toDuplex(), { code: 'ERR_LINNET_CONCURRENT_READ' })
    push(rest)
    if (toEnd) end()
    t.equal(shown(await first), value, name)
  }
})

t.test('a read that does not wait is not pending', async (t) => {
  const { connection, push } = wired()
  push('a\nb\nc')
  const reads = [connection.readLine(), connection.readLine(), connection.readExactly(1, 'latin1'), connection.readLine()]
  push('d\n')
  t.same(await Promise.all(reads), ['a', 'b', 'c', 'd'], 'each was settled, or was the only one')
})

t.test('the next read may be made in the same turn', async (t) => {
  const { connection, push, clock } = wired()
  const controller = new AbortController()
  const cancelled = connection.readLine({ signal: controller.signal })
  controller.abort('no more')
  const afterAbort = connection.readLine()
  t.equal(await rejection(cancelled), 'no more')
  push('one\n')
  const afterData = connection.readLine({ timeout: 10 })
  t.equal(await afterAbort, 'one')
  const order: unknown[] = []
  const timedOut = afterData.catch((error) => {
    order.push(error.code)
    return connection.readLine()
  })
  await clock.pass(10)
  push('two\n')
  t.equal(await timedOut, 'two')
  t.same(order, ['ERR_LINNET_TIMEOUT'])
  const limited = connection.readLine({ maxBytes: 3 })
  push('three\n')
  t.equal(await connection.readLine(), 'three')
  t.match(await rejection(limited), { code: 'ERR_LINNET_LIMIT' })
})

t.test('an earlier listener of the signal may make the next read', async (t) => {
  for (const { name, start } of connectionKinds) {
    const { connection, push } = wired()
    const controller = new AbortController()
    let next: Promise<string> | undefined
    controller.signal.addEventListener('abort', () => {
      next = connection.readLine()
    })
    const read = start(connection, { signal: controller.signal })
    controller.abort('no more')
    push('ab\n')
    t.equal(await rejection(read), 'no more', name)
    t.equal(await next, 'ab')
  }
})

t.test('an earlier listener of the signal may make the next read of a message', async (t) => {
  const { connection, push } = wired()
  const controller = new AbortController()
  const message = connection.readMessage(async (reader) => {
    let next: Promise<string> | undefined
    controller.signal.addEventListener('abort', () => {
      next = reader.readLine()
    })
    await rejection(reader.readExactly(10, { signal: controller.signal }))
    return next
  })
  push('ab')
  controller.abort()
  push('c\n')
  t.equal(await message, 'abc')
})

everywhere(t, 'a pending read does not block writes', async (t, connect) => {
  const { a, b } = await connect()
  const read = b.readLine()
  await within(b.write('question\n'))
  await b.flush()
  t.equal(await within(a.readLine()), 'question')
  t.ok(await isPending(read))
  await a.write('answer\n')
  t.equal(await within(read), 'answer')
})

everywhere(t, 'many exchanges stay in order', async (t, connect) => {
  const { a, b } = await connect()
  const echo = (async () => {
    for await (const line of b.lines()) await b.write(`${line}!\n`)
  })()
  for (let n = 0; n < 500; n++) {
    void a.write(`${n}\n`)
    const answer = await within(n % 2 === 0 ? a.readLine() : a.readUntil('\n', 'latin1'))
    if (answer.trim() !== `${n}!`) t.fail(`${answer} instead of ${n}`)
  }
  await a.end()
  await within(echo)
})

t.test('a read may be made in the callback of another one', async (t) => {
  const { connection, push } = wired()
  const got: string[] = []
  const again = connection.readLine().then((line) => {
    got.push(line)
    return connection.readLine()
  })
  push('a\n')
  await turn()
  push('b\nc')
  got.push(await again)
  t.same(got, ['a', 'b'])
  t.equal(unread(connection), 'c')
})
