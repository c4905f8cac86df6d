// `framed` over each carrier, and what a handler or a program that ignores it gets.

import t from 'tap'
import { type Codec, framed, json, lengthPrefixed, lines, netstring } from '../../lib/framing/index.js'
import { EndOfStreamError, FrameError } from '../../lib/index.js'
import { wired } from '../connection/reading/support.js'
import { everywhere } from '../support/fixture.js'
import { pattern, rejection, until, within } from '../support/wait.js'
import { both, plain } from './support.js'

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

t.test('json refuses what is no codec as framed does, when it is called', async (t) => {
  for (const wrong of [undefined, null, lines, 5]) t.throws(() => json(wrong as never), { name: 'TypeError', message: /^codec must/ })
  for (const name of ['read', 'encode', 'tryRead'])
    t.throws(() => json({ ...lines(), [name]: 1 } as never), { name: 'TypeError', message: `codec.${name} must be a function` })
})
