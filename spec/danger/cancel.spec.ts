// What cancelling, time, limits and ends do to reads, over every carrier there is: each test is a promise of the library,
// and none may lose a byte. The same rules are tried kind by kind, and at random, in spec/connection.

import t from 'tap'
import {
  type Connection,
  ConnectionLostError,
  EndOfStreamError,
  LimitExceededError,
  type Reader,
  type ReadOptions,
  TimeoutError,
} from '../../lib/index.js'
import { manualClock, memoryServer } from '../../lib/testing/index.js'
import { everywhere } from '../support/fixture.js'
import { cuts, rejection, turn, turns, until, within } from '../support/wait.js'

/** A line that says how many bytes follow, and those. */
const sized = async (reader: Reader): Promise<string> => reader.readExactly(Number(await reader.readLine()), 'latin1')

everywhere(t, 'a cancelled read loses nothing and the next one works', async (t, connect) => {
  const { a, b } = await connect()
  const reads: [name: string, start: (options: ReadOptions) => Promise<unknown>][] = [
    ['readUntil', (options) => b.readUntil(';;', options)],
    ['readLine', (options) => b.readLine(options)],
    ['readExactly', (options) => b.readExactly(100, options)],
    ['readInto', (options) => b.readInto(Buffer.alloc(100), options)],
    ['readToEnd', (options) => b.readToEnd(options)],
    ['readUntilMatch', (options) => b.readUntilMatch(/;;/, options)],
    ['peek', (options) => b.peek(100, options)],
    ['lines', (options) => b.lines(options).next()],
    ['readMessage', (options) => b.readMessage(async (reader) => [await reader.readExactly(1), await reader.readExactly(99)], options)],
  ]
  await a.write('ab')
  await until(() => b.buffered === 2)
  for (const [name, start] of reads) {
    const controller = new AbortController()
    const failure = rejection(within(start({ signal: controller.signal })))
    await a.write('.')
    await turns(2)
    controller.abort(name)
    t.equal(await failure, name)
    t.equal((await rejection(within(start({ timeout: 1 })))) instanceof TimeoutError, true, name)
  }
  await a.write('\n')
  t.equal(await within(b.readLine()), `ab${'.'.repeat(reads.length)}`)
})

everywhere(t, 'a stream survives an abort at each of its bytes', async (t, connect) => {
  const { a, b } = await connect()
  const text = 'one\r\ntwo\r\n\r\nthree\r\n'
  const lines: string[] = []
  for (const byte of text) {
    const controller = new AbortController()
    const read = within(b.readUntil('\r\n', { signal: controller.signal })).then(
      (line) => void lines.push(String(line)),
      () => {},
    )
    await a.write(byte)
    await turn()
    controller.abort()
    await read
  }
  await until(() => b.bytesRead === text.length)
  while (b.buffered > 0) lines.push(String(await within(b.readUntil('\r\n'))))
  t.equal(lines.join(''), text)
})

everywhere(
  t,
  'a message of several reads that is cut by a time-out, an abort, a limit or an end is given back whole',
  async (t, connect) => {
    const { a, b } = await connect()
    await a.write('12\nhello')
    await until(() => b.buffered === 8)
    const controller = new AbortController()
    const aborted = rejection(b.readMessage(sized, { signal: controller.signal }))
    await turns(2)
    t.equal(b.buffered, 5, 'it has taken its first line')
    controller.abort('cut')
    t.equal(await aborted, 'cut')
    t.equal(b.buffered, 8)
    t.ok((await rejection(within(b.readMessage(sized, { timeout: 1 })))) instanceof TimeoutError)
    t.equal(b.buffered, 8)
    t.ok((await rejection(within(b.readMessage(sized, { maxBytes: 10 })))) instanceof LimitExceededError)
    t.equal(b.buffered, 8)
    const ended = rejection(within(b.readMessage(sized)))
    await a.end(' world')
    const error = (await ended) as EndOfStreamError
    t.ok(error instanceof EndOfStreamError)
    t.equal(String(error.partial), '12\nhello world')
    t.equal(await within(b.readToEnd('latin1')), '12\nhello world')
  },
)

everywhere(t, 'a message that is whole is read after all that', async (t, connect) => {
  const { a, b } = await connect()
  const text = '12\nhello world!'
  for (const [head, tail] of cuts(text)) {
    await a.write(head)
    await until(() => b.buffered === head.length)
    const controller = new AbortController()
    const failure = rejection(within(b.readMessage(sized, { signal: controller.signal })))
    await turn()
    controller.abort('cut')
    t.equal(await failure, 'cut')
    const message = within(b.readMessage(sized))
    await a.write(tail)
    t.equal(await message, 'hello world!')
  }
})

