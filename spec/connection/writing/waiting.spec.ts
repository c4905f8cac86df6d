// When a write waits and for what, what a flush waits for, tryWrite, and the counters meanwhile.

import t from 'tap'
import { type Connection, ConnectionClosedError, ConnectionLostError } from '../../../lib/index.js'
import { everywhere, memory } from '../../support/fixture.js'
import { isPending, rejection, turns, until } from '../../support/wait.js'

// Small pieces, so that writes wait for room only.
const small = Array.from({ length: 10 }, () => Buffer.alloc(10_000))

/** Writes until a write waits; returns that write. */
async function fill(connection: Connection): Promise<{ write: Promise<void> }> {
  for (;;) {
    const write = connection.write(small)
    if (await isPending(write)) return { write }
  }
}

/** Reads until the end. */
const drain = async (connection: Connection): Promise<void> => {
  while ((await connection.read()) !== null);
}

t.test('below the high-water mark a write resolves at once, without a turn of the event loop', async (t) => {
  const { a } = memory(t, { client: { writeHighWaterMark: 1000 }, highWaterMark: 1 })
  let turned = false
  setImmediate(() => {
    turned = true
  })
  for (let n = 0; n < 9; n++) await a.write(Buffer.alloc(100))
  await a.write(Buffer.alloc(99))
  t.equal(turned, false)
  t.equal(a.queued, 999)
})

t.test('at the mark a write waits until the queue has drained below it, not before', async (t) => {
  const { a, b } = memory(t, { client: { writeHighWaterMark: 100 }, highWaterMark: 50, server: { readHighWaterMark: 1 } })
  await turns()
  const first = a.write(Buffer.alloc(1000))
  t.equal(await isPending(first), true)
  // The peer's buffer holds three pieces, and one more is in flight.
  await b.readExactly(600)
  t.equal(await isPending(first), true)
  await b.readExactly(300)
  await first
  t.ok(a.queued < 100)
  const { a: c } = memory(t, { client: { writeHighWaterMark: 100 }, highWaterMark: 1, faults: { stallAfter: 0 } })
  t.equal(await isPending(c.write(Buffer.alloc(99))), false, 'one byte below')
  t.equal(await isPending(c.write('x')), true, 'exactly')
})

everywhere(t, 'a peer that does not read makes a write wait; when it reads, the write goes on', async (t, connect) => {
  const { a, b } = await connect()
  const { write } = await fill(a)
  t.ok(a.queued >= a.limits.writeHighWaterMark)
  const reading = drain(b)
  await write
  t.ok(a.queued < a.limits.writeHighWaterMark)
  await a.end()
  await reading
  t.equal(b.bytesRead, a.bytesWritten)
})

t.test('waiting writes resolve in call order', async (t) => {
  const { a, b } = memory(t, { client: { writeHighWaterMark: 10 }, highWaterMark: 10, server: { readHighWaterMark: 1 } })
  await turns()
  const settled: string[] = []
  for (const name of ['one', 'two', 'three']) void a.write(Buffer.alloc(100)).then(() => settled.push(name))
  await turns()
  t.same(settled, [])
  await b.readExactly(300)
  await turns()
  t.same(settled, ['one', 'two', 'three'])
})

t.test('setLimits moves the mark from the next write on', async (t) => {
  const { a } = memory(t, { client: { writeHighWaterMark: 10 }, highWaterMark: 1, server: { readHighWaterMark: 1 } })
  const waits = a.write(Buffer.alloc(100))
  a.setLimits({ writeHighWaterMark: 1000 })
  t.equal(await isPending(a.write('x')), false)
  t.equal(await isPending(waits), true)
  a.setLimits({ writeHighWaterMark: 1 })
  t.equal(await isPending(a.write('x')), true)
})

// --- tryWrite --------------------------------------------------------------------------------------------------------

everywhere(t, 'tryWrite queues all of its data while there is room, and nothing when there is none', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e9 } })
  const arrived = b.readExactly(3, 'latin1')
  t.equal(a.tryWrite('yes'), true)
  t.equal(await arrived, 'yes')
  await fill(a)
  const { queued } = a
  t.equal(a.tryWrite('no'), false)
  t.equal(a.tryWrite([]), false)
  t.equal(a.queued, queued)
  const rest = b.readToEnd()
  await a.flush()
  t.equal(a.tryWrite('again'), true)
  await a.end()
  t.equal((await rest).subarray(-6).toString('latin1'), '\0again')
})

everywhere(t, 'tryWrite sends the writes of its turn before it counts them as queued', async (t, connect, carrier) => {
  const { a, b } = await connect({ a: { writeHighWaterMark: 1000 }, b: { maxBufferSize: 1e6 } })
  const arrived = b.readExactly(50_000)
  // All in one turn: what fits the system's buffers is sent when the mark is reached.
  let taken = 0
  for (let n = 0; n < 50; n++) if (a.tryWrite(Buffer.alloc(1000))) taken++
  if (carrier === 'tcp' || carrier === 'unix') t.equal(taken, 50, 'a peer that reads misses nothing')
  else t.ok(taken > 0)
  await a.write(Buffer.alloc(50_000 - taken * 1000))
  t.equal((await arrived).length, 50_000)
})

