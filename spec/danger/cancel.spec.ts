// What cancelling, time limits, size limits and ends do to reads, over every carrier. No test may lose a byte. The specs in
// spec/connection/reading try the same rules for each kind of read, and at random.

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

/** A message of two reads: a line with a number, and so many bytes. */
const sized = async (reader: Reader): Promise<string> => reader.readExactly(Number(await reader.readLine()), 'latin1')

everywhere(t, 'a cancelled read consumes nothing, and the next read works', async (t, connect) => {
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
    ['lineBatches', (options) => b.lineBatches(options).next()],
    ['batches', (options) => b.batches(';;', options).next()],
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

everywhere(t, 'no byte is lost when a read is aborted after each byte', async (t, connect) => {
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
    t.equal(b.buffered, 5, 'the first read is done')
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

everywhere(t, 'a message that was aborted at any byte is read whole afterwards', async (t, connect) => {
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

everywhere(t, 'a time-out and data in the same turn have one outcome', async (t, connect) => {
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
    // Blocks the event loop, so that the bytes arrive and the limit runs out in the same turn.
    for (const end = performance.now() + (n % 6); performance.now() < end; );
    if (n % 2 === 0) await turn()
    const got = await outcome
    if (got === line) inTime++
    else {
      t.ok(got instanceof TimeoutError)
      late++
      t.equal(await within(b.readLine()), line, 'a line that arrived too late stays unread')
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
    const paused = readHighWaterMark === 1
    await a.write('one\n')
    await until(() => b.buffered === 4)
    await a.write('two\n')
    await a.flush()
    if (paused) await turns()
    else await until(() => b.buffered === 8)
    a.abort()
    // Unix sockets have no reset: the peer sees an end of stream. A paused socket learns of either only by its next read, but by
    // then the reset is in the kernel.
    if (paused && carrier !== 'memory' && carrier !== 'duplex') await turns()
    else if (carrier === 'unix') await until(() => b.peerEnded)
    else t.equal((await within(b.closed)).by, 'lost')
    t.equal(await within(b.readLine()), 'one')
    // A reset in memory discards the bytes that a pause keeps in flight.
    if (carrier !== 'memory' || !paused) t.equal(await within(b.readLine()), 'two')
    t.ok((await rejection(within(b.readLine()))) instanceof (carrier === 'unix' ? EndOfStreamError : ConnectionLostError))
  }
})

everywhere(t, 'a reset is a ConnectionLostError and not an end of stream', async (t, connect, carrier) => {
  // Unix sockets have no reset: the peer sees an end of stream.
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

t.test('readTimeout cuts a client that sends one byte a second, and not one that sends whole messages', async (t) => {
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
    t.equal(await within(steady.readLine()), String(second), 'the other client is served')
    if (slow.peerEnded) cutIn ??= second
  }
  t.equal(cutIn, 9, 'ten seconds from its first byte')
  void server.close({ grace: 0 })
  await within(served)
})
