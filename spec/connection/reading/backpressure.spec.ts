// Rule 5, pull: the carrier is paused when more than readHighWaterMark bytes are buffered and no read waits for more, and
// resumed when the program has taken them, or a read waits.

import t from 'tap'
import { CHUNK } from '../../support/chunk.js'
import { everywhere } from '../../support/fixture.js'
import { pattern, rejection, turn, turns, until, within } from '../../support/wait.js'
import { wired } from './support.js'

t.test('a carrier is paused above the mark, not at it, and resumed below', async (t) => {
  const { connection, carrier, push } = wired({ readHighWaterMark: 10 })
  t.notOk(carrier.paused, 'bytes come from the start')
  push('x'.repeat(10))
  await turn()
  t.notOk(carrier.paused)
  push('x')
  await turn()
  t.ok(carrier.paused)
  await connection.peek(11)
  t.ok(carrier.paused, 'to peek takes nothing')
  await connection.readExactly(1)
  t.notOk(carrier.paused)
})

for (const [name, take] of Object.entries({
  readExactly: (wire) => wire.connection.readExactly(5),
  readUntil: (wire) => wire.connection.readUntil('x'),
  'readUntil of more': (wire) => wire.connection.readUntil('xx'),
  readLine: (wire) => wire.connection.readLine({ delimiter: 'x' }),
  tryReadExactly: async (wire) => wire.connection.tryReadExactly(5),
  tryReadUntil: async (wire) => wire.connection.tryReadUntil('x'),
  read: (wire) => wire.connection.read({ maxBytes: 3 }),
  skip: (wire) => wire.connection.skip(2),
  chunks: (wire) => wire.connection.chunks(4).next(),
  message: (wire) => wire.connection.readMessage((reader) => reader.readExactly(4)),
} satisfies Record<string, (wire: ReturnType<typeof wired>) => Promise<unknown>>)) {
  t.test(`${name} resumes the carrier when it has taken enough`, async (t) => {
    const wire = wired({ readHighWaterMark: 10 })
    wire.push('x'.repeat(11))
    await turn()
    t.ok(wire.carrier.paused)
    await take(wire)
    t.notOk(wire.carrier.paused)
  })
}

t.test('lines taken one after the other resume the carrier', async (t) => {
  const { connection, carrier, push } = wired({ readHighWaterMark: 10 })
  push('abc\n'.repeat(4))
  await turn()
  t.ok(carrier.paused)
  const lines = connection.lines()
  await lines.next()
  t.ok(carrier.paused)
  await lines.next()
  t.notOk(carrier.paused)
})

t.test('a read that needs more than the mark gets it, and the carrier is paused after it', async (t) => {
  const { connection, carrier, push } = wired({ readHighWaterMark: 10 })
  push('x'.repeat(20))
  await turn()
  t.ok(carrier.paused)
  const read = connection.readExactly(100)
  t.notOk(carrier.paused, 'it waits')
  for (let n = 0; n < 9; n++) push('x'.repeat(20))
  t.equal((await read).length, 100)
  await turn()
  t.ok(carrier.paused)
  const controller = new AbortController()
  const cancelled = rejection(connection.readToEnd({ signal: controller.signal }))
  t.notOk(carrier.paused)
  controller.abort('enough')
  t.equal(await cancelled, 'enough')
  await turn()
  t.ok(carrier.paused, 'nobody waits any more')
})

t.test('a message that does not read lets no bytes in above the mark', async (t) => {
  const { connection, carrier, push } = wired({ readHighWaterMark: 10 })
  const controller = new AbortController()
  const message = rejection(
    connection.readMessage(
      async (reader) => {
        await reader.readExactly(8)
        await new Promise(() => {})
      },
      { signal: controller.signal },
    ),
  )
  push('x'.repeat(15))
  await turn()
  t.notOk(carrier.paused, 'what it took is not waiting to be read')
  push('x'.repeat(5))
  await turn()
  t.ok(carrier.paused)
  controller.abort('cut')
  t.equal(await message, 'cut')
  t.equal(connection.buffered, 20)
  await connection.skip(8)
  t.ok(carrier.paused)
  await connection.skip(2)
  t.notOk(carrier.paused)
  const again = connection.readMessage(async (reader) => {
    await reader.readExactly(20)
    t.notOk(carrier.paused)
    await reader.readExactly(30, { maxBytes: 5 })
  })
  push('x'.repeat(10))
  t.match(await rejection(again), { code: 'ERR_LINNET_LIMIT' })
  await turn()
  t.ok(carrier.paused, 'after a message that was given back')
})

