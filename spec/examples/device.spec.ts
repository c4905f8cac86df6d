// examples/device.ts, with a device that is written by hand, byte by byte: what the server stores, acknowledges and refuses.

import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Connection, connect } from '../../lib/index.js'
import { DEVICE, frame, RUN, readFrame, readingsIn, TYPE } from './device.js'
import { Example, runExample } from './support.js'

async function server(t: Test, file: string = join(t.testdir({}), 'readings.jsonl')): Promise<Example & { file: string }> {
  return Object.assign(await Example.start(t, 'device', { FILE: file }), { file })
}

/** A device that has sent its hello, and the sequence number of its last reading on the server. */
async function device(t: Test, { port }: Example): Promise<[Connection, number]> {
  const connection = await connect({ host: '127.0.0.1', port })
  t.teardown(() => connection.abort())
  await connection.write(frame('hello', 0, { device: DEVICE, run: RUN }))
  const { type, sequence } = await readFrame(connection)
  t.equal(type, TYPE.accepted)
  return [connection, sequence]
}

const reading = (sequence: number, celsius: unknown = 20): Buffer => frame('reading', sequence, { at: 1000 + sequence, celsius })

t.test('a reading is in the file when it is acknowledged, wherever the bytes are cut', async (t) => {
  const { file, ...example } = await server(t)
  const [connection, last] = await device(t, example as Example)
  t.equal(last, 0)
  for (const byte of reading(1, 21.5)) {
    await connection.write(Buffer.of(byte))
    await connection.flush()
  }
  t.strictSame(await readFrame(connection), { type: TYPE.accepted, sequence: 1, content: {} })
  t.equal(readFileSync(file, 'utf8'), `${JSON.stringify({ device: DEVICE, run: RUN, sequence: 1, at: 1001, celsius: 21.5 })}\n`)
})

t.test('readings that are sent twice are acknowledged twice and stored once, also over two connections at once', async (t) => {
  const example = await server(t)
  const both = [(await device(t, example))[0], (await device(t, example))[0]]
  for (const connection of both) for (const sequence of [1, 2, 2, 1, 3]) await connection.write(reading(sequence))
  for (const connection of both) for (const sequence of [1, 2, 2, 1, 3]) t.equal((await readFrame(connection)).sequence, sequence)
  t.strictSame(readingsIn(example.file), [1, 2, 3])
  t.equal((await device(t, example))[1], 3)
})

t.test('content that does not fit is refused by its number, and the next reading is accepted', async (t) => {
  const example = await server(t)
  const [connection] = await device(t, example)
  for (const celsius of [-300, '20', null]) await connection.write(reading(1, celsius))
  await connection.write([frame('reading', 2, 'no object'), frame(9, 3, {}), frame('reading', 4, { celsius: 1 }), reading(5)])
  for (const sequence of [1, 1, 1, 2, 3, 4]) {
    const { type, content, ...answer } = await readFrame(connection)
    t.strictSame({ type, ...answer }, { type: TYPE.refused, sequence })
    t.match((content as { reason: string }).reason, /^the content does not fit: \w+: (Invalid|Too small)/)
  }
  t.strictSame(await readFrame(connection), { type: TYPE.accepted, sequence: 5, content: {} })
  t.strictSame(readingsIn(example.file), [5])
})

t.test('a frame that is broken, and a message that is out of place, end the connection with a reason', async (t) => {
  const example = await server(t)
  const damaged = reading(1)
  damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1
  const long = Buffer.from([1, 4, 1, 0, 0, 0, 1])
  const rows: [Buffer, RegExp][] = [
    [damaged, /^the checksum of the frame does not fit/],
    [long, /^a frame has at most 1024 bytes of content, not 1025/],
    [frame('accepted', 1, {}), /not accepted$/],
    [frame('hello', 0, { device: 'a device', run: RUN }), /^the content does not fit: device: Invalid/],
  ]
  for (const [bytes, reason] of rows) {
    const [connection] = await device(t, example)
    // Nothing behind it is read: the number of the next frame is not stored.
    await connection.write([bytes, reading(7)])
    const { type, sequence, content } = await readFrame(connection)
    t.strictSame([type, sequence], [TYPE.refused, 0])
    t.match((content as { reason: string }).reason, reason)
    t.equal(await connection.read(), null)
  }
  const early = await connect({ host: '127.0.0.1', port: example.port })
  t.teardown(() => early.abort())
  await early.write(reading(1))
  t.match((await readFrame(early)).content, { reason: /not reading$/ })
  t.equal(await early.read(), null)
  t.strictSame(readingsIn(example.file), [])
})

t.test('a line that the server was killed in is removed at its next start, and the reading is stored again', async (t) => {
  const first = await server(t)
  const { file } = first
  const [connection] = await device(t, first)
  await connection.write(reading(1))
  await readFrame(connection)
  first.signal('SIGKILL')
  await first.ended()
  appendFileSync(file, `{"device":"${DEVICE}","run":"${RUN}","seq`)
  const [again, last] = await device(t, await server(t, file))
  t.equal(last, 1)
  await again.write(reading(2))
  await readFrame(again)
  t.strictSame(readingsIn(file), [1, 2])
})

t.test('Ctrl-C lets a reading in progress be completed, ends idle devices, and ends the process', async (t) => {
  const example = await server(t)
  const [busy] = await device(t, example)
  const [idle] = await device(t, example)
  const bytes = reading(1)
  await busy.write(bytes.subarray(0, 9))
  await busy.flush()
  // The bytes of the busy device were sent before those of this one, whose answer has arrived.
  await idle.write(reading(1))
  await readFrame(idle)
  example.interrupt()
  t.equal(await idle.read(), null)
  await idle.close()
  await busy.write(bytes.subarray(9))
  t.strictSame(await readFrame(busy), { type: TYPE.accepted, sequence: 1, content: {} })
  t.equal(await busy.read(), null)
  await busy.close()
  t.strictSame(await example.ended(), { code: 0, signal: null })
  t.equal(example.complained, '')
  t.strictSame(readingsIn(example.file), [1])
})

t.test('the tests of the protocol, which the guide shows, pass', async (t) => {
  const tests = runExample(t, 'device-protocol-test')
  t.equal(await tests.toEnd(), 'all tests have passed\n')
  t.strictSame(await tests.ended(), { code: 0, signal: null })
})
