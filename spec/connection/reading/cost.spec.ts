// Rules 6, 7 and 10, as counts and not as times: the cost of a message does not depend on the number of its pieces; a read
// that the buffer satisfies costs no timer, no listener and no turn; returned bytes do not change.

import { getEventListeners } from 'node:events'
import t from 'tap'
import type { Connection, ReadOptions } from '../../../lib/index.js'
import { counting, KiB, MiB } from '../../bytes/support.js'
import { memory } from '../../support/fixture.js'
import { turns, within } from '../../support/wait.js'
import { connectionKinds } from './kinds.js'
import { shown, unread, wired } from './support.js'

const none = { maxBytes: Number.POSITIVE_INFINITY }

/** What a message of `size` bytes in pieces costs, from its first byte to its last. */
function costOf(
  size: number,
  piece: number,
  read: (connection: Connection) => Promise<unknown>,
): ReturnType<typeof counting> & { done: Promise<unknown> } {
  const { connection, carrier } = wired()
  const bytes = Buffer.alloc(piece, 'x')
  const done = read(connection)
  const cost = counting(() => {
    for (let sent = 0; sent < size; sent += piece) carrier.sink.data(bytes)
    carrier.sink.data(Buffer.from('\r\n'))
  })
  return { ...cost, done }
}

const reads: Record<string, (size: number) => (connection: Connection) => Promise<unknown>> = {
  readUntil: () => (connection) => connection.readUntil('\n', none),
  'readUntil two bytes': () => (connection) => connection.readUntil('\r\n', none),
  'readUntil of several': () => (connection) => connection.readUntil(['\r\n', '\n', '\0'], none),
  readLine: () => (connection) => connection.readLine(none),
  lines: () => (connection) => connection.lines(none).next(),
  lineBatches: () => (connection) => connection.lineBatches(none).next(),
  batches: () => (connection) => connection.batches('\r\n', none).next(),
  'batches of several': () => (connection) => connection.batches(['\r\n', '\0'], none).next(),
  readExactly: (size) => (connection) => connection.readExactly(size + 2, none),
  skipUntil: () => (connection) => connection.skipUntil('\r\n'),
  'lines that skip': () => (connection) => connection.lines({ maxBytes: 100, overflow: 'skip' }).next(),
  'a read in a message': () => (connection) => connection.readMessage((reader) => reader.readUntil('\r\n', none)),
}

t.test('a message of 64 MiB in pieces of 1 KiB is searched and copied once', async (t) => {
  const size = 64 * MiB
  const { scanned, copied, calls, done } = costOf(size, KiB, (connection) => connection.readUntil('\n', none))
  t.ok(scanned < size * 1.1, `${scanned} bytes were looked at`)
  t.ok(copied < size * 2.1, `${copied} bytes were copied: once while they came, once in the end`)
  t.ok(calls < (size / KiB) * 8, `${calls} calls`)
  t.equal(((await done) as Buffer).length, size + 2)
})

for (const [name, read] of Object.entries(reads)) {
  t.test(`${name}: the cost of a message that arrives in pieces is linear`, async (t) => {
    for (const [piece, small] of [
      [1, 16 * KiB],
      [KiB, MiB],
    ] as const) {
      const one = costOf(small, piece, read(small))
      const four = costOf(4 * small, piece, read(4 * small))
      for (const what of ['scanned', 'copied', 'calls'] as const) {
        const most = one[what] * 4.5 + 20_000
        t.ok(four[what] <= most, `${what}, in pieces of ${piece}: ${one[what]}, then ${four[what]}`)
      }
    }
  })
}

t.test('the cost of a message of many reads is linear', async (t) => {
  const costs: number[] = []
  for (const count of [1000, 4000]) {
    const { connection, carrier } = wired()
    const bytes = Buffer.alloc(256, 'x')
    const message = connection.readMessage(async (reader) => {
      for (let n = 0; n < count; n++) await reader.readExactly(256)
    }, none)
    let cost = 0
    for (let n = 0; n < count; n++) {
      cost += counting(() => carrier.sink.data(bytes)).calls
      if (n % 100 === 0) await turns(1)
    }
    await within(message)
    costs.push(cost)
  }
  const [one, four] = costs as [number, number]
  t.ok(four <= one * 4.5 + 100, `${one} calls, then ${four}`)
})