t.test('a program that takes a chunk at once causes no pause', async (t) => {
  const { connection, carrier, push } = wired({ readHighWaterMark: 10 })
  const before = carrier.turned
  const taking = (async () => {
    for (let n = 0; n < 100; n++) await connection.readExactly(50)
  })()
  for (let n = 0; n < 100; n++) {
    push('x'.repeat(50))
    await turn()
  }
  await within(taking)
  t.equal(carrier.turned, before)
})

t.test('a stream that delivers many chunks at once is paused at the second one', async (t) => {
  const { carrier, push } = wired({ readHighWaterMark: 10 })
  let brought = 0
  while (!carrier.paused && brought < 100) {
    push('x'.repeat(8))
    brought++
  }
  t.ok(brought <= 4, `${brought} chunks`)
})

t.test('a mark that is set holds, also Infinity', async (t) => {
  const endless = wired({ readHighWaterMark: Number.POSITIVE_INFINITY })
  endless.push(Buffer.alloc(1024 * 1024))
  await turn()
  t.notOk(endless.carrier.paused)
  const { connection, carrier, push } = wired({ readHighWaterMark: 100 })
  push('x'.repeat(50))
  connection.setLimits({ readHighWaterMark: 10 })
  push('x')
  await turn()
  t.ok(carrier.paused)
  connection.setLimits({ readHighWaterMark: 100 })
  await connection.readExactly(1)
  t.notOk(carrier.paused)
  connection.setLimits({ readHighWaterMark: 1 })
  await connection.readExactly(49)
  await turn()
  t.notOk(carrier.paused)
  t.equal(connection.limits.readHighWaterMark, 1)
})

t.test('a connection that closes is resumed and discards what arrives', async (t) => {
  const { connection, carrier, push, end } = wired({ readHighWaterMark: 10 })
  push('x'.repeat(20))
  await turn()
  t.ok(carrier.paused)
  const closed = connection.close()
  t.notOk(carrier.paused, 'else the end of the peer would never come')
  push('x'.repeat(20))
  await turn()
  t.notOk(carrier.paused)
  t.equal(connection.buffered, 0)
  end()
  await within(closed)
  t.equal(connection.bytesRead, 40, 'it arrived all the same')
})

everywhere(t, 'without reads, at most the mark and two chunks are read ahead', async (t, connect, carrier) => {
  for (const readHighWaterMark of [1, 1000, 100_000]) {
    const { a, b } = await connect({ b: { readHighWaterMark } })
    const data = pattern(4 * 1024 * 1024)
    const sent = a.end(data)
    await until(() => b.buffered > readHighWaterMark)
    await turns(30)
    const most = readHighWaterMark + 2 * CHUNK
    t.ok(b.buffered <= most, `${b.buffered} bytes over ${carrier}, of at most ${most}`)
    t.notOk(b.peerEnded)
    const all = within(b.readToEnd({ maxBytes: Number.POSITIVE_INFINITY }))
    t.equal(Buffer.compare(await all, data), 0, 'and it arrives whole')
    await sent
  }
})

everywhere(t, 'small reads from a large stream do not fill memory', async (t, connect) => {
  const { a, b } = await connect({ b: { readHighWaterMark: 4096, maxBufferSize: 8192 } })
  const line = `${'x'.repeat(1023)}\n`
  const sent = a.end(line.repeat(4096))
  let most = 0
  let lines = 0
  for await (const each of b.lines()) {
    if (each.length !== 1023) t.fail(`a line of ${each.length}`)
    most = Math.max(most, b.buffered)
    if (++lines % 200 === 0) await turn()
  }
  t.equal(lines, 4096)
  t.ok(most <= 4096 + 2 * CHUNK + 1024, `${most} bytes were buffered`)
  await sent
})

everywhere(t, 'a large skip does not fill memory', async (t, connect) => {
  const { a, b } = await connect({ b: { readHighWaterMark: 1000 } })
  const size = 4 * 1024 * 1024
  const sent = a.end(`${'x'.repeat(size)}\n${'y'.repeat(size)}z`)
  let most = 0
  const watch = (async () => {
    while (!b.peerEnded) {
      most = Math.max(most, b.buffered)
      await turn()
    }
  })()
  t.equal(await within(b.skipUntil('\n')), size + 1)
  t.equal(await within(b.skip(size)), size)
  t.equal(String(await within(b.readToEnd())), 'z')
  await within(watch)
  await sent
  t.ok(most <= 1000 + 2 * CHUNK, `${most} bytes were buffered`)
})
