// `admit`: the program decides on each connection, and only `true` admits it. Whatever `admit` returns, throws or leaves
// pending, the server goes on and other connections do not wait.

import t from 'tap'
import type { Candidate } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { isPending, turns, until, within } from '../support/wait.js'
import { client, countingClock, cut, echo, gate, inMemory, open, overEach, talk } from './support.js'

/** An object with this as its `then`: a promise of another library, or what looks like one. */
const thenable = (then: unknown): object => Object.fromEntries([['then', then]])

const anything = (answer: unknown): (() => boolean) => (() => answer) as () => boolean

overEach(t, 'only true, or a promise of true, admits a connection', async (t, open, way) => {
  for (const answer of [true, Promise.resolve(true), thenable((resolve: (answer: boolean) => void) => resolve(true))]) {
    const { server, connect } = await open({ admit: anything(answer) })
    void server.serve(echo)
    await talk(await connect())
  }
  const throwing = Object.defineProperty({}, 'then', {
    get() {
      throw new Error('a getter')
    },
  })
  const refusals = [
    false,
    1,
    'true',
    {},
    [],
    null,
    undefined,
    Object(true),
    thenable(true),
    Promise.resolve(1),
    Promise.resolve(undefined),
    throwing,
  ]
  for (const answer of refusals) {
    const { server, books, connect } = await open({ admit: anything(answer) })
    await cut(t, way, connect())
    await until(() => books.drops.length === 1)
    t.strictSame(books.reasons, ['admit'])
    t.match(server.stats(), { accepted: 1, dropped: 1, pending: 0 })
    t.equal(books.acceptErrors.length, answer === throwing ? 1 : 0)
  }
})

overEach(t, 'an admit that throws or rejects drops the connection, and acceptError has the value thrown', async (t, open, way) => {
  const wrong = new Error('no idea')
  const throws = (value: unknown) => (): never => {
    throw value
  }
  const rejects = (_: unknown, reject: (error: unknown) => void): void => reject(wrong)
  const admits = [
    throws(wrong),
    async () => throws(wrong)(),
    anything(thenable(rejects)),
    anything(thenable(throws(wrong))),
    throws(undefined),
    () => Promise.reject(null),
  ]
  const values = [wrong, wrong, wrong, wrong, undefined, null]
  for (const [index, admit] of admits.entries()) {
    const { server, books, connect } = await open({ admit })
    await cut(t, way, connect())
    await until(() => books.acceptErrors.length === 1)
    t.strictSame([books.reasons, books.acceptErrors], [['admit'], [values[index]]])
    t.strictSame(books.told, ['drop', 'acceptError'])
    t.match(server.stats(), { accepted: 1, dropped: 1 })
  }
})

t.test('admit is called with the addresses of the connection', async (t) => {
  const asked: Candidate[] = []
  const admit = (candidate: Candidate): boolean => {
    asked.push(candidate)
    return true
  }
  const { server } = await open(t, 'tcp', { admit })
  await client(t, server, {}, { localAddress: '127.0.0.9' })
  const connection = await within(server.accept())
  t.strictSame(Object.keys(asked[0]!).sort(), ['local', 'proxy', 'remote'])
  t.equal(asked[0]?.remote, connection?.remote)
  t.equal(asked[0]?.local, connection?.local)
  t.match(asked, [
    { remote: { address: '127.0.0.9', family: 'IPv4' }, local: { address: '127.0.0.1', port: server.port }, proxy: undefined },
  ])
})

overEach(t, 'a connection is pending while admit decides, also within the call, and counts in the total', async (t, open) => {
  const answers: ((answer: boolean) => void)[] = []
  const seen: number[] = []
  const { server, books, connect } = await open({
    maxConnections: 1,
    maxPending: 1,
    admit: () => {
      books.check('in admit')
      seen.push(server.stats().pending)
      return new Promise((resolve) => answers.push(resolve))
    },
  })
  const clients = [await connect(), await connect()] as const
  await until(() => answers.length === 2)
  t.strictSame(seen, [1, 2])
  t.match(server.stats(), { pending: 2, accepted: 2 })
  await connect()
  await until(() => answers.length === 3)
  t.strictSame(books.reasons, ['maxPending'], 'the one that has waited longest for admit is dropped')
  const accepting = server.accept()
  t.equal(await isPending(accepting), true)
  answers[1]!(true)
  const connection = await within(accepting)
  await clients[1].write('second\n')
  t.equal(await connection?.readLine(), 'second', 'a pending answer delays no other connection')
  answers[0]!(true)
  answers[2]!(true)
  await until(() => server.stats().pending === 1)
  await turns()
  t.match(server.stats(), { active: 1, pending: 1, dropped: 1, accepted: 3 })
})

