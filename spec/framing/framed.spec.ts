// `framed` over each carrier: a frame is one read of the connection, with the rules of `readMessage`.

import t from 'tap'
import { type Codec, framed, json, lengthPrefixed, lines, netstring } from '../../lib/framing/index.js'
import { EndOfStreamError, FrameError } from '../../lib/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { everywhere } from '../support/fixture.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'
import { settled } from './support.js'

/** The same codec as a program would write it, without what the library's own has. */
const plain = ({ read, encode }: Codec<Buffer, string | NodeJS.ArrayBufferView>): typeof codec => ({
  read: (reader) => read(reader),
  encode,
})
const codec = netstring()
const both = { 'of the library': codec, 'of a program': plain(codec), 'with tryRead': { ...plain(codec), tryRead: codec.tryRead! } }

everywhere(t, 'messages arrive in order, whole and once, in both directions at once', async (t, connect) => {
  const { a, b } = await connect()
  const body = pattern(100_000)
  for (const [name, codec] of Object.entries(both)) {
    const [here, there] = [framed(a, codec), framed(b, codec)]
    const bodies = [0, 1, 10, 1000, 16_383, 16_384, 100_000].map((size) => body.subarray(0, size))
    const sending = [here, there].map(async (end) => {
      for (const body of bodies) await end.write(body)
    })
    const received = [here, there].map(async (end) => {
      for (const body of bodies) t.ok((await within(end.read())).equals(body), `${body.length} bytes, ${name}`)
    })
    await Promise.all([...sending, ...received])
  }
})

everywhere(t, 'a loop ends at a clean end, where a read is an EndOfStreamError without bytes', async (t, connect) => {
  for (const [name, codec] of Object.entries(both)) {
    const { a, b } = await connect()
    const messages = framed(b, codec)
    void a.write('3:one,3:two,')
    const found: string[] = []
    const looping = (async () => {
      for await (const message of messages) found.push(String(message))
    })()
    await until(() => found.length === 2)
    await a.end('5:three,')
    await within(looping)
    t.strictSame(found, ['one', 'two', 'three'], name)
    t.match(await rejection(messages.read()), { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.alloc(0) })
    const again = messages[Symbol.asyncIterator]()
    t.strictSame(await again.next(), { value: undefined, done: true })
    t.strictSame(await again.next(), { value: undefined, done: true })
  }
})

everywhere(t, 'a loop fails where the stream ends in the middle of a frame', async (t, connect) => {
  for (const [name, codec] of Object.entries(both)) {
    const { a, b } = await connect()
    void a.end('3:one,5:thr')
    const found: string[] = []
    const looping = (async () => {
      for await (const message of framed(b, codec)) found.push(String(message))
    })()
    const error = await rejection(within(looping))
    t.ok(error instanceof EndOfStreamError)
    t.equal(String((error as EndOfStreamError).partial), '5:thr', name)
    t.strictSame(found, ['one'])
    t.equal(await b.readToEnd('utf8'), '5:thr')
  }
})

everywhere(t, 'two codecs and plain reads in one conversation lose nothing', async (t, connect) => {
  const { a, b } = await connect()
  const [commands, blobs] = [framed(b, lines()), framed(b, lengthPrefixed({ bytes: 4 }))]
  const out = framed(a, lengthPrefixed({ bytes: 4 }))
  for (let n = 0; n < 3; n++) {
    void framed(a, lines()).write(`blob ${n}`)
    void out.write(Buffer.alloc(20_000, n))
    void a.write('raw')
  }
  for (let n = 0; n < 3; n++) {
    t.equal(await within(commands.read()), `blob ${n}`)
    t.ok((await within(blobs.read())).equals(Buffer.alloc(20_000, n)))
    t.equal(await within(b.readExactly(3, 'utf8')), 'raw')
  }
})

