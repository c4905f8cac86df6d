// The conformance check over every carrier: a good connection keeps all rules. check.spec.ts has its errors for bad ones. This
// spec uses the public entry points only, so that it also runs on dist/ (scripts/test-bundle.js).

import t from 'tap'
import { Connection } from '../../lib/index.js'
import { checkConnection, memoryServer, type PairOptions, pair } from '../../lib/testing/index.js'
import { carrierNames, ends } from '../support/fixture.js'

const memory: Record<string, PairOptions> = {
  'a pair in memory': {},
  'a pair that cuts everything into small pieces': { maxChunk: 100 },
  'a pair that hands on a few bytes at a time': { maxChunk: 7 },
  'a pair with a latency': { latency: 1 },
  'a pair with next to nothing under way': { highWaterMark: 1000 },
}

for (const [name, options] of Object.entries(memory)) {
  t.test(`a good connection is accepted: ${name}`, async () => {
    await checkConnection(() => pair(options))
  })
}

for (const carrier of carrierNames) {
  t.test(`a good connection is accepted: one over ${carrier}`, async (t) => {
    await checkConnection(async () => {
      const { a, b } = await ends(t, carrier)
      return [a, b]
    })
  })
}

t.test('a good connection is accepted: one of a server in memory', async () => {
  const { server, connect } = memoryServer()
  await checkConnection(async () => [await connect(), (await server.accept()) as Connection])
  await server.close({ grace: 0 })
})

t.test('a good connection is accepted: one whose methods are all wrapped', async () => {
  await checkConnection(() => pair().map(wrapped) as [Connection, Connection])
})

/** A connection each of whose methods is a function of its own that calls the one it had. */
function wrapped(side: Connection): Connection {
  for (let home = Connection.prototype; home !== Object.prototype; home = Object.getPrototypeOf(home)) {
    for (const name of Reflect.ownKeys(home)) {
      const { value } = Object.getOwnPropertyDescriptor(home, name) as PropertyDescriptor
      if (name === 'constructor' || typeof value !== 'function' || Object.hasOwn(side, name)) continue
      Object.defineProperty(side, name, { value: (...args: unknown[]) => value.apply(side, args) })
    }
  }
  return side
}
