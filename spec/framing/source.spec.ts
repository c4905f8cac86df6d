// A frame is one read: for each kind of codec the rules of `readMessage` and of iterators hold.

import t from 'tap'
import { framed } from '../../lib/framing/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { isPending, rejection, turns, within } from '../support/wait.js'
import { both, settled } from './support.js'

for (const [name, codec] of Object.entries(both)) {
  t.test(`a codec ${name}: while a frame is read, every other read is a ConcurrentReadError`, async (t) => {
    const { connection, push } = wired()
    const messages = framed(connection, codec)
    const iterator = messages[Symbol.asyncIterator]()
    for (const bytes of ['', '3:a']) {
      push(bytes)
      const reading = messages.read()
      await settled()
      t.match(connection.waiting, { operation: 'framed.read()' })
      const others = [messages.read(), connection.readLine(), iterator.next(), connection.readMessage((reader) => reader.readLine())]
      for (const other of others) {
        const error = (await rejection(other)) as Error
        t.match(error, { code: 'ERR_LINNET_CONCURRENT_READ' })
        t.match(error.message, /framed\.read\(\)/)
      }
      push(bytes === '' ? '3:abc,' : 'bc,')
      t.equal(String(await reading), 'abc')
    }
    push('1:')
    const item = iterator.next()
    await settled()
    push('x,')
    t.match(await item, { done: false }, 'a refused iterator may be asked again')
    const line = connection.readLine()
    t.match(await rejection(messages.read()), { code: 'ERR_LINNET_CONCURRENT_READ' })
    t.match(await rejection(iterator.next()), { code: 'ERR_LINNET_CONCURRENT_READ' })
    push('3:abc,\n')
    t.equal(await line, '3:abc,')
  })

  t.test(`a codec ${name}: break and return() leave the connection open and consume nothing`, async (t) => {
    const { connection, push } = wired()
    const messages = framed(connection, codec)
    push('1:a,1:b,1:c,2:d')
    for await (const message of messages) if (String(message) === 'b') break
    t.equal(String(await messages.read()), 'c')
    const iterator = messages[Symbol.asyncIterator]()
    const next = iterator.next()
    await settled()
    t.strictSame(await iterator.return?.('value'), { value: 'value', done: true })
    t.strictSame(await next, { value: undefined, done: true })
    t.strictSame(await iterator.next(), { value: undefined, done: true })
    t.equal(unread(connection), '2:d')
    t.equal(connection.waiting, undefined)
    push('d,')
    t.equal(String(await messages.read()), 'dd')
    await using disposed = messages[Symbol.asyncIterator]()
    t.equal(disposed[Symbol.asyncIterator](), disposed)
    const unused = messages[Symbol.asyncIterator]()
    await unused.return?.()
    t.strictSame(await unused.next(), { value: undefined, done: true })
  })

  t.test(`a codec ${name}: a frame is idle until its first byte, for time limits and drains`, async (t) => {
    const { connection, push, clock } = wired({ idleTimeout: 1000, readTimeout: 100 })
    const messages = framed(connection, codec)
    const idle = rejection(messages.read())
    await settled()
    await clock.pass(999)
    t.ok(await isPending(idle))
    await clock.pass(1)
    t.match(await idle, { code: 'ERR_LINNET_TIMEOUT', kind: 'idle', timeout: 1000 })
    const begun = rejection(messages.read())
    await settled()
    await clock.pass(900)
    push('3:')
    await settled()
    await clock.pass(100)
    t.match(await begun, { code: 'ERR_LINNET_TIMEOUT', kind: 'read', timeout: 100 })
    const own = rejection(messages.read({ timeout: 30 }))
    await settled()
    await clock.pass(30)
    t.match(await own, { code: 'ERR_LINNET_TIMEOUT', kind: 'call', timeout: 30 })
    t.equal(unread(connection), '3:')
  })

  t.test(`a codec ${name}: a drain ends a read that waits for a new frame, and none within a frame`, async (t) => {
    for (const [bytes, idle, ended] of [
      ['', undefined, true],
      ['3:', undefined, false],
      ['', false, false],
      ['3:', true, false],
    ] as const) {
      // biome-ignore format: a table
      const { connection, push } = wired()
      push(bytes)
      const messages = framed(connection, codec)
      const reading = messages.read({ idle })
      const outcome = reading.then(String, (error) => error.code)
      await settled()
      connection.drain()
      await turns()
      if (!ended) push(bytes === '' ? '3:abc,' : 'abc,')
      t.equal(await within(outcome), ended ? 'ERR_LINNET_DRAINING' : 'abc', `${JSON.stringify(bytes)} ${idle}`)
      if (ended)
        t.equal(
          await rejection(messages[Symbol.asyncIterator]().next()).then((error) => (error as { code: string }).code),
          'ERR_LINNET_DRAINING',
        )
    }
  })

  t.test(`a codec ${name}: a signal cancels, also one that has aborted, and options are checked first`, async (t) => {
    const { connection, push } = wired()
    const messages = framed(connection, codec)
    push('1:a,')
    t.equal(await rejection(messages.read({ signal: AbortSignal.abort('early') })), 'early')
    t.equal(unread(connection), '1:a,')
    t.equal(String(await messages.read({ signal: new AbortController().signal, timeout: 5 })), 'a', 'a buffered frame with options')
    t.match(await rejection(messages.read('utf8' as never)), { name: 'TypeError' })
    t.match(await rejection(messages.read({ encoding: 'utf8' } as never)), { name: 'TypeError' })
    t.match(await rejection(messages.read({ maxBytes: 0 })), { name: 'RangeError' })
    const reading = messages.read()
    t.match(await rejection(messages.read({ timeout: 0 })), { name: 'RangeError' })
    t.match(await rejection(messages.read({ signal: AbortSignal.abort('early') })), { code: 'ERR_LINNET_CONCURRENT_READ' })
    push('1:b,')
    t.equal(String(await reading), 'b')
  })

  t.test(`a codec ${name}: what was buffered comes before a loss, and an own close before what was buffered`, async (t) => {
    const first = wired()
    first.push('1:a,1:')
    first.lose()
    const messages = framed(first.connection, codec)
    t.equal(String(await messages.read()), 'a')
    t.match(await rejection(messages.read()), { code: 'ECONNRESET' })
    const iterator = messages[Symbol.asyncIterator]()
    t.match(await rejection(iterator.next()), { code: 'ECONNRESET' })
    t.strictSame(await iterator.next(), { value: undefined, done: true }, 'a failure ends the iteration')
    const second = wired()
    second.push('1:a,')
    second.connection.abort()
    t.match(await rejection(framed(second.connection, codec).read()), { code: 'ERR_LINNET_CLOSED' })
    const third = wired()
    const pending = framed(third.connection, codec)[Symbol.asyncIterator]()
    const next = rejection(pending.next())
    await settled()
    third.connection.abort()
    t.match(await next, { code: 'ERR_LINNET_CLOSED' })
    t.strictSame(await pending.next(), { value: undefined, done: true })
  })
}
