// A failure while a connection is admitted ends that connection only. Connections behind it are still handed over, and loops that
// wait for a connection go on.

import net from 'node:net'
import t, { type Test } from 'tap'
import type { Connection } from '../../lib/index.js'
import { resolveListenOptions } from '../../lib/options/listen.js'
import { ServerCore } from '../../lib/server/core.js'
import type { EndpointHandshake } from '../../lib/server/endpoint-handshakes.js'
import { Server } from '../../lib/server/server.js'
import type { Carrier } from '../../lib/transport/carrier.js'
import { systemClock } from '../../lib/transport/clock.js'
import { memoryPair } from '../../lib/transport/memory/carrier.js'
import { Books } from '../server/support.js'
import { turns, until, within } from '../support/wait.js'

const none = Number.POSITIVE_INFINITY
const faults = { resetAfter: none, stallAfter: none, endAfter: none }

function carrier(): Carrier {
  return memoryPair({ maxChunk: none, latency: 0, highWaterMark: none, faults, clock: systemClock })[0]
}

/** A carrier of which no connection can be made: `attach` throws. */
function broken(): Carrier {
  const made = carrier()
  made.attach = () => {
    throw new Error('broken')
  }
  return made
}

function opened(t: Test, options: object = {}): { core: ServerCore; server: Server; books: Books } {
  const core = new ServerCore(resolveListenOptions(options), systemClock)
  const server = new Server(core)
  t.teardown(() => server.close({ grace: 0 }))
  return { core, server, books: new Books(server) }
}

function balanced(t: Test, books: Books): void {
  books.check('at the end')
  t.strictSame(books.mistakes, [])
  t.match(books.acceptErrors, [{ message: 'broken' }])
}

t.test('a carrier of which no connection can be made is dropped, and the waiting loop gets the next one', async (t) => {
  const { core, server, books } = opened(t)
  const accepting = server.accept()
  core.accepted(broken())
  core.accepted(carrier())
  t.ok(await within(accepting))
  t.strictSame(books.reasons, ['reset'])
  t.match(server.stats(), { accepted: 2, active: 1, pending: 0, dropped: 1 })
  balanced(t, books)
})

t.test('connections behind one that fails are handed over in order', async (t) => {
  const { core, server, books } = opened(t, { maxConnections: 2 })
  core.accepted(broken())
  for (let n = 0; n < 3; n++) core.accepted(carrier())
  const first = (await within(server.accept())) as Connection
  t.ok(await within(server.accept()))
  const third = server.accept()
  first.abort()
  t.ok(await within(third))
  t.match(server.stats(), { accepted: 4, active: 2, pending: 0, dropped: 1 })
  balanced(t, books)
})

t.test('a server that is closed by a drop listener ends the waiting loop', async (t) => {
  const { core, server, books } = opened(t)
  server.once('drop', () => void server.close({ grace: 0 }))
  const accepting = server.accept()
  core.accepted(broken())
  t.equal(await within(accepting), null)
  balanced(t, books)
})

t.test('an exception in a handshake step drops the connection that is in it', async (t) => {
  const { core, server, books } = opened(t)
  const throws = (): never => {
    throw new Error('broken')
  }
  const steps: EndpointHandshake[] = [
    { secure: throws },
    { header: { comesFrom: throws, read: throws } },
    // The step behind a header runs in another turn.
    { header: { comesFrom: () => true, read: () => ({ done: Promise.resolve({} as never), cut() {} }) }, secure: throws },
  ]
  for (const [n, entry] of steps.entries()) {
    core.accepted(carrier(), entry)
    await until(() => server.stats().dropped === n + 1)
    t.equal(server.stats().pending, 0)
  }
  t.strictSame(books.reasons, ['reset', 'reset', 'reset'])
  core.accepted(carrier())
  t.ok(await within(server.accept()))
  balanced(t, books)
})

t.test('an exception behind an answer of admit drops that connection, and the next one is served', async (t) => {
  const answer = Promise.resolve(true)
  const { core, server, books } = opened(t, { admit: () => answer })
  core.accepted(carrier(), {
    secure() {
      throw new Error('broken')
    },
  })
  await until(() => server.stats().dropped === 1)
  core.accepted(carrier())
  t.ok(await within(server.accept()))
  await turns()
  t.match(server.stats(), { accepted: 2, dropped: 1, active: 1 })
  balanced(t, books)
})

t.test('a connection for which the block list throws is dropped, and the server goes on', async (t) => {
  const blockList = new net.BlockList()
  const { core, server, books } = opened(t, { blockList })
  const from = (address: string): Carrier => Object.assign(carrier(), { remote: { address, port: 1, family: 'IPv4' } })
  blockList.check = () => {
    throw new Error('broken')
  }
  core.accepted(from('192.0.2.1'))
  await until(() => server.stats().dropped === 1)
  blockList.check = () => false
  core.accepted(from('192.0.2.1'))
  t.ok(await within(server.accept()))
  balanced(t, books)
})