everywhere(t, 'a read with wrong content is taken: the next frame comes, also by a new loop', async (t, connect) => {
  const { a, b } = await connect()
  const messages = framed(b, json(lines()))
  void a.end('1\nwrong\n2\nwrong\n3\n')
  const found: unknown[] = []
  for (let loops = 0; loops < 2; loops++) {
    const looping = (async () => {
      for await (const message of messages) found.push(message)
    })()
    t.match(await rejection(within(looping)), { code: 'ERR_LINNET_FRAME', frame: Buffer.from('wrong') })
  }
  t.equal(await messages.read(), 3)
  t.strictSame(found, [1, 2])
})

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

t.test('a FrameError that a handler lets through is a normal end, whichever codec it is of', async (t) => {
  const own: Codec<string> = {
    async read(reader) {
      throw new FrameError({ frame: await reader.readExactly(1) })
    },
    encode: (message) => message,
  }
  const tried: Codec<string> = {
    ...own,
    tryRead() {
      throw new FrameError()
    },
  }
  const { pair } = await import('../../lib/testing/index.js')
  for (const codec of [netstring(), json(lines()), json(own), own, tried, json(plain(netstring()))]) {
    for (const loop of [false, true]) {
      const [client, server] = pair()
      const running = server.run(async (connection) => {
        const messages = framed(connection, codec as Codec<unknown>)
        if (!loop) await messages.read()
        else for await (const message of messages) t.fail(String(message))
      })
      client.end('wrong\n').catch(() => {})
      t.equal(await within(running), undefined)
      t.match(await server.closed, { error: { code: 'ERR_LINNET_FRAME' } })
      client.abort()
    }
  }
})

t.test('an ignored promise of a frame causes no unhandled rejection, but for what the program does wrong', async (t) => {
  const { program } = await import('../support/program.js')
  const run = program(
    t,
    `const { framed, json, lines, netstring } = await import('linnet/framing')
     const found = []
     process.on('unhandledRejection', (error) => found.push(error.message ?? error.code))
     const user = { read: (reader) => reader.readLine(), encode: String }
     for (const codec of [netstring(), json(lines()), user, json(user)]) {
       for (const bytes of ['', '5:a', 'x', 'wrong\\n']) {
         const [a, b] = testing.pair()
         framed(b, codec).read()
         framed(b, codec).read({ signal: AbortSignal.abort() }).catch(() => {})
         const [c, d] = testing.pair()
         const loop = framed(d, codec)[Symbol.asyncIterator]()
         loop.next()
         await a.end(bytes)
         await c.end(bytes)
         for (let n = 0; n < 5; n++) await new Promise(setImmediate)
         framed(b, netstring({ maxBytes: 1 })).write('ab')
       }
     }
     console.log(JSON.stringify(found))
     const [a, b] = testing.pair()
     framed(b, { read() { throw new Error('mine') }, encode: String }).read()
     framed(b, json(lines())).write(undefined)
     await new Promise(setImmediate)
     console.log(found.length)`,
  )
  t.equal(await run.ends(), 0, run.stderr)
  t.equal(run.stdout, '[]\n2\n')
})

t.test('arguments that are no connection or no codec are TypeErrors', async (t) => {
  const { connection } = wired()
  for (const wrong of [undefined, null, {}, 'x', { readHalf: 1 }])
    t.throws(() => framed(wrong as never, lines()), { name: 'TypeError', message: /^connection must be a Connection/ })
  for (const wrong of [undefined, null, lines, 5])
    t.throws(() => framed(connection, wrong as never), { name: 'TypeError', message: /^codec must/ })
  t.throws(() => framed(connection, {} as never), { name: 'TypeError', message: /^codec\.read must be a function/ })
  t.throws(() => framed(connection, { read: () => {} } as never), { name: 'TypeError', message: /^codec\.encode must be a function/ })
  t.throws(() => framed(connection, { ...lines(), tryRead: 1 } as never), {
    name: 'TypeError',
    message: /^codec\.tryRead must be a function/,
  })
  t.equal(framed(connection, lines()).connection, connection)
})
