// The memory of written data: when it may be used again, and what happens if it is detached before it was sent.

import { Duplex, PassThrough } from 'node:stream'
import t from 'tap'
import { Connection, ConnectionClosedError } from '../../../lib/index.js'
import { pair } from '../../../lib/testing/index.js'
import { everywhere, memory } from '../../support/fixture.js'
import { isPending, pattern, rejection, turns, within } from '../../support/wait.js'

const LARGE = 16 * 1024

const slow = { highWaterMark: 1000, server: { readHighWaterMark: 1 } }

/** Transfers the memory of a view. */
function transfer<V extends ArrayBufferView>(view: V): V {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] })
  return view
}

/** Memory that can be made smaller and larger. */
const resizable = (size: number, most = 2 * size): ArrayBuffer & { resize(size: number): void } =>
  new (ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer & { resize(size: number): void })(size, {
    maxByteLength: most,
  })

everywhere(t, 'the memory of a write of any size may be used again once the write has resolved', async (t, connect) => {
  const { a, b } = await connect()
  const sizes = [1, 100, 1024, 1025, 5000, LARGE - 1, LARGE, LARGE + 1, 65_536, 200_000]
  const memory = Buffer.alloc(200_000)
  const writing = (async () => {
    for (const round of [1, 2, 3])
      for (const size of sizes) {
        const piece = memory.subarray(0, size)
        piece.fill(round * 16 + sizes.indexOf(size))
        await a.write(piece)
        piece.fill(0xff)
        await a.write([piece.subarray(0, 1), piece.fill(0xee)])
        piece.fill(0xff)
      }
  })()
  for (const round of [1, 2, 3])
    for (const size of sizes) {
      const expected = Buffer.alloc(size, round * 16 + sizes.indexOf(size))
      if (!(await b.readExactly(size)).equals(expected)) t.fail(`round ${round} of ${size} bytes is not what was written`)
      const list = await b.readExactly(size + 1)
      if (!list.subarray(1).equals(Buffer.alloc(size, 0xee))) t.fail(`the list of round ${round} of ${size} bytes`)
    }
  await writing
})

everywhere(t, 'a loop that awaits nothing may use one buffer below 16 KiB again and again', async (t, connect) => {
  const { a, b } = await connect()
  const buffer = Buffer.alloc(6)
  for (let n = 0; n < 10; n++) {
    buffer.write(`msg ${n}\n`)
    if (n % 2) a.tryWrite(buffer)
    else a.write(buffer)
    buffer.fill('x')
  }
  await a.end()
  t.equal(await b.readToEnd('latin1'), 'msg 0\nmsg 1\nmsg 2\nmsg 3\nmsg 4\nmsg 5\nmsg 6\nmsg 7\nmsg 8\nmsg 9\n')
})

everywhere(t, 'a source may yield the same memory again with each piece', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e7 } })
  const buffer = Buffer.alloc(50_000)
  function* pieces(): Generator<Buffer> {
    for (let n = 1; n < 30; n++) {
      buffer.fill(n)
      yield n % 3 ? buffer : buffer.subarray(0, 100)
      buffer.fill(0xff)
    }
  }
  const arrived = b.readToEnd()
  await a.writeFrom(pieces())
  await a.end()
  let at = 0
  const bytes = await arrived
  for (let n = 1; n < 30; n++) {
    const size = n % 3 ? 50_000 : 100
    if (!bytes.subarray(at, at + size).equals(Buffer.alloc(size, n))) t.fail(`piece ${n}`)
    at += size
  }
  t.equal(bytes.length, at)
})

t.test('a stream that keeps or transfers its chunks never gets memory of the program or of the connection', async (t) => {
  const through = new PassThrough({ readableHighWaterMark: 1e6 })
  const connection = Connection.from(through)
  t.teardown(() => connection.abort())
  const kept: Buffer[] = []
  const push = through.push.bind(through)
  through.push = (chunk) => {
    if (chunk !== null) kept.push(chunk)
    return push(chunk)
  }
  // Larger than Node's pool of small Buffers, which cannot be transferred from Node 24 on.
  const large = Math.max(20_000, 2 * Buffer.poolSize)
  const buffer = Buffer.alloc(large)
  for (const size of [3, 3000, large, 3]) {
    const piece = buffer.subarray(0, size).fill(size)
    await connection.write(piece)
    await connection.write('text')
    piece.fill(0)
  }
  await connection.flush()
  t.ok(Buffer.concat(kept).equals(Buffer.concat([3, 3000, large, 3].flatMap((size) => [Buffer.alloc(size, size), Buffer.from('text')]))))
  for (const chunk of kept.filter(({ buffer }) => buffer.byteLength >= large)) transfer(chunk)
  await connection.write(['on', Buffer.from('and'), 'on'])
  await connection.flush()
  t.equal(String(kept.at(-1)), 'onandon')
})

