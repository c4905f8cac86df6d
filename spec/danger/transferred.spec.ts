// A program may change the bytes that a read returned, or transfer their memory to another thread. Unread bytes do not change by
// that. If the memory of unread bytes is detached nevertheless, the connection is cut with one error; nothing throws synchronously
// and nothing hangs.

import { Duplex, PassThrough } from 'node:stream'
import t from 'tap'
import { markerFrom, markUntransferable } from '../../lib/bytes/untransferable.js'
import { Connection } from '../../lib/index.js'
import { wired } from '../connection/reading/support.js'
import { everywhere, memory } from '../support/fixture.js'
import { pattern, rejection, turn, until, within } from '../support/wait.js'

const TEXT = 'first\nsecond\nthird\n'

/** Transfers the memory of `bytes`, as `postMessage` does. Does nothing if the runtime refuses. */
function transfer(bytes: Uint8Array): void {
  try {
    structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
  } catch (error) {
    // A TypeError on Deno, which names the key that memory is marked with.
    if ((error as Error).name !== 'DataCloneError' && !/ArrayBufferDetachKey/.test((error as Error).message)) throw error
  }
}

everywhere(t, 'bytes that a read returned may be transferred, and unread bytes stay', async (t, connect) => {
  const takes: Record<string, (b: Connection) => Promise<Uint8Array | undefined>> = {
    readUntil: (b) => b.readUntil('\n'),
    readExactly: (b) => b.readExactly(6),
    'read in part': async (b) => (await b.read({ maxBytes: 6 })) as Buffer,
    chunks: async (b) => (await b.chunks(6).next()).value,
    tryReadUntil: async (b) => b.tryReadUntil('\n'),
    'a message': (b) => b.readMessage((reader) => reader.readUntil('\n')),
  }
  for (const [name, take] of Object.entries(takes)) {
    const { a, b } = await connect()
    await a.write(TEXT)
    await until(() => b.buffered === TEXT.length)
    transfer((await take(b)) as Uint8Array)
    t.equal(await within(b.readExactly(13, 'latin1')), 'second\nthird\n', name)
    await a.write('later\n')
    t.equal(await within(b.readLine()), 'later')
  }
})

t.test('the messages of a batch may be transferred, and unread bytes stay', async (t) => {
  for (const waits of [false, true]) {
    const { connection, push } = wired()
    const batches = connection.batches('\n')
    const next = waits ? batches.next() : undefined
    push('first\nsecond\nthi')
    const batch: Buffer[] = (await (next ?? batches.next())).value
    t.same(batch.map(String), ['first\n', 'second\n'])
    for (const message of batch) transfer(message)
    push('rd\n')
    t.equal(await connection.readLine(), 'third')
  }
})

t.test('pieces of a write in memory that are in flight stay when another piece is transferred', async (t) => {
  for (const maxChunk of [1, 3, 5000, 9000, 65_536]) {
    const sent = pattern(100_000)
    const { a, b } = memory(t, { maxChunk })
    const writing = a.end(sent)
    const got: Buffer[] = []
    for (let chunk = await within(b.read({ maxBytes: 7000 })); chunk !== null; chunk = await within(b.read({ maxBytes: 7000 }))) {
      got.push(Buffer.from(chunk))
      transfer(chunk)
      if (got.length % 50 === 0) await turn()
    }
    await writing
    t.ok(Buffer.concat(got).equals(sent), `maxChunk ${maxChunk}`)
  }
})

everywhere(t, 'a chunk that a read returns whole has its own memory, and can be transferred', async (t, connect, carrier) => {
  // Node cuts decrypted records out of shared memory.
  if (carrier === 'tls' || carrier === 'starttls') return
  for (const size of [10, 100, 10_000]) {
    const { a, b } = await connect()
    const sent = pattern(size)
    await a.write(sent)
    const bytes = (await within(b.readExactly(size))) as Buffer
    if (carrier === 'memory' || carrier === 'duplex') t.equal(bytes.buffer.byteLength, size, 'it is in no pool')
    const [moved] = structuredClone([bytes], { transfer: [bytes.buffer as ArrayBuffer] }) as [Uint8Array]
    t.ok(Buffer.from(moved).equals(sent), `${size} bytes`)
  }
})

everywhere(t, 'a message that is given back is whole although the results of its reads were transferred', async (t, connect) => {
  const { a, b } = await connect()
  await a.write('ab')
  const message = b.readMessage(async (reader) => {
    transfer(await reader.readExactly(2))
    await a.end('cd')
    await reader.readExactly(9)
  })
  const error = await rejection(within(message))
  t.match(error, { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.from('abcd') })
  t.equal(await within(b.readToEnd('latin1')), 'abcd')
})

everywhere(t, 'peek returns a copy, and so does partial', async (t, connect) => {
  const { a, b } = await connect()
  await a.write('abcdef\n')
  const peeked = await b.peek(4)
  peeked.swap32()
  transfer(peeked)
  t.equal(await b.peek(4, 'latin1'), 'abcd')
  t.equal(await b.readLine(), 'abcdef')
  await a.end('abc')
  for (const read of [() => b.readLine(), () => b.readMessage((reader) => reader.readLine()), async () => b.tryReadExactly(4)]) {
    const error = (await rejection(within(Promise.resolve(read()).then((line) => line ?? b.readExactly(4))))) as { partial: Buffer }
    t.equal(String(error.partial), 'abc')
    error.partial.fill('!')
    transfer(error.partial)
  }
  t.equal(await b.readToEnd('latin1'), 'abc')
})

