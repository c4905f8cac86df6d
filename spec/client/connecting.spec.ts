// One deadline and one signal over all stages of a `connect`: lib/client/connecting.ts, with a dialer that the test controls.

import type { LookupAddress } from 'node:dns'
import { getEventListeners } from 'node:events'
import t, { type Test } from 'tap'
import { type Dialer, open } from '../../lib/client/connecting.js'
import type { DialTarget } from '../../lib/client/dial.js'
import { ConnectError, type Connection, type ConnectOptions, TimeoutError } from '../../lib/index.js'
import { resolveConnectOptions } from '../../lib/options/connect.js'
import { type ManualClock, manualClock } from '../../lib/testing/index.js'
import type { Carrier } from '../../lib/transport/carrier.js'
import { memoryPair } from '../../lib/transport/memory/carrier.js'
import { isPending, rejection, turns } from '../support/wait.js'
import { Held } from './support.js'

interface Case {
  readonly connecting: Promise<Connection>
  readonly clock: ManualClock
  /** What was asked for, in order: `lookup name`, `dial address`. */
  readonly asked: string[]
  readonly found: Held<LookupAddress[]>
  readonly dialled: Held<Carrier>[]
}

function connecting(t: Test, options: ConnectOptions): Case {
  const clock = manualClock()
  const asked: string[] = []
  const found = new Held<LookupAddress[]>()
  const dialled: Held<Carrier>[] = []
  const means: Dialer = {
    clock,
    lookup(host, family) {
      asked.push(`lookup ${host} ${family}`)
      return found.done
    },
    dial(place: DialTarget) {
      asked.push(`dial ${place.kind === 'unix' ? place.path : `${place.address} ${place.port}`}`)
      const attempt = new Held<Carrier>()
      dialled.push(attempt)
      return attempt
    },
  }
  const connecting = open(resolveConnectOptions(options), means)
  connecting.catch(() => {})
  t.teardown(async () => {
    if (!(await isPending(connecting))) await connecting.then((connection) => connection.abort()).catch(() => {})
  })
  return { connecting, clock, asked, found, dialled }
}

const both: LookupAddress[] = [
  { address: '::1', family: 6 },
  { address: '::2', family: 6 },
  { address: '127.0.0.1', family: 4 },
]

function carrier(clock: ManualClock): Carrier {
  const none = Number.POSITIVE_INFINITY
  const faults = { resetAfter: none, stallAfter: none, endAfter: none }
  return memoryPair({ maxChunk: none, latency: 0, highWaterMark: 1024, faults, clock })[0]
}

function refused(text: string): Error {
  return Object.assign(new Error(text), { code: text })
}

t.test('the name is looked up, its addresses are tried in turn, and the first that answers is the connection', async (t) => {
  const { connecting: promise, clock, asked, found, dialled } = connecting(t, { host: 'name', port: 80, family: 0 })
  found.resolve(both)
  await turns()
  await clock.advance(250)
  t.strictSame(asked, ['lookup name 0', 'dial ::1 80', 'dial 127.0.0.1 80'])
  const end = carrier(clock)
  dialled[1]?.resolve(end)
  const connection = await promise
  t.equal(connection.remote, end.remote)
  t.equal(dialled[0]?.cuts, 1)
  t.equal(dialled[1]?.cuts, 0)
})

t.test('a path is dialled without a look-up', async (t) => {
  const { connecting: promise, clock, asked, dialled } = connecting(t, { path: '/run/a' })
  await turns()
  t.strictSame(asked, ['dial /run/a'])
  dialled[0]?.resolve(carrier(clock))
  t.ok(await promise)
})

t.test('a name that does not resolve is a ConnectError with the code of the look-up', async (t) => {
  const { connecting: promise, found, asked } = connecting(t, { host: 'name', port: 80 })
  const cause = refused('ENOTFOUND')
  found.reject(cause)
  const error = (await rejection(promise)) as ConnectError
  t.type(error, ConnectError)
  t.match(error, { code: 'ENOTFOUND', cause, errors: [cause], message: /name, port 80, .*ENOTFOUND/ })
  t.strictSame(asked, ['lookup name 0'])
})

t.test('when all addresses fail, the ConnectError has all errors and the code of the last', async (t) => {
  const { connecting: promise, found, dialled } = connecting(t, { port: 80 })
  const errors = ['ENETUNREACH', 'ECONNREFUSED', 'EHOSTUNREACH'].map(refused)
  found.resolve(both)
  for (const [n, error] of errors.entries()) {
    await turns()
    dialled[n]?.reject(error)
  }
  const error = (await rejection(promise)) as ConnectError
  t.type(error, ConnectError)
  t.strictSame(error.errors, errors)
  t.equal(error.cause, errors[2])
  t.equal(error.code, 'EHOSTUNREACH')
})