t.test('a write waits for its own pieces of 16 KiB or more, and for no others', async (t) => {
  const { a, b } = memory(t, { ...slow, client: { writeHighWaterMark: 1e6 } })
  await turns()
  t.equal(await isPending(a.write(Buffer.alloc(LARGE - 1))), false)
  const large = a.write([Buffer.alloc(1), Buffer.alloc(LARGE), Buffer.alloc(LARGE - 1)])
  t.equal(await isPending(large), true)
  t.equal(await isPending(a.write('small')), false)
  t.equal(await isPending(a.write('x'.repeat(LARGE))), true, 'text too')
  t.equal(await isPending(a.write('x'.repeat(LARGE - 1))), false)
  t.equal(await isPending(a.write('€'.repeat(6000))), true, 'its bytes count')
  const mark = a.bytesWritten + a.queued
  await b.skip(2 * LARGE + 5000)
  t.equal(await isPending(large), false)
  t.ok(a.queued > 0)
  t.equal(a.bytesWritten + a.queued, mark)
})

// --- detached memory -------------------------------------------------------------------------------------------------

const gone: readonly [name: string, make: () => ArrayBufferView][] = [
  ['a Buffer', () => transfer(Buffer.from(new ArrayBuffer(64)))],
  ['a large Buffer', () => transfer(Buffer.from(new ArrayBuffer(100_000)))],
  ['a DataView', () => transfer(new DataView(new ArrayBuffer(64)))],
  ['a Float64Array', () => transfer(new Float64Array(8))],
  [
    'a view behind the end of its memory',
    () => {
      const buffer = resizable(64)
      const view = new Uint8Array(buffer, 32, 16)
      buffer.resize(8)
      return view
    },
  ],
]

everywhere(t, 'memory that is detached at the call is a TypeError, nothing is sent, and the connection goes on', async (t, connect) => {
  const { a, b } = await connect()
  for (const [name, make] of gone) {
    const view = make() as Uint8Array
    t.ok((await rejection(a.write(view))) instanceof TypeError, `write: ${name}`)
    t.ok((await rejection(a.write(['lost', view]))) instanceof TypeError, `in a list: ${name}`)
    t.throws(() => a.tryWrite(view), TypeError, `tryWrite: ${name}`)
    t.ok((await rejection(a.end(view))) instanceof TypeError, `end: ${name}`)
    t.ok((await rejection(a.writeFrom([view]))) instanceof TypeError, `writeFrom: ${name}`)
  }
  t.equal(a.queued, 0)
  await a.write([new Uint8Array(0), new DataView(new ArrayBuffer(0)), new Float64Array(0), 'and ', new Uint8Array(resizable(0, 10))])
  await a.end('on')
  t.equal(await b.readToEnd('latin1'), 'and on')
})

everywhere(t, 'a small piece whose memory is transferred after the call was copied, and arrives', async (t, connect) => {
  const { a, b } = await connect()
  const one = new Uint8Array(new ArrayBuffer(3)).fill(0x31)
  a.write(one)
  transfer(one)
  const two = resizable(3, 6)
  const view = new Uint8Array(two).fill(0x32)
  a.write([view, view])
  two.resize(1)
  await a.end('.')
  t.equal(await b.readToEnd('latin1'), '111222222.')
})