// Before Node 24 `ArrayBuffer.prototype.transfer` also detaches marked memory. This carrier has the same effect: it transfers the
// memory before it is marked.
function torn(text: string): ReturnType<typeof wired> {
  const wire = wired()
  const chunk = Buffer.from(new ArrayBuffer(text.length))
  chunk.write(text, 'latin1')
  wire.carrier.sink.data(chunk)
  structuredClone(chunk.buffer, { transfer: [chunk.buffer] })
  return wire
}

const reads: Record<string, (connection: Connection) => unknown> = {
  readUntil: (connection) => connection.readUntil('\n'),
  readLine: (connection) => connection.readLine(),
  readExactly: (connection) => connection.readExactly(2),
  read: (connection) => connection.read(),
  peek: (connection) => connection.peek(2),
  skip: (connection) => connection.skip(2),
  lines: (connection) => connection.lines().next(),
  lineBatches: (connection) => connection.lineBatches().next(),
  batches: (connection) => connection.batches('\n').next(),
  chunks: (connection) => connection.chunks().next(),
  readMessage: (connection) => connection.readMessage((reader) => reader.readLine()),
  tryReadLine: async (connection) => connection.tryReadLine(),
  tryReadUntil: async (connection) => connection.tryReadUntil('\n'),
}

t.test('a connection whose unread memory is detached is cut with one error', async (t) => {
  for (const [name, read] of Object.entries(reads)) {
    const { connection } = torn('ab\ncd')
    let asked: unknown
    t.doesNotThrow(() => {
      asked = read(connection)
    }, name)
    const error = await rejection(asked as Promise<unknown>)
    t.match(error, { code: 'ERR_LINNET_CLOSED', cause: { name: 'TypeError', message: /memory .* was transferred/ } }, name)
    t.match(await connection.closed, { by: 'aborted', error: (error as Error).cause })
    t.equal(connection.buffered, 0)
    t.equal(((await rejection(connection.readLine())) as Error).cause, (error as Error).cause, 'later reads have the same cause')
  }
})

t.test('a pending read rejects when more bytes arrive after unread memory was detached, or the stream ends or breaks', async (t) => {
  for (const then of ['push', 'end', 'lose'] as const) {
    const wire = wired()
    const chunk = Buffer.from(new ArrayBuffer(4))
    wire.carrier.sink.data(chunk)
    const read = wire.connection.readExactly(8)
    structuredClone(chunk.buffer, { transfer: [chunk.buffer] })
    wire[then]('more')
    t.match(await rejection(read), { code: 'ERR_LINNET_CLOSED', cause: { name: 'TypeError' } }, then)
  }
})

t.test('without a pending read, the next chunk cuts a connection whose unread memory is detached', async (t) => {
  const { connection, push } = torn('ab\ncd')
  push('more')
  t.match(await connection.closed, { by: 'aborted', error: { name: 'TypeError' } })
})

t.test('detached memory is noticed behind the end of stream, after lines were read, and when a message is given back', async (t) => {
  const ended = torn('abc')
  ended.end()
  await ended.connection.end()
  t.match(await ended.connection.closed, { by: 'peer' })
  t.match(await rejection(ended.connection.read()), { code: 'ERR_LINNET_CLOSED', cause: { name: 'TypeError' } })

  const lines = wired()
  const chunk = Buffer.from(new ArrayBuffer(9))
  chunk.write('ab\ncd\nef\n')
  lines.carrier.sink.data(chunk)
  t.equal(await lines.connection.readLine(), 'ab')
  structuredClone(chunk.buffer, { transfer: [chunk.buffer] })
  t.equal(await lines.connection.readLine(), 'cd', 'a line that was decoded before is returned')
  t.match(await rejection(lines.connection.readUntil('\n')), { code: 'ERR_LINNET_CLOSED' })

  const message = wired()
  const first = Buffer.from(new ArrayBuffer(2))
  message.carrier.sink.data(first)
  message.push('cd')
  const read = message.connection.readMessage(async (reader) => {
    await reader.skip(2)
    structuredClone(first.buffer, { transfer: [first.buffer] })
    await reader.readExactly(9)
  })
  message.end()
  await rejection(read)
  t.match(await rejection(message.connection.read()), { code: 'ERR_LINNET_CLOSED', cause: { name: 'TypeError' } })
})

t.test('the producer of a Duplex may reuse its memory, and memory that it detaches before it arrives is a loss', async (t) => {
  const stream = new PassThrough()
  const connection = Connection.from(Duplex.from({ readable: stream, writable: new PassThrough() }))
  t.teardown(() => connection.abort())
  const memory = Buffer.from(new ArrayBuffer(8))
  memory.write('ab\ncd\nef')
  stream.write(memory)
  await until(() => connection.buffered === 8)
  memory.fill('!')
  structuredClone(memory.buffer, { transfer: [memory.buffer] })
  t.equal(await connection.readLine(), 'ab')
  t.equal(await connection.readExactly(5, 'latin1'), 'cd\nef')
  const gone = Buffer.from(new ArrayBuffer(4))
  const empty = new Duplex({ objectMode: true, read() {}, write() {} })
  const other = Connection.from(empty)
  const read = other.readExactly(2)
  structuredClone(gone.buffer, { transfer: [gone.buffer] })
  empty.push(Buffer.alloc(0))
  empty.push(gone)
  t.match(await rejection(within(read)), { code: 'ERR_LINNET_LOST', cause: { name: 'TypeError', message: /transferred before/ } })
})

t.test('memory is not marked on a runtime that cannot mark it', async (t) => {
  t.doesNotThrow(() => markerFrom(undefined)(new ArrayBuffer(1)))
  const memory = new ArrayBuffer(1)
  markUntransferable(memory)
  transfer(new Uint8Array(memory))
  t.equal(memory.byteLength, 1)
})