t.test('a ConnectError whose cause has no code has the code ERR_LINNET_CONNECT', async (t) => {
  const { connecting: promise, dialled } = connecting(t, { path: '/run/a' })
  await turns()
  dialled[0]?.reject(new Error('something else'))
  t.match(await rejection(promise), { name: 'ConnectError', code: 'ERR_LINNET_CONNECT', message: /\/run\/a.*no code/ })
})

for (const stage of ['looked up', 'dialled'] as const) {
  t.test(`a connect that times out while its host is ${stage} rejects with a TimeoutError, and cuts all attempts`, async (t) => {
    const { connecting: promise, clock, asked, found, dialled } = connecting(t, { port: 80, timeout: 300 })
    if (stage === 'dialled') found.resolve(both)
    await turns()
    await clock.advance(299)
    t.ok(await isPending(promise))
    await clock.advance(1)
    const error = (await rejection(promise)) as TimeoutError
    t.type(error, TimeoutError)
    t.match(error, { operation: 'connect', kind: 'connect', timeout: 300 })
    found.resolve(both)
    await clock.advance(10_000)
    t.strictSame(
      dialled.map(({ cuts }) => cuts),
      stage === 'dialled' ? [1, 1] : [],
    )
    t.equal(asked.length, stage === 'dialled' ? 3 : 1)
  })

  t.test(`a connect that is aborted while its host is ${stage} rejects with the reason, and cuts all attempts`, async (t) => {
    for (const reason of [new Error('changed my mind'), null, 'text']) {
      const controller = new AbortController()
      const { connecting: promise, clock, asked, found, dialled } = connecting(t, { port: 80, signal: controller.signal })
      if (stage === 'dialled') found.resolve(both)
      await turns()
      controller.abort(reason)
      t.equal(await rejection(promise), reason)
      t.equal(getEventListeners(controller.signal, 'abort').length, 0)
      found.reject(refused('ENOTFOUND'))
      await clock.advance(100_000)
      t.strictSame(
        dialled.map(({ cuts }) => cuts),
        stage === 'dialled' ? [1] : [],
      )
      t.equal(asked.length, stage === 'dialled' ? 2 : 1)
    }
  })
}

t.test('many connects under one signal add one listener to it', async (t) => {
  const { signal } = new AbortController()
  const cases = Array.from({ length: 20 }, () => connecting(t, { path: '/run/a', signal }))
  await turns()
  t.equal(getEventListeners(signal, 'abort').length, 1)
  for (const { clock, dialled } of cases) dialled[0]?.resolve(carrier(clock))
  await Promise.all(cases.map(({ connecting }) => connecting))
  t.equal(getEventListeners(signal, 'abort').length, 0)
})

t.test('with an aborted signal connect rejects with the reason, and starts nothing', async (t) => {
  const reason = new Error('never mind')
  const { connecting: promise, asked } = connecting(t, { port: 80, signal: AbortSignal.abort(reason) })
  t.equal(await rejection(promise), reason)
  t.strictSame(asked, [])
})

t.test('an attempt that connects in the turn of the abort is cut', async (t) => {
  const controller = new AbortController()
  const { connecting: promise, clock, dialled } = connecting(t, { path: '/run/a', signal: controller.signal })
  await turns()
  controller.abort(new Error('now'))
  dialled[0]?.resolve(carrier(clock))
  t.match(await rejection(promise), { message: 'now' })
  t.equal(dialled[0]?.cuts, 1)
})

t.test('an abort takes precedence over a failure in the same turn', async (t) => {
  const controller = new AbortController()
  const { connecting: promise, dialled } = connecting(t, { path: '/run/a', signal: controller.signal })
  await turns()
  dialled[0]?.reject(refused('ENOENT'))
  controller.abort('stop')
  t.equal(await rejection(promise), 'stop')
})

t.test('after connect has resolved neither the signal nor the time limit has an effect', async (t) => {
  const controller = new AbortController()
  const { connecting: promise, clock, dialled } = connecting(t, { path: '/run/a', signal: controller.signal, timeout: 10 })
  await turns()
  dialled[0]?.resolve(carrier(clock))
  const connection = await promise
  t.equal(getEventListeners(controller.signal, 'abort').length, 0, 'no listener stays on it')
  controller.abort()
  await clock.advance(1000)
  t.equal(connection.signal.aborted, false)
  t.equal(dialled[0]?.cuts, 0)
})

t.test('with timeout: Infinity connect waits without a limit', async (t) => {
  const { connecting: promise, clock } = connecting(t, { port: 80, timeout: Number.POSITIVE_INFINITY })
  await clock.advance(1e9)
  t.ok(await isPending(promise))
})
