// Rule 3, and the error of a read that no further byte can satisfy: bytes that arrived come before an end or a loss; an own
// close or abort comes before bytes that arrived.

import t from 'tap'
import { ConnectionClosedError, ConnectionLostError, EndOfStreamError } from '../../../lib/index.js'
import { everywhere } from '../../support/fixture.js'
import { isPending, rejection, turns, until, within } from '../../support/wait.js'
import { connectionKinds } from './kinds.js'
import { shown, unread, wired } from './support.js'

t.test('bytes buffered before an end or a loss are delivered', async (t) => {
  for (const { name, start, some, rest, value, toEnd } of connectionKinds) {
    for (const over of ['end', 'lose'] as const) {
      if (toEnd && over === 'lose') continue
      const before = wired()
      before.push(some)
      before.push(rest)
      before[over]()
      t.equal(shown(await start(before.connection)), value, `${name}: buffered, then ${over}`)
      const during = wired()
      const read = start(during.connection)
      during.push(some + rest)
      during[over]()
      t.equal(shown(await read), value, `${name}: in the turn of ${over}`)
    }
  }
})

t.test('a read that the end cuts short rejects, and the bytes stay unread', async (t) => {
  for (const { name, start, some, drops, endIsFine } of connectionKinds) {
    if (endIsFine) continue
    for (const late of [false, true]) {
      const { connection, push, end } = wired()
      let read = late ? undefined : start(connection)
      push(some)
      end()
      read ??= start(connection)
      const error = await rejection(read)
      const left = drops ? '' : some
      t.ok(error instanceof EndOfStreamError, name)
      t.equal((error as EndOfStreamError).partial.toString('latin1'), left, name)
      t.equal((error as EndOfStreamError).code, 'ERR_LINNET_END_OF_STREAM')
      t.equal(unread(connection), left, 'and it is unread')
      t.match(await rejection(start(connection)), { code: 'ERR_LINNET_END_OF_STREAM' }, 'every time')
    }
  }
})

t.test('a reset is a loss, and the bytes before it stay unread', async (t) => {
  for (const { name, start, some, drops } of connectionKinds) {
    if (name === 'read') continue
    for (const late of [false, true]) {
      const { connection, push, lose } = wired()
      let read = late ? undefined : start(connection)
      push(some)
      lose()
      read ??= start(connection)
      const error = await rejection(read)
      t.ok(error instanceof ConnectionLostError, `${name}: ${String(error)}`)
      t.match(error, { code: 'ECONNRESET', cause: { message: 'reset by the test' } })
      t.equal(unread(connection), drops ? '' : some, 'and what had come is unread')
      const again = start(connection)
      t.ok((await rejection(again)) instanceof ConnectionLostError, 'every time')
    }
  }
})

t.test('a close or an abort of this side rejects reads at once, whatever is buffered', async (t) => {
  const reason = new Error('enough')
  for (const { name, start, some, rest } of connectionKinds) {
    for (const how of ['close', 'abort'] as const) {
      const pending = wired()
      const read = rejection(start(pending.connection))
      pending.push(some)
      if (how === 'close') void pending.connection.close()
      else pending.connection.abort(reason)
      pending.push(rest)
      const buffered = wired()
      buffered.push(some + rest)
      if (how === 'close') void buffered.connection.close()
      else buffered.connection.abort(reason)
      for (const [wire, error] of [
        [pending, await read],
        [buffered, await rejection(start(buffered.connection))],
      ] as const) {
        t.ok(error instanceof ConnectionClosedError, `${name}: ${String(error)} after ${how}`)
        t.equal((error as Error).cause, how === 'abort' ? reason : undefined)
        t.equal(wire.connection.buffered, 0)
        wire.end()
        t.ok((await rejection(start(wire.connection))) instanceof ConnectionClosedError, 'whatever comes later')
      }
    }
  }
})

