// The synchronous reads: they return the bytes, or undefined where a read would wait, and throw what a read rejects with.

import t from 'tap'
import { everywhere } from '../../support/fixture.js'
import { rejection, turn, turns, until, within } from '../../support/wait.js'
import { unread, wired } from './support.js'

everywhere(t, 'a try read returns what the read of its name resolves with', async (t, connect) => {
  const { a, b } = await connect()
  t.equal(b.tryReadLine(), undefined)
  await a.write('one\r\ntwo;;three\nab')
  await until(() => b.buffered === 18)
  t.equal(b.tryReadLine(), 'one')
  t.equal(String(b.tryReadUntil(';;')), 'two;;')
  t.equal(b.tryReadUntil('\n', 'utf8'), 'three\n')
  t.equal(b.tryReadUntil('\n'), undefined)
  t.equal(b.tryReadLine(), undefined)
  t.equal(b.tryReadExactly(3), undefined)
  t.equal(b.buffered, 2, 'what would wait takes nothing')
  t.same(b.tryReadExactly(1), Buffer.from('a'))
  t.equal(b.tryReadExactly(1, 'hex'), '62')
  t.same(b.tryReadExactly(0), Buffer.alloc(0))
})

t.test('the options of a try read hold', async (t) => {
  const { connection, push } = wired()
  push('\xe2\x82\xac;ab\ncd')
  t.equal(connection.tryReadUntil([';', ';a'], { encoding: 'utf8' }), '€;a')
  t.equal(connection.tryReadLine({ delimiter: '\n', encoding: 'hex' }), '62')
  t.equal(connection.tryReadLine({ maxBytes: 3 }), undefined)
  t.throws(() => connection.tryReadLine({ maxBytes: 2 }), { code: 'ERR_LINNET_LIMIT', limit: 2 })
  t.throws(() => connection.tryReadUntil('\n', { signal: AbortSignal.abort(new Error('not now')) }), { message: 'not now' })
  t.equal(connection.tryReadUntil('\n', { timeout: 1 }), undefined)
  t.equal(unread(connection), 'cd')
})

t.test('a try read throws what its read would reject with', async (t) => {
  const closed = wired()
  closed.push('there\n')
  closed.connection.abort(new Error('enough'))
  const ended = wired()
  ended.push('ab')
  ended.end()
  const lost = wired()
  lost.push('ab')
  lost.lose()
  const small = wired({ maxBufferSize: 2 })
  small.push('abc')
  for (const [name, { connection }] of Object.entries({ closed, ended, lost, small })) {
    const reads = [
      [() => connection.tryReadLine(), () => connection.readLine()],
      [() => connection.tryReadUntil('\n'), () => connection.readUntil('\n')],
      [() => connection.tryReadExactly(3), () => connection.readExactly(3)],
    ] as const
    for (const [attempt, read] of reads) {
      let thrown: Error | undefined
      try {
        attempt()
      } catch (error) {
        thrown = error as Error
      }
      const rejected = (await rejection(read())) as Error
      t.equal(thrown?.constructor, rejected.constructor, `${name}: ${rejected.name}`)
      t.same({ ...thrown }, { ...rejected })
      t.equal(thrown?.cause, rejected.cause)
    }
  }
  t.equal(unread(ended.connection), 'ab')
  t.equal(unread(lost.connection), 'ab')
})

t.test('a try read while a read is pending throws', async (t) => {
  const { connection, push } = wired()
  const read = connection.readExactly(6, 'latin1')
  push('ab\nc')
  for (const attempt of [() => connection.tryReadLine(), () => connection.tryReadUntil('\n'), () => connection.tryReadExactly(1)])
    t.throws(attempt, { code: 'ERR_LINNET_CONCURRENT_READ' })
  push('de')
  t.equal(await read, 'ab\ncde')
})

t.test('a try read never throws a DrainingError', async (t) => {
  const { connection, push } = wired()
  connection.drain()
  await turns()
  t.equal(connection.tryReadLine(), undefined)
  t.equal(connection.tryReadUntil('\n'), undefined)
  t.equal(connection.tryReadExactly(1), undefined)
  push('late\n')
  t.equal(connection.tryReadLine(), 'late')
})

everywhere(t, 'the fast loop reads each line once', async (t, connect) => {
  const { a, b } = await connect({ b: { readHighWaterMark: 1000 } })
  const lines = Array.from({ length: 20_000 }, (_, n) => (n % 97 === 0 ? `líne ${n}` : `line ${n}`))
  const sent = a.write(lines.map((line, n) => line + (n % 3 === 0 ? '\r\n' : '\n')).join(''))
  const got: string[] = []
  let waits = 0
  while (got.length < lines.length) {
    const line = b.tryReadLine()
    if (line === undefined) waits++
    got.push(line ?? (await within(b.readLine())))
  }
  await sent
  t.same(got, lines)
  t.ok(waits < lines.length / 4, `it waits for packets and not for lines: ${waits} times`)
})

everywhere(t, 'a program that polls gets a message longer than readHighWaterMark', async (t, connect) => {
  const { a, b } = await connect({ b: { readHighWaterMark: 1000 } })
  const size = 900_000
  const tries: (() => string | Buffer | undefined)[] = [
    () => b.tryReadLine(),
    () => b.tryReadUntil('\n'),
    () => b.tryReadExactly(size),
    () => b.tryReadUntil(['\r\n', '\n'], { encoding: 'latin1', maxBytes: size }),
  ]
  for (const attempt of tries) {
    const sent = a.write(`${'x'.repeat(size - 1)}\n`)
    let got = attempt()
    while (got === undefined) {
      await turn()
      got = attempt()
    }
    t.ok(got.length >= size - 1)
    await within(sent)
  }
})

t.test('a try that would wait lets bytes in up to its limit, until the next read', async (t) => {
  const { connection, carrier, push } = wired({ readHighWaterMark: 10 })
  const paused = async (): Promise<boolean> => {
    await turn()
    return carrier.paused
  }
  push('x'.repeat(20))
  t.ok(await paused())
  t.equal(connection.tryReadUntil('\n', { maxBytes: 40 }), undefined)
  t.notOk(await paused(), 'up to its limit')
  push('x'.repeat(10))
  t.notOk(await paused())
  push('x'.repeat(10))
  t.ok(await paused(), 'and no further')
  t.equal(connection.tryReadExactly(45), undefined)
  t.notOk(await paused(), 'n is the limit of a read of n bytes')
  t.equal(connection.tryReadExactly(5)?.length, 5)
  push('x')
  t.ok(await paused(), 'a read that got what it wanted wants no more')
  t.equal(connection.tryReadLine(), undefined)
  t.notOk(await paused())
  await connection.skip(1)
  push('x')
  t.ok(await paused(), 'nor does a read of another kind')
  t.equal(connection.tryReadLine(), undefined)
  push('\n')
  t.equal(connection.tryReadLine()?.length, 36)
  push('x'.repeat(11))
  t.ok(await paused(), 'nor one on the fast path')
})
