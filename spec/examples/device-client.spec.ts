// examples/device-client.ts, with the server of examples/device.ts, which is killed again and again, and with a server by hand:
// nothing is lost, and nothing is stored twice.

import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Connection, Server } from '../../lib/index.js'
import { opened } from '../support/fixture.js'
import { turns } from '../support/wait.js'
import { frame, linesOf, readFrame, readingsIn, TYPE } from './device.js'
import { Example, FedExample } from './support.js'

const start = (t: Test, { port }: { port: number }, variables: NodeJS.ProcessEnv = {}): FedExample =>
  FedExample.start(t, 'device-client', { PAUSE: '5', ...variables }, `127.0.0.1:${port}`)

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at)
const text = (list: number[]): string => list.map((each) => `${each}\n`).join('')

/** Resolves once the file has so many readings. Between two looks the other processes have the processor. */
async function stored(file: string, count: number): Promise<void> {
  while (readingsIn(file).length < count) await setTimeout(10)
}

t.test('all readings arrive in their order, and at the end of its input the device ends', async (t) => {
  const file = join(t.testdir({}), 'readings.jsonl')
  const server = await Example.start(t, 'device', { FILE: file })
  const device = start(t, server)
  device.ends(`${text(numbers(1, 120))}what?\n`)
  t.match(await device.toEnd(), /not a number: what\?\n.*all readings are acknowledged\n$/s)
  t.strictSame(await device.ended(), { code: 0, signal: null })
  t.strictSame(
    linesOf(file).map(({ celsius }) => celsius),
    numbers(1, 120),
  )
})

t.test('while the server is killed and restarted, no reading is lost and none is stored twice', async (t) => {
  const file = join(t.testdir({}), 'readings.jsonl')
  let server = await Example.start(t, 'device', { FILE: file })
  const { port } = server
  const device = start(t, server)
  let count = 0
  for (let round = 1; round <= 3; round++) {
    device.says(text(numbers(count + 1, count + 120)))
    count += 120
    // In the middle of these readings.
    await stored(file, count - 90)
    server.signal('SIGKILL')
    await server.ended()
    // These are measured without a server.
    device.says(text(numbers(count + 1, count + 20)))
    count += 20
    server = await Example.start(t, 'device', { FILE: file, PORT: String(port) })
  }
  device.ends()
  t.match(await device.toEnd(), /all readings are acknowledged\n$/)
  t.strictSame(await device.ended(), { code: 0, signal: null })
  const lines = linesOf(file)
  t.strictSame(
    lines.map(({ celsius }) => celsius),
    numbers(1, count),
  )
  t.equal(new Set(lines.map(({ run }) => run)).size, 1)
})

/** Accepts the device, and acknowledges what it has been sent up to `last`. */
async function accepted(t: Test, server: Server, last = 0): Promise<Connection> {
  const connection = (await server.accept()) as Connection
  t.teardown(() => connection.abort())
  const { type, content } = await readFrame(connection)
  t.equal(type, TYPE.hello)
  t.match(content, { device: 'thermometer', run: /^[\da-f-]{36}$/ })
  await connection.write(frame('accepted', last, {}))
  return connection
}

async function receives(t: Test, connection: Connection, list: number[]): Promise<void> {
  for (const each of list) {
    const { type, sequence, content } = await readFrame(connection)
    t.strictSame([type, sequence, (content as { celsius: number }).celsius], [TYPE.reading, each, each])
  }
}

t.test('what was not acknowledged is sent again, and what the server has stored is not', async (t) => {
  const server = await opened(t)
  const device = start(t, server)
  device.says(text([1, 2, 3]))
  const first = await accepted(t, server)
  await receives(t, first, [1, 2, 3])
  await first.write(frame('accepted', 1, {}))
  await first.close()
  // The acknowledgement of 2 is lost: the answer to the hello replaces it.
  const second = await accepted(t, server, 2)
  await receives(t, second, [3])
  second.abort()
  const third = await accepted(t, server, 2)
  await receives(t, third, [3])
  await third.write(frame('accepted', 3, {}))
  device.ends()
  await device.hears('all readings are acknowledged')
  t.strictSame(await device.ended(), { code: 0, signal: null })
})

t.test('a server that acknowledges nothing, or does not answer, is left for a new connection', async (t) => {
  const server = await opened(t)
  // However slow the two processes are, each kind of server lasts until the device has left it.
  let kind: 'forgetful' | 'silent' | 'sound' = 'forgetful'
  const served = server.serve(async (connection) => {
    await readFrame(connection)
    if (kind !== 'silent') await connection.write(frame('accepted', kind === 'sound' ? 1 : 0, {}))
    await connection.readToEnd()
  })
  const device = start(t, server, { PATIENCE: '300' })
  device.ends(text([1]))
  await device.hears('the server acknowledges nothing')
  kind = 'silent'
  await device.hears('TimeoutError')
  kind = 'sound'
  await device.hears('all readings are acknowledged')
  t.strictSame(await device.ended(), { code: 0, signal: null })
  await server.close({ grace: 0 })
  await served
})

t.test('at most a hundred readings are sent before the last of them is acknowledged', async (t) => {
  const server = await opened(t)
  const device = start(t, server)
  device.ends(text(numbers(1, 150)))
  const connection = await accepted(t, server)
  await receives(t, connection, numbers(1, 100))
  await connection.write(frame('accepted', 98, {}))
  await connection.write(frame('refused', 99, { reason: 'too cold' }))
  await device.hears('reading 99 is refused')
  await turns()
  t.equal(connection.buffered, 0)
  await connection.write(frame('accepted', 100, {}))
  await receives(t, connection, numbers(101, 150))
  await connection.write(frame('accepted', 150, {}))
  t.strictSame(await device.ended(), { code: 0, signal: null })
})

t.test('a reading that is refused is reported and not sent again; a refused device connects again', async (t) => {
  const server = await opened(t)
  const device = start(t, server)
  device.says(text([1, 2]))
  const first = await accepted(t, server)
  await receives(t, first, [1, 2])
  await first.write(frame('refused', 1, { reason: 'too cold' }))
  await device.hears('reading 1 is refused: too cold')
  await first.write(frame('refused', 0, { reason: 'the checksum does not fit' }))
  await device.hears('the server refuses this device: the checksum does not fit')
  await first.close()
  const second = await accepted(t, server)
  await receives(t, second, [2])
  await second.write(frame('hello', 0, { device: 'x', run: '0f8fad5b-d9cb-469f-a165-70867728950e' }))
  await device.hears('the server refuses this device: hello')
  await second.close()
  await receives(t, await accepted(t, server), [2])
})

t.test('Ctrl-C ends it, also without a server, and its exit code says whether a reading is left', async (t) => {
  const server = await opened(t)
  const device = start(t, server)
  device.says(text([1]))
  const connection = await accepted(t, server)
  await receives(t, connection, [1])
  device.interrupt()
  await device.hears('1 readings are not acknowledged')
  t.equal(await connection.read(), null)
  await connection.close()
  t.strictSame(await device.ended(), { code: 1, signal: null })

  await server.close({ grace: 0 })
  const waiting = start(t, server, { PAUSE: '60000' })
  await waiting.hears('no connection to 127.0.0.1')
  waiting.interrupt()
  await waiting.hears('all readings are acknowledged')
  t.strictSame(await waiting.ended(), { code: 0, signal: null })
})