t.test('the first end of this side decides the error', async (t) => {
  const closed = wired()
  void closed.connection.close()
  closed.connection.abort(new Error('later'))
  const error = await rejection(closed.connection.readLine())
  t.ok(error instanceof ConnectionClosedError)
  t.equal((error as Error).cause, undefined)
  const aborted = wired()
  const reason = new Error('first')
  aborted.connection.abort(reason)
  aborted.connection.abort(new Error('later'))
  t.equal(((await rejection(aborted.connection.readLine())) as Error).cause, reason)
  t.equal((aborted.connection.signal.reason as Error).cause, reason, 'its signal says what a read would')
  const lost = wired()
  lost.push('x')
  lost.lose()
  t.equal(lost.connection.signal.reason, await rejection(lost.connection.readLine()))
})

t.test("after the peer's end of stream a loss changes no error", async (t) => {
  const { connection, push, end, lose } = wired()
  push('ab')
  end()
  lose()
  t.match(await rejection(connection.readExactly(3)), { code: 'ERR_LINNET_END_OF_STREAM' })
  t.equal(String(await connection.readToEnd()), 'ab')
  t.equal(await connection.read(), null)
})

everywhere(t, 'a buffered line is delivered before a reset', async (t, connect, carrier) => {
  const { a, b } = await connect()
  await a.write('one\ntwo\nthr')
  await until(() => b.buffered === 11)
  a.abort()
  // Unix sockets have no reset: what the peer sees is an end.
  const failure = carrier === 'unix' ? EndOfStreamError : ConnectionLostError
  if (carrier === 'unix') await until(() => b.peerEnded)
  else await within(b.closed)
  t.equal(await b.readLine(), 'one')
  t.equal(await b.readLine(), 'two')
  const error = await rejection(b.readLine())
  t.ok(error instanceof failure, `a reset is not an end (${carrier}): ${String(error)}`)
  t.equal(b.buffered, 3)
  if (carrier !== 'unix') t.ok((await rejection(b.readToEnd())) instanceof ConnectionLostError)
})

everywhere(t, 'a line that is buffered on a paused socket is delivered before a reset', async (t, connect, carrier) => {
  const { a, b } = await connect({ b: { readHighWaterMark: 1 } })
  await a.write('one\n')
  await until(() => b.buffered === 4)
  // It is paused now: what follows may lie in a buffer of the stream beneath.
  await a.write('two\n')
  await a.flush()
  await turns()
  a.abort()
  const got: string[] = []
  const error = await rejection(
    (async () => {
      for (;;) got.push(await within(b.readLine()))
    })(),
  )
  t.ok(error instanceof (carrier === 'unix' ? EndOfStreamError : ConnectionLostError), String(error))
  // In memory what is held up by the pause is still under way, and a reset drops it.
  t.same(got, carrier === 'memory' ? ['one'] : ['one', 'two'])
  t.equal(b.bytesRead, 4 * got.length)
})

everywhere(t, 'an end comes after the unread bytes before it', async (t, connect) => {
  const { a, b } = await connect({ b: { readHighWaterMark: 1000 } })
  const sent = a.end('x'.repeat(200_000))
  await until(() => b.buffered > 1000)
  t.equal((await within(b.readToEnd())).length, 200_000)
  await sent
  t.equal(await within(b.read()), null)
})

everywhere(t, 'after its own end this side can read', async (t, connect) => {
  const { a, b } = await connect()
  await b.end('bye\n')
  t.equal(await within(a.readLine()), 'bye')
  const read = b.readLine()
  t.ok(await isPending(read))
  await a.write('late\n')
  t.equal(await within(read), 'late')
  await a.end()
  t.equal(await within(b.read()), null)
})

t.test('the error of a read after the end says where it was made', async (t) => {
  const { connection, end } = wired()
  const pending = connection.readUntil('\n')
  end()
  // A pending read is rejected from an event. A stack would not show the caller, and would be expensive.
  t.match(
    ((await rejection(pending)) as Error).stack,
    /\n {4}at readUntil\('\\n'\) \(linnet: rejected from an event, no caller on the stack; LINNET_STACKS=1 shows it\)$/,
  )
  t.match(((await rejection(connection.readUntil('\n'))) as Error).stack, /reading.ends\.spec/)
})