everywhere(t, 'time-out and data in the same turn have one outcome', async (t, connect) => {
  const { a, b } = await connect()
  let inTime = 0
  let late = 0
  for (let n = 0; n < 60; n++) {
    const line = `line ${n}`
    const read = within(b.readLine({ timeout: 2 + (n % 3) }))
    const outcome = read.then(
      (got) => got,
      (error) => error,
    )
    void a.write(`${line}\n`)
    // The program is busy while the bytes come and the time runs out.
    for (const end = performance.now() + (n % 6); performance.now() < end; );
    if (n % 2 === 0) await turn()
    const got = await outcome
    if (got === line) inTime++
    else {
      t.ok(got instanceof TimeoutError)
      late++
      t.equal(await within(b.readLine()), line, 'what came too late is there')
    }
  }
  t.equal(inTime + late, 60)
  t.equal(b.buffered, 0)
})

everywhere(t, 'limits are exact at every cut', async (t, connect) => {
  const { a, b } = await connect()
  const text = 'abc\r\n'
  for (const [head, tail] of cuts(text)) {
    for (const [maxBytes, wanted] of [
      [5, 'abc'],
      [4, undefined],
    ] as const) {
      const read = within(b.readLine({ maxBytes })).catch((error) => error)
      await a.write(head)
      await turns(2)
      await a.write(tail)
      const got = await read
      if (wanted !== undefined) t.equal(got, wanted)
      else {
        t.ok(got instanceof LimitExceededError)
        t.equal(await within(b.readLine()), 'abc', 'nothing was consumed')
      }
    }
  }
})

everywhere(t, 'a buffered line is delivered before a reset, also on a paused socket', async (t, connect, carrier) => {
  for (const readHighWaterMark of [64 * 1024, 1]) {
    const { a, b } = await connect({ b: { readHighWaterMark } })
    await a.write('one\n')
    await until(() => b.buffered === 4)
    await a.write('two\n')
    await a.flush()
    await turns()
    a.abort()
    t.equal(await within(b.readLine()), 'one')
    // In memory what a pause holds up is still under way, and a reset drops it.
    if (carrier !== 'memory' || readHighWaterMark > 1) t.equal(await within(b.readLine()), 'two')
    // Unix sockets have no reset: what the peer sees is an end.
    t.ok((await rejection(within(b.readLine()))) instanceof (carrier === 'unix' ? EndOfStreamError : ConnectionLostError))
  }
})

everywhere(t, 'a reset is not an end', async (t, connect, carrier) => {
  // Unix sockets have no reset: what the peer sees is an end.
  if (carrier === 'unix') return void t.pass()
  const reads: ((b: Connection) => Promise<unknown>)[] = [
    (b) => b.readToEnd(),
    (b) => b.readLine(),
    (b) => b.readExactly(100),
    async (b) => {
      while ((await b.read()) !== null);
    },
    async (b) => {
      for await (const chunk of b) void chunk
    },
    async (b) => {
      for await (const line of b.lines()) void line
    },
    (b) => b.readMessage(sized),
  ]
  for (const read of reads) {
    const { a, b } = await connect()
    const failure = rejection(within(read(b)))
    await a.write('7')
    await until(() => b.bytesRead === 1)
    a.abort()
    const error = await failure
    t.ok(error instanceof ConnectionLostError, String(error))
    t.notOk(b.peerEnded)
  }
})

t.test('a client that sends a byte a second is cut by readTimeout', async (t) => {
  const clock = manualClock()
  const { server, connect } = memoryServer({ clock, readTimeout: 10_000, idleTimeout: 60_000 })
  t.teardown(() => server.close({ grace: 0 }))
  const served = server.serve(async (connection) => {
    for await (const line of connection.lines()) await connection.write(`${line}\n`)
  })
  const [slow, steady] = [await connect(), await connect()]
  let second = 0
  let cutIn: number | undefined
  for (; second < 30; second++) {
    void slow.write('x').catch(() => {})
    void steady.write(`${second}\n`)
    await clock.advance(1000)
    t.equal(await within(steady.readLine()), String(second), 'and one that sends whole messages is not')
    if (slow.peerEnded) cutIn ??= second
  }
  t.equal(cutIn, 9, 'ten seconds from its first byte')
  void server.close({ grace: 0 })
  await within(served)
})