everywhere(
  t,
  'a large piece whose memory is transferred before it was sent cuts the connection with a TypeError, and all calls settle',
  async (t, connect) => {
    const ways: [name: string, take: (view: Buffer, buffer: ReturnType<typeof resizable>) => void][] = [
      ['transferred', (view) => transfer(view)],
      ['made smaller', (_, buffer) => buffer.resize(5)],
      ['made smaller than the part under way', (_, buffer) => buffer.resize(70_000)],
    ]
    for (const [name, take] of ways) {
      const { a, b } = await connect()
      const arrived = b.readToEnd({ maxBytes: Number.POSITIVE_INFINITY })
      arrived.catch(() => {})
      const buffer = resizable(9_000_000)
      const view = Buffer.from(buffer).fill('x')
      const promises = [a.write(['before', view]), a.write('behind'), a.flush(), a.end('the end')]
      take(view, buffer)
      t.equal(a.queued + a.bytesWritten, 9_000_019, name)
      const { by, error } = await within(a.closed)
      t.equal(by, 'aborted', name)
      t.ok(error instanceof TypeError, name)
      t.match((error as Error).message, /taken away/)
      t.equal(a.queued, 0)
      // The second did not wait for its bytes.
      for (const promise of [promises[0], promises[2], promises[3], a.flush()] as Promise<void>[]) {
        const refusal = await rejection(within(promise))
        t.ok(refusal instanceof ConnectionClosedError)
        t.equal((refusal as Error).cause, error)
      }
      await within(a.close())
      const got = await arrived.catch((failure: { partial?: Buffer }) => failure.partial)
      t.ok(got === undefined || got.subarray(6).every((byte) => byte === 0x78), 'nothing but what was written was sent')
    }
  },
)

t.test('memory that is transferred in flight, or behind bytes in flight, cuts the connection too', async (t) => {
  for (const until of [0, 40_000, 90_000]) {
    const { a, b } = memory(t, slow)
    const first = Buffer.from(new ArrayBuffer(80_000)).fill('x')
    const second = Buffer.from(new ArrayBuffer(80_000)).fill('y')
    const flushed = rejection(Promise.all([a.write(first), a.write(second), a.flush()]))
    await turns()
    await b.readExactly(1 + until)
    transfer(until < 80_000 ? first : second)
    const rest = b.readToEnd({ maxBytes: Number.POSITIVE_INFINITY }).catch(() => {})
    t.ok((await within(a.closed)).error instanceof TypeError)
    t.ok((await flushed) instanceof ConnectionClosedError)
    t.equal(a.queued, 0)
    await rest
  }
})

everywhere(t, 'memory that grows is sent as it was at the call', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e6 } })
  const buffer = resizable(100_000)
  const view = new Uint8Array(buffer).fill(0x61)
  a.write(view)
  buffer.resize(150_000)
  t.equal(a.queued, 100_000)
  await a.end('.')
  t.equal(await b.readToEnd('latin1'), `${'a'.repeat(100_000)}.`)
})

t.test('views of a class of the program are read as bytes, whatever their methods do', async (t) => {
  const { a, b } = memory(t, { server: { maxBufferSize: 1e6 } })
  class Strange extends Uint8Array {
    override subarray(): Uint8Array<ArrayBuffer> {
      throw new Error('never called')
    }
    static get [Symbol.species](): never {
      throw new Error('never asked')
    }
  }
  const data = pattern(200_000)
  const strange = new Strange(200_000)
  strange.set(data)
  const arrived = b.readToEnd()
  a.write(strange)
  await a.end()
  t.ok((await arrived).equals(data))
})

t.test('detached memory is detected when writes are sent by end, by close or by a write', async (t) => {
  const acts: Record<string, (a: Connection) => Promise<unknown>> = {
    end: (a) => rejection(a.end()),
    close: async (a) => await a.close(),
    'a write to a full queue': (a) => rejection(a.write('x')),
  }
  for (const [name, act] of Object.entries(acts)) {
    const [a, b] = pair({ client: { maxWriteBuffer: 1000 } })
    const bytes = new Uint8Array(100_000)
    void a.write(bytes)
    transfer(bytes)
    const said = await act(a)
    if (name !== 'close') t.ok(said instanceof ConnectionClosedError, name)
    t.match(await a.closed, { by: 'aborted', error: TypeError }, name)
    b.abort()
  }
})

t.test('a stream that fails within the call of write is a loss, and no call stays pending', async (t) => {
  const stream = new Duplex({ read() {} })
  stream.write = (() => {
    stream.emit('error', new Error('at once'))
    return false
  }) as typeof stream.write
  const connection = Connection.from(stream)
  const flushed = rejection(connection.write('x').then(() => connection.flush()))
  t.match(await connection.closed, { by: 'lost' })
  await flushed
})
