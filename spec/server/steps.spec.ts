// The steps of admission, with a stand-in for the TLS handshake that a test settles: their order, their common deadline, and
// that they result in exactly one of a connection, a `drop` and a `handshakeError`.

import t, { type Test } from 'tap'
import { ConnectionCore } from '../../lib/connection/lifecycle.js'
import { Connection, HandshakeError, type ListenOptions } from '../../lib/index.js'
import { defaultConnectionOptions } from '../../lib/options/connection.js'
import { resolveListenOptions } from '../../lib/options/listen.js'
import { headerStep } from '../../lib/proxy-protocol/reader.js'
import { ServerCore } from '../../lib/server/core.js'
import type { EndpointHandshake } from '../../lib/server/endpoint-handshakes.js'
import { Server } from '../../lib/server/server.js'
import { type ManualClock, manualClock } from '../../lib/testing/index.js'
import type { Carrier, Handshake } from '../../lib/transport/carrier.js'
import { systemClock } from '../../lib/transport/clock.js'
import { memoryPair } from '../../lib/transport/memory/carrier.js'
import { line4 } from '../proxy-protocol/support.js'
import { turns, within } from '../support/wait.js'
import { Books, ending, gate } from './support.js'

/** A handshake that a test settles. It resolves with the carrier that it was given. */
class Shaking implements Handshake {
  readonly done: Promise<Carrier>
  readonly carrier: Carrier
  cuts = 0
  #resolve!: (carrier: Carrier) => void
  #reject!: (cause: unknown) => void

