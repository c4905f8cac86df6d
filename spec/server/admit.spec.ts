// `admit`: the program's own answer to who may come in. Only `true` lets in; nothing that it does, throws or leaves
// undone may hurt the server or hold up others.

import t from 'tap'
import type { Candidate } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { isPending, turns, until, within } from '../support/wait.js'
import { client, countingClock, cut, echo, gate, inMemory, open, overEach, talk } from './support.js'

/** An object with this as its `then`: a promise of another library, or what looks like one. */
const thenable = (then: unknown): object => Object.fromEntries([['then', then]])

const anything = (answer: unknown): (() => boolean) => (() => answer) as () => boolean

overEach(t, 'only true lets in, now or later', async (t, open, way) => {
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

overEach(t, 'a throw refuses, and is an acceptError with the very value that was thrown', async (t, open, way) => {
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

t.test('admit is asked with the addresses of the connection', async (t) => {
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

overEach(t, 'who is asked for is pending, in the middle of the call too, and takes a place in the total', async (t, open) => {
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
  t.strictSame(books.reasons, ['maxPending'], 'the one whose answer is out longest gives way')
  const accepting = server.accept()
  t.equal(await isPending(accepting), true)
  answers[1]!(true)
  const connection = await within(accepting)
  await clients[1].write('second\n')
  t.equal(await connection?.readLine(), 'second', 'one that is asked for holds up nobody')
  answers[0]!(true)
  answers[2]!(true)
  await until(() => server.stats().pending === 1)
  await turns()
  t.match(server.stats(), { active: 1, pending: 1, dropped: 1, accepted: 3 })
})

t.test('an answer that takes longer than handshakeTimeout refuses, to the millisecond', async (t) => {
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
  t.ok(await within(server.accept()), 'the next one is asked for anew')
  next.abort()
})

t.test('an answer in time leaves no timer, and handshakeTimeout may be none', async (t) => {
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

overEach(t, 'who is asked for when the server closes is dropped as draining, whatever the answer says later', async (t, open, way) => {
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
})

overEach(t, 'admit may close the server itself', async (t, open, way) => {
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

overEach(t, 'an acceptError of admit does not end accepting, and comes once a second at most', async (t, open, way) => {
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
