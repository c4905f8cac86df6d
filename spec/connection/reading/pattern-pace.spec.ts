// How often a pattern is tried: as counts, and not as times. Each try looks at all that has arrived.

import t, { type Test } from 'tap'
import { PatternPace } from '../../../lib/connection/reading/pattern-pace.js'
import { TimeoutError } from '../../../lib/index.js'
import { turn, turns, within } from '../../support/wait.js'
import { wired } from './support.js'

/** Counts how often a pattern with this source is tried. */
function tries(t: Test, source: string): () => number {
  const { exec } = RegExp.prototype
  let count = 0
  RegExp.prototype.exec = function (text) {
    if (this.source === source) count++
    return exec.call(this, text)
  }
  t.teardown(() => {
    RegExp.prototype.exec = exec
  })
  return () => count
}

t.test('chunks that arrive in one turn cost two tries, however many they are', async (t) => {
  const count = tries(t, ';never')
  for (const inMessage of [false, true]) {
    const { connection, push } = wired()
    const read = inMessage ? connection.readMessage((reader) => reader.readUntilMatch(/;never/)) : connection.readUntilMatch(/;never/)
    const before = count()
    for (let n = 0; n < 1000; n++) push('x')
    await turns()
    t.equal(count() - before, 2)
    push(';ne')
    push('ver')
    t.equal(String(await within(read)).length, 1006, 'the last one finds it')
  }
})

t.test('a read that starts with bytes that do not match pauses as well', async (t) => {
  const count = tries(t, ';begun')
  const { connection, push } = wired()
  push('xxx')
  const read = connection.readUntilMatch(/;begun/)
  for (let n = 0; n < 100; n++) push('x')
  t.equal(count(), 1)
  push(';begun')
  await within(read)
  t.equal(count(), 2)
})

t.test('bytes that arrived are tried before a read fails, and at once if they reach the limit', async (t) => {
  const { connection, push, end, lose } = wired({ readTimeout: 50 })
  const reading = (maxBytes?: number): Promise<string> => {
    const read = connection.readUntilMatch(/;/, { maxBytes, encoding: 'latin1' })
    push('x')
    return read
  }
  const cancel = new AbortController()
  const aborted = connection.readUntilMatch(/;/, { signal: cancel.signal, encoding: 'latin1' })
  push('x')
  push('y;')
  cancel.abort()
  t.equal(await aborted, 'xy;', 'before an abort')
  const limited = reading(5)
  push('xyz')
  push('xy')
  await t.rejects(within(limited), { code: 'ERR_LINNET_LIMIT' }, 'as soon as it can no longer succeed')
  t.equal(connection.buffered, 6)
  await connection.skip(6)
  const ended = reading()
  push('y;')
  end()
  t.equal(await ended, 'xy;', 'before an end')
  const lost = wired()
  const losing = lost.connection.readUntilMatch(/;/, { encoding: 'latin1' })
  lost.push('x')
  lost.push('y;')
  lost.lose()
  t.equal(await losing, 'xy;', 'before a loss')
  lose()
})

t.test('an own close and the end of a message come before bytes that are not tried yet', async (t) => {
  for (const end of ['close', 'message'] as const) {
    const { connection, push } = wired()
    const message = connection.readMessage(
      async (reader) => {
        const read = reader.readUntilMatch(/;/)
        read.catch(() => {})
        push('x')
        push('y;')
        if (end === 'message') throw new Error('given up')
        return read
      },
      { idle: false },
    )
    if (end === 'close') void connection.close()
    await t.rejects(within(message), end === 'close' ? { code: 'ERR_LINNET_CLOSED' } : { message: 'given up' })
    if (end === 'message') t.equal(connection.buffered, 3, 'nothing is taken')
  }
})

t.test('a byte that is not tried yet starts the time limit of a message', async (t) => {
  const { connection, push, clock } = wired({ readTimeout: 50 })
  push('x')
  const read = connection.readUntilMatch(/;/, { idle: true })
  push('y')
  await clock.pass(50)
  await t.rejects(within(read), TimeoutError)
  t.equal(connection.buffered, 2)
})

t.test('the first byte of a message ends the idle wait, also if its pattern is not tried yet', async (t) => {
  const { connection, push, clock } = wired({ idleTimeout: 100, readTimeout: 1000 })
  const first = connection.readUntilMatch(/;/)
  push('x')
  push(';')
  t.equal(String(await within(first)), 'x;')
  const next = connection.readUntilMatch(/;/, { idle: true })
  for (const byte of 'abc') push(byte)
  await clock.pass(101)
  push(';')
  t.equal(String(await within(next)), 'abc;', 'it has the time of a message')
})

t.test('after a long try the next one comes nineteen times as long after it, and only if bytes arrived', async (t) => {
  let retried = 0
  const pace = new PatternPace(() => retried++)
  pace.pause(0.1)
  t.ok(pace.pausing)
  pace.requestRetry()
  await turn()
  t.strictSame([retried, pace.pausing], [1, false])
  pace.pause(0.1)
  await turn()
  t.strictSame([retried, pace.pausing], [1, false])
  pace.pause(20)
  pace.requestRetry()
  await turns()
  t.strictSame([retried, pace.pausing], [1, true], 'the turn is over, and it still rests')
  t.ok(pace.takeRetry())
  t.notOk(pace.takeRetry())
  pace.requestRetry()
  pace.stop()
  t.strictSame([pace.pausing, pace.takeRetry()], [false, false])
  const began = performance.now()
  await new Promise<void>((resolve) => {
    const slow = new PatternPace(resolve)
    slow.pause(5)
    slow.requestRetry()
  })
  t.ok(performance.now() - began >= 94)
})