  constructor(carrier: Carrier) {
    this.carrier = carrier
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  secured(): void {
    this.#resolve(this.carrier)
  }

  failed(cause: unknown): void {
    this.carrier.reset()
    this.#reject(cause)
  }

  cut(): void {
    this.cuts++
    this.carrier.reset()
  }
}

interface Gate {
  server: Server
  books: Books
  clock: ManualClock
  /** Those that were begun. */
  shaking: Shaking[]
  connect(): Connection
}

/** A server whose clients send a header and make a handshake. */
function guarded(t: Test, options: ListenOptions = {}, { proxy = true } = {}): Gate {
  const clock = manualClock()
  const core = new ServerCore(resolveListenOptions({ handshakeTimeout: 1000, ...options }), clock)
  const server = new Server(core)
  t.teardown(() => server.close({ grace: 0 }))
  const shaking: Shaking[] = []
  const entry: EndpointHandshake = {
    header: proxy ? headerStep({ trust: undefined }) : undefined,
    secure: (carrier) => shaking[shaking.push(new Shaking(carrier)) - 1]!,
  }
  const none = Number.POSITIVE_INFINITY
  const faults = { resetAfter: none, stallAfter: none, endAfter: none }
  const connect = (): Connection => {
    const [here, there] = memoryPair({ maxChunk: none, latency: 0, highWaterMark: none, faults, clock: systemClock })
    core.accepted(there, entry)
    const client = new Connection(new ConnectionCore(here, defaultConnectionOptions, systemClock))
    t.teardown(() => client.abort())
    return client
  }
  return { server, books: new Books(server), clock, shaking, connect }
}

/** Checks that no place is taken, and that the counters add up. */
function empty(t: Test, { server, books }: Gate): void {
  books.check('at the end')
  t.strictSame(books.mistakes, [])
  t.match(server.stats(), { active: 0, pending: 0 })
}

t.test('header, admit, handshake and loop follow each other, each after the end of the one before', async (t) => {
  const { opened, open } = gate<boolean>()
  let asked = 0
  const here = guarded(t, {
    admit: () => {
      asked++
      return opened
    },
  })
  const { server, books, shaking } = here
  const client = here.connect()
  const accepting = server.accept()
  await turns()
  t.strictSame([asked, shaking.length, server.stats().pending], [0, 0, 1])
  await client.write(`${line4}hello\n`)
  await turns()
  t.strictSame([asked, shaking.length, server.stats().pending], [1, 0, 1])
  open(true)
  await turns()
  t.strictSame([asked, shaking.length, server.stats().pending], [1, 1, 1])
  t.equal(books.told.length, 0)
  shaking[0]!.secured()
  const connection = await within(accepting)
  t.equal(String(connection?.remote), '192.0.2.33:40000')
  t.equal(await connection?.readLine(), 'hello', 'the bytes after the header pass through the handshake')
  t.strictSame([shaking[0]!.cuts, server.stats().pending], [0, 0])
})

t.test('without a header the handshake begins at once, and a failure has its cause', async (t) => {
  const here = guarded(t, {}, { proxy: false })
  const { server, books, shaking } = here
  const client = here.connect()
  t.equal(shaking.length, 1)
  t.equal(server.stats().pending, 1)
  const cause = new Error('no shared cipher')
  shaking[0]!.failed(cause)
  t.equal(await within(ending(client)), 'broken')
  t.equal(books.handshakeErrors.length, 1)
  const [{ error, remote }] = books.handshakeErrors as [(typeof books.handshakeErrors)[0]]
  t.ok(error instanceof HandshakeError)
  t.equal(error.cause, cause)
  t.equal(remote.family, 'unix')
  t.equal(shaking[0]!.cuts, 0, 'it has closed the connection itself: an alert may still be in transit')
  t.match(server.stats(), { handshakeErrors: 1, dropped: 0 })
  empty(t, here)
})

t.test('a handshake that fails after a header is reported with its cause and the real client', async (t) => {
  const here = guarded(t)
  const { books, shaking } = here
  const given = new HandshakeError({ message: 'as it is' })
  for (const cause of [new Error('alert'), undefined]) {
    const client = here.connect()
    await client.write(line4)
    await turns()
    shaking.at(-1)!.failed(cause)
    await turns()
    t.match(books.handshakeErrors.at(-1), { error: { cause, remote: { address: '192.0.2.33' } }, remote: { address: '192.0.2.33' } })
  }
  await here.connect().write(line4)
  await turns()
  here.books.mistakes.length = 0
  shaking.at(-1)!.failed(given)
  await turns()
  t.equal(books.handshakeErrors.at(-1)?.error, given)
  t.match(here.server.stats(), { handshakeErrors: 3, pending: 0 })
})

t.test('header, admit and handshake share one deadline', async (t) => {
  const { opened, open } = gate<boolean>()
  const here = guarded(t, { admit: () => opened })
  const { server, books, clock, shaking } = here
  const client = here.connect()
  await clock.advance(400)
  await client.write(line4)
  await clock.advance(400)
  open(true)
  await clock.advance(199)
  t.equal(server.stats().pending, 1)
  t.equal(shaking.length, 1)
  await clock.advance(1)
  t.match(books.handshakeErrors, [
    { error: { cause: { operation: 'handshake', timeout: 1000, kind: 'handshake' }, remote: { address: '192.0.2.33' } } },
  ])
  t.equal(shaking[0]!.cuts, 1)
  t.equal(await within(ending(client)), 'broken')
  empty(t, here)
  shaking[0]!.failed(new Error('too late'))
  await turns()
  t.equal(books.handshakeErrors.length, 1, 'it is reported once')
})

t.test('a handshake that completes in the turn in which it is cut is reset', async (t) => {
  const here = guarded(t, {}, { proxy: false })
  const { server, books, shaking } = here
  const client = here.connect()
  shaking[0]!.secured()
  void server.close()
  await within(server.closed)
  t.strictSame(books.reasons, ['draining'])
  t.equal(shaking[0]!.cuts, 2, 'once when it was dropped, once when it had completed')
  t.equal(await within(ending(client)), 'broken')
  empty(t, here)
})

t.test('a close drops connections in their handshake, and its later outcome changes nothing', async (t) => {
  const here = guarded(t, {}, { proxy: false })
  const { server, books, shaking } = here
  const clients = [here.connect(), here.connect()]
  void server.close()
  t.strictSame(books.reasons, ['draining', 'draining'])
  await within(server.closed)
  for (const client of clients) t.equal(await within(ending(client)), 'broken')
  shaking[0]!.failed(new Error('cut'))
  shaking[1]!.secured()
  await turns()
  t.equal(books.handshakeErrors.length, 0)
  t.equal(books.count('connection'), 0)
  empty(t, here)
})

t.test('a connection that finds the queue full after its handshake is dropped', async (t) => {
  const here = guarded(t, { maxConnections: 2, maxPending: 1 }, { proxy: false })
  const { server, books, shaking } = here
  const clients = [here.connect(), here.connect()] as const
  shaking[1]!.secured()
  await turns()
  shaking[0]!.secured()
  await turns()
  t.strictSame(books.reasons, ['maxPending'])
  t.equal(await within(ending(clients[0])), 'broken')
  t.match(server.stats(), { pending: 1, dropped: 1 })
  await clients[1].write('second\n')
  t.equal(await (await within(server.accept()))?.readLine(), 'second')
  books.check('at the end')
  t.strictSame(books.mistakes, [])
})

t.test('no handshake begins for a connection that is dropped because admit closes the server', async (t) => {
  const here = guarded(
    t,
    {
      admit: () => {
        void here.server.close()
        return true
      },
    },
    { proxy: false },
  )
  const client = here.connect()
  t.strictSame(here.books.reasons, ['draining'])
  t.equal(here.shaking.length, 0)
  t.equal(await within(ending(client)), 'broken')
  await within(here.server.closed)
  empty(t, here)
})

t.test('a slow handshake delays no other connection', async (t) => {
  const here = guarded(t, {}, { proxy: false })
  for (let n = 0; n < 5; n++) here.connect()
  here.shaking[3]!.secured()
  t.ok(await within(here.server.accept()))
  t.match(here.server.stats(), { active: 1, pending: 4 })
})