t.test('a connection is dropped when admit takes longer than handshakeTimeout, to the millisecond', async (t) => {
  const clock = manualClock()
  const { opened, open } = gate<boolean>()
  const { server, books, connect } = inMemory(t, { clock, handshakeTimeout: 1000, admit: () => opened })
  const late = await connect()
  await clock.advance(999)
  t.equal(server.stats().pending, 1)
  await clock.advance(1)
  t.strictSame(books.reasons, ['admit'])
  await cut(t, 'memory', late)
  open(true)
  await turns()
  t.match(server.stats(), { accepted: 1, dropped: 1, pending: 0, active: 0 }, 'the late answer changes nothing')
  const next = await connect()
  t.ok(await within(server.accept()), 'admit is called again for the next one')
  next.abort()
})

t.test('an answer in time leaves no timer, and with handshakeTimeout: Infinity there is no limit', async (t) => {
  const counting = countingClock()
  const { server, books, connect } = inMemory(t, { clock: counting, handshakeTimeout: 1000, admit: async () => true })
  await connect()
  t.equal(counting.running, 1)
  t.ok(await within(server.accept()))
  t.equal(counting.running, 0)
  const clock = manualClock()
  const { opened, open } = gate<boolean>()
  const patient = inMemory(t, { clock, handshakeTimeout: Number.POSITIVE_INFINITY, admit: () => opened })
  await patient.connect()
  await clock.advance(2 ** 40)
  t.equal(patient.server.stats().pending, 1)
  open(true)
  t.ok(await within(patient.server.accept()))
  t.strictSame(books.mistakes, [])
})

overEach(
  t,
  'a connection that waits for admit at a close is dropped as draining, and a later answer changes nothing',
  async (t, open, way) => {
    const answers: { resolve(answer: boolean): void; reject(error: unknown): void }[] = []
    const admit = (): Promise<boolean> => new Promise((resolve, reject) => answers.push({ resolve, reject }))
    const { server, books, connect } = await open({ admit })
    const clients = [await connect(), await connect(), await connect()]
    await until(() => answers.length === 3)
    const closing = server.close()
    t.strictSame(books.reasons, ['draining', 'draining', 'draining'])
    t.equal(server.stats().pending, 0)
    for (const one of clients) await cut(t, way, one)
    t.strictSame(await within(closing), { drained: 0, aborted: 0 })
    answers[0]!.resolve(true)
    answers[1]!.resolve(false)
    answers[2]!.reject(new Error('too late'))
    await turns()
    t.match(server.stats(), { accepted: 3, dropped: 3, pending: 0, active: 0 })
  },
)

overEach(t, 'admit may close the server', async (t, open, way) => {
  const { server, books, connect } = await open({
    admit: () => {
      void server.close()
      return true
    },
  })
  await cut(t, way, connect())
  await within(server.closed)
  t.strictSame(books.reasons, ['draining'])
  t.strictSame(books.told, ['drop', 'draining', 'close'])
  t.match(server.stats(), { accepted: 1, dropped: 1, pending: 0 })
})

overEach(t, 'an admit that throws does not stop the server, and acceptError is emitted at most once a second', async (t, open, way) => {
  let wrong = true
  const { server, books, connect } = await open({
    admit: () => {
      if (wrong) throw new Error('wrong')
      return true
    },
  })
  void server.serve(echo)
  for (let n = 0; n < 5; n++) await cut(t, way, connect())
  await until(() => books.drops.length === 5)
  t.equal(books.acceptErrors.length, 1)
  wrong = false
  await talk(await connect())
})