t.test('a read that the buffer satisfies costs no timer, no listener and no turn', async (t) => {
  for (const { name, start, some, rest, value, toEnd } of connectionKinds) {
    const { connection, clock, push, end } = wired({ readTimeout: 1000, idleTimeout: 1000 })
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener } = signal
    signal.addEventListener = (...list: Parameters<typeof addEventListener>) => {
      listeners++
      addEventListener.apply(signal, list)
    }
    const optionsOf = (n: number): ReadOptions => (n % 3 === 0 ? {} : n % 3 === 1 ? { signal } : { signal, timeout: 500 })
    let turned = false
    push((some + rest).repeat(30))
    if (toEnd) end()
    await turns(1)
    const immediate = setImmediate(() => {
      turned = true
    })
    // These take all that is there; the others have one more message for each time.
    const takesAll = ['read', 'readToEnd', 'lineBatches', 'batches', 'batches of several', 'chunks'].includes(name)
    for (let n = 0; n < 15; n++) {
      const got = shown(await start(connection, optionsOf(n)))
      if (takesAll && !toEnd) push('abc\n')
      else if (n === 0 && !toEnd) t.equal(got, value, name)
    }
    t.notOk(turned, `${name}: no turn`)
    clearImmediate(immediate)
    t.equal(clock.made, 0, `${name}: no timer`)
    t.equal(listeners, 0, `${name}: no listener`)
    t.equal(connection.waiting, undefined)
  }
})

t.test('a settled read leaves no listener, and no timer that keeps the process alive', async (t) => {
  const outcomes = ['satisfied', 'cancelled', 'timed out', 'limited', 'ended', 'lost', 'closed', 'aborted'] as const
  for (const { name, start, some, rest } of connectionKinds) {
    for (const outcome of outcomes) {
      const { connection, clock, push, end, lose } = wired({ readTimeout: 1000, idleTimeout: 1000 })
      const controller = new AbortController()
      const read = start(connection, { signal: controller.signal, timeout: 50, ...(outcome === 'limited' && { maxBytes: 4 }) }).catch(
        () => {},
      )
      if (some !== '') push(some)
      if (clock.alive !== 1) t.fail(`${name}: ${clock.alive} timers`)
      if (getEventListeners(controller.signal, 'abort').length !== 1) t.fail(`${name}: no listener`)
      if (outcome === 'satisfied') push(rest)
      else if (outcome === 'cancelled') controller.abort()
      else if (outcome === 'timed out') await clock.pass(50)
      else if (outcome === 'limited') push('xxxx')
      else if (outcome === 'ended') end()
      else if (outcome === 'lost') lose()
      else if (outcome === 'closed') void connection.close()
      else connection.abort()
      // What has not ended yet: a read to the end, and what reads on within a limit.
      if (connection.waiting !== undefined && outcome !== 'closed') end()
      await within(read, `${name}, ${outcome}`)
      if (getEventListeners(controller.signal, 'abort').length !== 0) t.fail(`${name}, ${outcome}: a listener is left`)
      // A close has a limit of its own, and is none of the read's.
      if (clock.alive !== (outcome === 'closed' ? 1 : 0)) t.fail(`${name}, ${outcome}: ${clock.alive} timers are left`)
    }
    t.pass(name)
  }
})

t.test('a thousand reads leave no listener on their signal, with real timers too', async (t) => {
  const { a, b } = memory(t, { server: { readTimeout: 60_000, idleTimeout: 60_000 } })
  const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
  const before = timers()
  const { signal } = new AbortController()
  for (let n = 0; n < 1000; n++) {
    const read = b.readLine({ signal })
    void a.write('x\n')
    await read
  }
  t.equal(getEventListeners(signal, 'abort').length, 0)
  t.equal(timers(), before)
})

t.test('returned bytes do not change when others are read or arrive', async (t) => {
  const { connection, push } = wired()
  push('ab')
  const got: Buffer[] = []
  const first = connection.readExactly(4)
  for (const piece of ['c', 'd', 'e', 'f', 'gh\nij', '\nkl']) push(piece)
  got.push(await first, await connection.peek(3), await connection.readUntil('\n'), await connection.readUntil('\n'))
  for (let n = 0; n < 100; n++) push('zzz')
  await connection.readExactly(200)
  t.same(got.map(String), ['abcd', 'efg', 'efgh\n', 'ij\n'])
  for (const bytes of got) t.ok(Buffer.isBuffer(bytes))
  t.equal(unread(connection).slice(0, 2), 'zz')
})
