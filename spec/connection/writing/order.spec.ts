// Writes arrive whole and in call order: text as UTF-8, views as their bytes, no write split by another, and those of one
// turn in one piece.

import { Duplex } from 'node:stream'
import vm from 'node:vm'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { Connection } from '../../../lib/index.js'
import { accepted, everywhere, memory } from '../../support/fixture.js'
import { nextPass, pattern, turn, turns, until } from '../../support/wait.js'

everywhere(t, 'text, views of every kind and lists of them arrive as one stream in the order of the calls', async (t, connect) => {
  const { a, b } = await connect()
  const shared = new Uint8Array(new SharedArrayBuffer(2))
  shared.set([0x31, 0x32])
  const foreign = vm.runInNewContext('new Uint8Array([0x33, 0x34])') as Uint8Array
  a.write('grüß 🐦 ')
  a.write(Buffer.from('buffer '))
  a.write(new DataView(new TextEncoder().encode('a data view').buffer, 2, 5))
  a.write(new Uint16Array([0x4142, 0x4344]))
  a.write(shared)
  a.write(foreign)
  a.write([' and ', new Uint8Array([0x6d, 0x6f]).subarray(0, 1), Buffer.from('ore'), '', new Uint8Array(0)])
  a.write([])
  await a.end('.')
  t.equal(await b.readToEnd('utf8'), 'grüß 🐦 buffer data BADC1234 and more.')
})

everywhere(t, 'each text is encoded on its own: half a surrogate pair is U+FFFD, whatever follows', async (t, connect) => {
  const { a, b } = await connect()
  for (const half of ['\ud83d', '\udc26', 'x\ud83d', '\udc26x']) a.write(half)
  await a.end()
  t.equal(await b.readToEnd('utf8'), '\ufffd\ufffdx\ufffd\ufffdx')
})

everywhere(t, 'ten concurrent writers lose nothing, and no write is split by another', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e7 } })
  const size = 5000
  const writers = Array.from({ length: 10 }, async (_, n) => {
    for (let round = 0; round < 60; round++) await a.write([Buffer.alloc(1, n), 'x'.repeat(3999), Buffer.alloc(1000, n)])
  })
  const arrived = b.readToEnd()
  await Promise.all(writers)
  await a.end()
  const bytes = await arrived
  t.equal(bytes.length, 600 * size)
  const split: number[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const n = bytes[at] as number
    if (
      !bytes.subarray(at + 1, at + 4000).equals(Buffer.alloc(3999, 'x')) ||
      !bytes.subarray(at + 4000, at + size).equals(Buffer.alloc(1000, n))
    )
      split.push(at)
  }
  t.same(split, [])
})

everywhere(t, 'a large write between small ones arrives whole and in its place', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e7 } })
  const large = pattern(3_000_001)
  a.write('before ')
  a.write(large)
  a.write(' behind')
  a.write(['1', large.subarray(0, 20_000), '2', large.subarray(5, 16_389), '3'])
  const arrived = b.readToEnd()
  await a.end()
  t.ok(
    (await arrived).equals(
      Buffer.concat([
        Buffer.from('before '),
        large,
        Buffer.from(' behind1'),
        large.subarray(0, 20_000),
        Buffer.from('2'),
        large.subarray(5, 16_389),
        Buffer.from('3'),
      ]),
    ),
  )
})

everywhere(t, 'once flushed, a buffer belongs to the program again', async (t, connect, carrier) => {
  const { a, b } = await connect()
  for (const size of [5, 5000, 60_000]) {
    const data = Buffer.alloc(size, 'a')
    a.write(data)
    // A stream that is no socket may pass on the very buffer: it is sent once the other side has received it.
    const arrived = carrier === 'duplex' ? b.readExactly(size, 'latin1') : undefined
    await a.flush()
    await arrived
    data.fill('b')
    t.equal(await (arrived ?? b.readExactly(size, 'latin1')), 'a'.repeat(size))
  }
})

// --- in one piece ----------------------------------------------------------------------------------------------------

/** A connection over a stream that counts its calls. */
function counted(t: Test): { connection: Connection; works: number[]; text: () => string } {
  const works: number[] = []
  const chunks: Buffer[] = []
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      works.push(1)
      chunks.push(chunk)
      done()
    },
    writev(list: { chunk: Buffer }[], done) {
      works.push(list.length)
      chunks.push(...list.map(({ chunk }) => chunk))
      done()
    },
  })
  const connection = Connection.from(stream)
  t.teardown(() => connection.abort())
  return { connection, works, text: () => Buffer.concat(chunks).toString() }
}

t.test('writes of one turn are sent in one call', async (t) => {
  const { connection, works, text } = counted(t)
  for (let n = 0; n < 20; n++) connection.write('small ')
  await connection.flush()
  t.same(works, [1])
  connection.write(['list ', Buffer.from('of ')])
  connection.write(Buffer.alloc(20_000, 'L'))
  connection.write('behind')
  await connection.flush()
  t.equal(works.length, 2)
  t.equal(text(), `${'small '.repeat(20)}list of ${'L'.repeat(20_000)}behind`)
})

t.test('writes are sent before the end of the turn when a read of the connection begins to wait', async (t) => {
  const { connection, works, text } = counted(t)
  for (let n = 0; n < 20; n++) connection.write('small ')
  t.same(works, [])
  void connection.readLine()
  t.same(works, [1])
  t.equal(text(), 'small '.repeat(20))
  connection.write('behind')
  await connection.flush()
  t.same(works, [1, 1])
})

