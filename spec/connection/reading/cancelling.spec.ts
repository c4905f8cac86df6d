// Rule 1: a read that fails consumes nothing, and a read that is settled never takes a later byte. Every kind of
// read is cancelled by a signal and by a time limit. What that leaves behind (listeners, timers) is in cost.spec.ts.

import t from 'tap'
import { TimeoutError } from '../../../lib/index.js'
import { everywhere } from '../../support/fixture.js'
import { isPending, pattern, rejection, turn, within } from '../../support/wait.js'
import { connectionKinds } from './kinds.js'
import { shown, unread, wired } from './support.js'

t.test('a cancelled read loses nothing, and the next one works', async (t) => {
  for (const { name, start, some, rest, value, taken, toEnd, drops } of connectionKinds) {
    for (const how of ['abort', 'time-out'] as const) {
      const { connection, push, end, clock } = wired()
      const controller = new AbortController()
      const reason = new Error('cancelled')
      push(some.slice(0, 1))
      const read = start(connection, { signal: controller.signal, timeout: 5 })
      const failure = rejection(read)
      if (some.length > 1) push(some.slice(1))
      if (how === 'abort') controller.abort(reason)
      else await clock.pass(5)
      const error = await failure
      if (how === 'abort') t.equal(error, reason, name)
      else t.ok(error instanceof TimeoutError, name)
      t.equal(unread(connection), drops ? '' : some)
      t.equal(connection.waiting, undefined)
      if (drops) push(some)
      const next = start(connection)
      push(rest)
      if (toEnd) end()
      t.equal(shown(await next), value, `${name} after its ${how}`)
      t.equal(unread(connection), (some + rest).slice(taken))
    }
  }
})

t.test('a cancelled read takes no bytes that arrive later', async (t) => {
  for (const { name, start, some, rest } of connectionKinds) {
    const { connection, push } = wired()
    const controller = new AbortController()
    const read = start(connection, { signal: controller.signal })
    controller.abort('no more')
    push(some)
    push(rest)
    t.equal(await rejection(read), 'no more')
    t.equal(unread(connection), some + rest, name)
  }
})

t.test('a settled read takes no later bytes and ignores its signal', async (t) => {
  for (const { name, start, some, rest, value, taken, toEnd } of connectionKinds) {
    if (toEnd) continue
    const { connection, push, clock } = wired()
    const controller = new AbortController()
    const read = start(connection, { signal: controller.signal, timeout: 5 })
    push(some + rest)
    // A message of two reads takes a promise or two.
    if (name === 'readMessage') await turn()
    controller.abort('too late')
    push('more')
    await clock.pass(5)
    t.equal(shown(await read), value, name)
    t.equal(unread(connection), `${(some + rest).slice(taken)}more`)
    t.notOk(connection.signal.aborted)
    t.notOk(connection.ended)
  }
})

t.test('a read with an aborted signal rejects before it looks at the buffer', async (t) => {
  for (const { name, start, some, rest } of connectionKinds) {
    const { connection, push, clock } = wired({ readTimeout: 1000 })
    push(some + rest)
    t.equal(await rejection(start(connection, { signal: AbortSignal.abort('early') })), 'early', name)
    t.equal(unread(connection), some + rest)
    t.equal(clock.made, 0)
    t.equal(connection.waiting, undefined)
  }
})

t.test('a read rejects with the very reason of its signal', async (t) => {
  const { connection } = wired()
  for (const reason of [new Error('a'), 'text', null, 0, { any: 'thing' }]) {
    const controller = new AbortController()
    const read = rejection(connection.readLine({ signal: controller.signal }))
    controller.abort(reason)
    t.equal(await read, reason)
  }
  const controller = new AbortController()
  const read = rejection(connection.readLine({ signal: controller.signal }))
  controller.abort()
  const error = await read
  t.equal(error, controller.signal.reason)
  t.equal((error as Error).name, 'AbortError', 'when none was given')
})

t.test('AbortSignal.timeout works as a signal', async (t) => {
  const { connection, push } = wired()
  const error = (await rejection(within(connection.readLine({ signal: AbortSignal.timeout(1) })))) as Error
  t.ok(error instanceof DOMException)
  t.equal(error.name, 'TimeoutError')
  push('x\n')
  t.equal(await connection.readLine(), 'x')
})

t.test('one signal cancels all reads that have it', async (t) => {
  const controller = new AbortController()
  const wires = Array.from({ length: 5 }, () => wired())
  const reads = wires.map(({ connection }) => rejection(connection.readLine({ signal: controller.signal })))
  controller.abort('all')
  t.same(await Promise.all(reads), Array(5).fill('all'))
})

t.test('of a signal and a time limit the earlier one decides', async (t) => {
  const { connection, clock } = wired()
  const controller = new AbortController()
  const late = rejection(connection.readLine({ signal: controller.signal, timeout: 5 }))
  await clock.pass(5)
  controller.abort('late')
  t.ok((await late) instanceof TimeoutError)
  const other = new AbortController()
  const early = rejection(connection.readLine({ signal: other.signal, timeout: 5 }))
  other.abort('early')
  await clock.pass(5)
  t.equal(await early, 'early')
})

t.test('a thousand cancelled reads leave nothing behind', async (t) => {
  const { connection, push } = wired()
  push('start ')
  for (let n = 0; n < 1000; n++) {
    const controller = new AbortController()
    const read = rejection(connection.readUntil('\n', { signal: controller.signal }))
    controller.abort(n)
    if (n % 100 === 0) push('.')
    if ((await read) !== n) t.fail(`${n}`)
  }
  push('finish\n')
  t.equal(await connection.readLine(), `start ${'.'.repeat(10)}finish`)
})

everywhere(t, 'a stream that is read under aborts and time-outs is what was sent', async (t, connect) => {
  const { a, b } = await connect({ b: { readHighWaterMark: 5000 } })
  const data = pattern(400_000)
  const sent = a.end(data)
  const got: Buffer[] = []
  let size = 0
  let cancelled = 0
  for (let n = 0; size < data.length; n++) {
    const controller = new AbortController()
    const left = data.length - size
    const options = { signal: controller.signal }
    const read =
      n % 3 === 0
        ? b.readExactly(Math.min(left, 9000), options)
        : n % 3 === 1
          ? b.read({ ...options, maxBytes: 7000 })
          : b.readUntil('\n', options)
    void (n % 2 === 0 ? Promise.resolve() : turn()).then(() => controller.abort('cut'))
    const piece = await within(
      read.catch((error) => (error === 'cut' || error.code === 'ERR_LINNET_END_OF_STREAM' ? undefined : Promise.reject(error))),
    )
    if (piece === null) break
    if (piece === undefined) cancelled++
    else {
      got.push(Buffer.from(piece))
      size += piece.length
    }
    if (n % 5 === 0) await turn()
  }
  await sent
  t.ok(cancelled > 0)
  t.equal(Buffer.compare(Buffer.concat(got), data), 0)
})

everywhere(t, 'a cancelled read affects neither writes nor the close', async (t, connect) => {
  const { a, b } = await connect()
  const data = pattern(3_000_000)
  const write = b.write(data)
  const controller = new AbortController()
  const read = rejection(b.readExactly(100, { signal: controller.signal }))
  await a.write('partial')
  t.ok(await isPending(read))
  controller.abort('no more')
  t.equal(await read, 'no more')
  const received = a.readToEnd({ maxBytes: Number.POSITIVE_INFINITY })
  await within(write)
  const closed = b.close()
  t.equal(Buffer.compare(await within(received), data), 0)
  await a.end()
  await within(closed)
})