t.test('tryWrite queues nothing if sending the earlier writes fails', async (t) => {
  const { a } = memory(t, { client: { writeHighWaterMark: 10 } })
  const bytes = new Uint8Array(20_000)
  t.equal(a.tryWrite(bytes), true)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  t.equal(a.tryWrite('x'), false)
  t.equal((await a.closed).by, 'aborted')
})

t.test('tryWrite queues data of any size while less than the mark is queued', async (t) => {
  const { a } = memory(t, { client: { writeHighWaterMark: 100, maxWriteBuffer: 200 }, highWaterMark: 1 })
  t.equal(a.tryWrite(Buffer.alloc(99)), true)
  t.equal(a.tryWrite(Buffer.alloc(5000)), true)
  t.equal(a.queued, 5099)
  t.equal(a.tryWrite('x'), false)
  t.equal(a.signal.aborted, false, 'it skips a slow peer, and does not cut it')
})

// --- flush -----------------------------------------------------------------------------------------------------------

everywhere(t, 'flush waits for the bytes written so far, and for no later ones', async (t, connect, carrier) => {
  const { a, b } = await connect()
  await a.flush()
  await fill(a)
  const flushed = a.flush()
  t.equal(await isPending(flushed), true)
  const mark = a.queued + a.bytesWritten
  a.write(Buffer.alloc(9_000_000))
  const reading = drain(b)
  await flushed
  t.ok(a.bytesWritten >= mark)
  // Two connected streams pass everything on before a promise callback runs.
  if (carrier !== 'duplex') t.ok(a.queued > 0)
  await a.end()
  await reading
})

t.test('a flush of bytes that were sent resolves, also after a loss or an own end', async (t) => {
  const { a, b } = memory(t)
  await a.write('x')
  await a.flush()
  await b.readExactly(1)
  b.abort()
  await a.closed
  await a.flush()
  const { a: c, b: d } = memory(t)
  c.write('x')
  const ending = c.end()
  await c.flush()
  t.equal(c.queued, 0)
  await ending
  await c.flush()
  await d.close()
  await c.closed
  await c.flush()
})

everywhere(t, 'a flush rejects if some written bytes are lost, also when it is called afterwards', async (t, connect) => {
  const { a, b } = await connect()
  const { write } = await fill(a)
  const flushed = a.flush()
  b.abort()
  for (const lost of [write, flushed]) t.ok((await rejection(lost)) instanceof ConnectionLostError)
  t.ok((await rejection(a.flush())) instanceof ConnectionLostError)
})

t.test('a flush of bytes that an abort dropped rejects with that abort, also when it is called afterwards', async (t) => {
  const { a } = memory(t, { highWaterMark: 10 })
  a.write(Buffer.alloc(100))
  const reason = new Error('enough')
  a.abort(reason)
  const error = await rejection(a.flush())
  t.ok(error instanceof ConnectionClosedError)
  t.equal((error as Error).cause, reason)
})

// --- counters --------------------------------------------------------------------------------------------------------

everywhere(t, 'queued and bytesWritten add up to the bytes written, at every moment', async (t, connect) => {
  const { a, b } = await connect()
  let written = 0
  const check = (): void => {
    if (a.queued + a.bytesWritten !== written) t.equal(a.queued + a.bytesWritten, written)
  }
  const reading = drain(b)
  for (let size = 1; size < 3_000_000; size *= 3) {
    a.write(Buffer.alloc(size))
    written += size
    check()
    await turns(2)
    check()
  }
  await a.flush()
  t.equal(a.queued, 0)
  t.equal(a.bytesWritten, written)
  await a.end()
  await reading
  t.equal(b.bytesRead, written)
})

t.test('waiting is the write and its start while a write waits, and undefined afterwards', async (t) => {
  const { a, b } = memory(t, { client: { writeHighWaterMark: 1 }, highWaterMark: 10, server: { readHighWaterMark: 1 } })
  t.equal(a.waiting, undefined)
  const before = Date.now()
  const write = a.write(Buffer.alloc(100))
  const { operation, since } = a.waiting as { operation: string; since: number }
  t.equal(operation, 'write')
  t.ok(since >= before && since <= Date.now())
  await b.readExactly(100)
  await write
  t.equal(a.waiting, undefined)
  a.write(Buffer.alloc(100))
  const read = a.readLine()
  t.equal(a.waiting?.operation, 'readLine()', 'a read that waits comes first')
  b.write('\n')
  await read
  await b.readExactly(100)
  a.end(Buffer.alloc(100))
  t.equal(a.waiting?.operation, 'write', 'an end waits for what is queued')
  await b.readExactly(100)
  await until(() => a.waiting === undefined)
})