t.test('a large write that is awaited is sent after the call, with the other writes of the same call', async (t) => {
  const { connection, works, text } = counted(t)
  connection.write('before ')
  const large = connection.write(Buffer.alloc(20_000, 'L'))
  connection.write('behind')
  await large
  t.equal(text(), `before ${'L'.repeat(20_000)}behind`)
  t.equal(works.length, 1)
})

t.test('a loop of large writes to a fast peer lets other connections have their turn', async (t) => {
  const { connection, works } = counted(t)
  const block = Buffer.alloc(64 * 1024)
  let over = false
  const loop = async (): Promise<void> => {
    while (!over) await connection.write(block)
  }
  const looping = loop()
  for (let n = 1; n <= 3; n++) {
    const before = works.length
    await nextPass()
    // A wait of two turns: a mebibyte in each, and the block that exceeds it.
    t.ok(works.length - before <= 36, `${works.length - before} blocks in a turn`)
    t.ok(works.length > 0)
  }
  over = true
  await looping
})

t.test('the writes of a loop that awaits them are sent together, wherever it was begun', async (t) => {
  const { connection, works } = counted(t)
  const loop = async (): Promise<void> => {
    for (let n = 0; n < 20; n++) await connection.write('small ')
  }
  await loop()
  await turn()
  t.equal(works.length, 1, 'begun in a promise')
  await new Promise<void>((resolve) => setImmediate(() => void loop().then(resolve)))
  await turn()
  t.equal(works.length, 2, 'begun in an immediate')
  await new Promise<void>((resolve) => setTimeout(() => void loop().then(resolve), 1))
  await turn()
  t.equal(works.length, 3, 'begun in a timer')
  await new Promise<void>((resolve) => process.nextTick(() => void loop().then(resolve)))
  await turn()
  t.equal(works.length, 4, 'begun in a tick')
})

t.test('writes of one turn arrive at a socket in one piece', async (t) => {
  const { connection, peer } = await accepted(t)
  const pieces: string[] = []
  peer.on('data', (chunk) => pieces.push(String(chunk)))
  for (let n = 0; n < 100; n++) connection.write(`line ${n}\n`)
  await until(() => pieces.join('').endsWith('line 99\n'))
  t.equal(pieces.length, 1)
})

// --- against a model -------------------------------------------------------------------------------------------------

const piece = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 20, unit: fc.constantFrom('a', 'ü', '€', '🐦', '\udc26') }) },
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 70_000 }).map((size) => pattern(size)) },
)
type Act = { data: string | Uint8Array | (string | Uint8Array)[]; by: 'write' | 'await' | 'try' | 'flush' | 'from'; pause: boolean }
const act: fc.Arbitrary<Act> = fc.record({
  data: fc.oneof({ weight: 3, arbitrary: piece }, { weight: 1, arbitrary: fc.array(piece, { maxLength: 4 }) }),
  by: fc.constantFrom('write', 'await', 'try', 'flush', 'from'),
  pause: fc.boolean(),
})
const bytesOf = (data: Act['data']): Buffer =>
  Array.isArray(data) ? Buffer.concat(data.map((each) => Buffer.from(each as string))) : Buffer.from(data as string)

/** Runs the steps; returns what must have arrived. */
async function perform(connection: Connection, acts: readonly Act[]): Promise<Buffer> {
  const sent: Buffer[] = []
  for (const { data, by, pause } of acts) {
    if (by === 'try') {
      if (connection.tryWrite(data)) sent.push(bytesOf(data))
    } else {
      sent.push(bytesOf(data))
      if (by === 'write') connection.write(data)
      else if (by === 'await') await connection.write(data)
      else if (by === 'from') await connection.writeFrom([data])
      else {
        connection.write(data)
        await connection.flush()
        if (connection.queued > 0) throw new Error('it is not flushed')
      }
    }
    if (pause) await nextPass()
    const total = sent.reduce((sum, { length }) => sum + length, 0)
    if (connection.queued + connection.bytesWritten !== total) throw new Error('bytes are missing in the count')
  }
  return Buffer.concat(sent)
}

t.test('bytes written by any method arrive in order and are counted', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { maxLength: 12 }),
      fc.constantFrom(7, 1000, 65_536),
      fc.constantFrom(100, 65_536),
      async (acts, maxChunk, highWaterMark) => {
        const { a, b } = memory(t, {
          maxChunk,
          highWaterMark,
          server: { maxBufferSize: 1e7 },
          client: { writeHighWaterMark: highWaterMark },
        })
        const arrived = b.readToEnd()
        const sent = await perform(a, acts)
        await a.end()
        if (!(await arrived).equals(sent)) throw new Error('what arrived is not what was written')
        b.close()
        await a.close()
      },
    ),
    { numRuns: 1000 },
  )
})

everywhere(t, 'bytes written over a real carrier arrive in order and are counted', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e8 } })
  const arrived = b.readToEnd()
  const acts = fc.sample(act, { numRuns: 300, seed: 3 })
  const sent = await perform(a, acts)
  await a.end()
  await turns()
  t.ok((await arrived).equals(sent))
  t.equal(a.bytesWritten, sent.length)
  t.equal(b.bytesRead, sent.length)
})
