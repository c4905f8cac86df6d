// examples/mqtt/: what the broker delivers to which client, and what it keeps. Sessions, retained messages, wildcards, wills, keep-alive, slow
// subscribers and drains.

import t from 'tap'
import { isPending, turns, until, within } from '../support/wait.js'
import {
  broker,
  CLEAN,
  connect,
  DISCONNECT,
  enter,
  next,
  nextOf,
  PINGREQ,
  puback,
  publish,
  pubrel,
  subscribe,
  unsubscribe,
} from './mqtt.js'

/** A persistent session. */
const KEPT = { flags: 0 }
const WILL = 0x04

t.test('a message goes to the filters that match its topic, and to no other', async (t) => {
  // Filter, topics that it matches, and topics that it does not.
  const rows: [string, string[], string[]][] = [
    [
      'sport/tennis/player1/#',
      ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/score/wimbledon'],
      ['sport/tennis'],
    ],
    ['sport/#', ['sport', 'sport/'], ['sports', '/sport']],
    ['#', ['a', '/', '/a', 'a/$b'], ['$a', '$a/b', '$SYS/a']],
    ['sport/tennis/+', ['sport/tennis/player1', 'sport/tennis/'], ['sport/tennis', 'sport/tennis/player1/ranking']],
    ['+', ['sport', ' ', 'a$'], ['/finance', '$x', 'a/b']],
    ['+/+', ['/finance', 'a/b', '/'], ['$x/a', 'a']],
    ['/+', ['/finance'], ['finance', '/finance/a']],
    ['+/monitor/Clients', ['a/monitor/Clients'], ['$x/monitor/Clients']],
    ['$x/#', ['$x', '$x/monitor'], ['x/monitor']],
    ['$x/monitor/+', ['$x/monitor/Clients'], ['$x/monitor']],
    ['a/+/c/#', ['a/b/c', 'a/b/c/d/e', 'a//c'], ['a/b/d', 'a/c']],
    ['A', ['A'], ['a', 'A/']],
  ]
  for (const [filter, matching, others] of rows) {
    const under = broker(t)
    const client = await enter(t, under, 'a')
    await client.write(subscribe(1, [filter, 0]))
    t.equal(await next(client), 'suback 1: 0')
    for (const topic of [...others, ...matching]) await client.write(publish(topic, 'x', { retain: true }))
    await client.write(PINGREQ)
    const expected = matching.map((topic) => `publish ${topic} x`)
    t.strictSame(await nextOf(client, matching.length + 1), [...expected, 'pingresp'], filter)
    // The retained messages match a new subscription in the same way.
    await client.write([subscribe(2, [filter, 1]), PINGREQ])
    const got = await nextOf(client, matching.length + 2)
    t.strictSame(got.filter((text) => text.startsWith('publish')).sort(), expected.map((text) => `${text} retained`).sort(), filter)
  }
})

t.test('filters that overlap deliver a message once, with the highest QoS of them', async (t) => {
  const under = broker(t)
  const client = await enter(t, under, 'a')
  await client.write(subscribe(1, ['a/b', 0], ['a/#', 2], ['+/b', 0]))
  t.equal(await next(client), 'suback 1: 0 1 0', 'QoS 2 is granted as 1')
  await client.write([publish('a/b', '1', { qos: 1, id: 5 }), publish('a/b', '0'), publish('a/b', '2', { qos: 2, id: 6 })])
  t.strictSame(await nextOf(client, 5), ['publish a/b 1 qos1 id1', 'puback 5', 'publish a/b 0', 'publish a/b 2 qos1 id2', 'pubrec 6'])
  // A filter that comes again replaces the first one.
  await client.write([subscribe(2, ['a/#', 0]), publish('a/b', '1', { qos: 1, id: 5 })])
  t.strictSame(await nextOf(client, 3), ['suback 2: 0', 'publish a/b 1', 'puback 5'])
  await client.write([unsubscribe(3, 'a/b', 'a/#'), publish('a/b', '3'), unsubscribe(4, '+/b'), publish('a/b', '4'), PINGREQ])
  t.strictSame(await nextOf(client, 4), ['unsuback 3', 'publish a/b 3', 'unsuback 4', 'pingresp'])
})

t.test('a message of QoS 2 is delivered once, however often it is sent before its release', async (t) => {
  const under = broker(t, { maxInFlight: 2 })
  const client = await enter(t, under, 'a', KEPT)
  await client.write([subscribe(1, ['a', 0]), publish('a', '1', { qos: 2, id: 9 }), publish('a', '1', { qos: 2, id: 9, duplicate: true })])
  t.strictSame(await nextOf(client, 4), ['suback 1: 0', 'publish a 1', 'pubrec 9', 'pubrec 9'])
  client.abort()
  await turns()
  const again = await enter(t, under, 'a', KEPT, 'connack 0 present')
  await again.write([publish('a', '1', { qos: 2, id: 9, duplicate: true }), pubrel(9), pubrel(9), publish('a', '2', { qos: 2, id: 9 })])
  t.strictSame(await nextOf(again, 5), ['pubrec 9', 'pubcomp 9', 'pubcomp 9', 'publish a 2', 'pubrec 9'])
  // More than the window without a release.
  await again.write([publish('b', '', { qos: 2, id: 10 }), publish('b', '', { qos: 2, id: 11 })])
  t.strictSame(await nextOf(again, 2), ['pubrec 10', 'end'])
})

t.test('the last retained message of a topic goes to new subscriptions, and an empty one clears it', async (t) => {
  const under = broker(t)
  const client = await enter(t, under, 'a')
  await client.write([
    publish('r/1', 'old', { retain: true }),
    publish('r/1', 'new', { retain: true, qos: 1, id: 1 }),
    publish('r/1', 'not kept'),
    publish('r/2', 'two', { retain: true }),
    publish('r/3', 'three', { retain: true }),
    publish('r/3', '', { retain: true }),
    publish('r/3', '', { retain: true }),
    subscribe(2, ['r/+', 1]),
    PINGREQ,
  ])
  t.strictSame(await nextOf(client, 5), [
    'puback 1',
    'suback 2: 1',
    'publish r/1 new qos1 id1 retained',
    'publish r/2 two retained',
    'pingresp',
  ])
  // To a subscription that is there, a message is not one of the past. Also an empty one comes.
  await client.write([publish('r/1', '', { retain: true }), publish('r/2', '2', { retain: true }), subscribe(3, ['r/2', 0], ['r/#', 0])])
  t.strictSame(await nextOf(client, 5), [
    'publish r/1 ',
    'publish r/2 2',
    'suback 3: 0 0',
    'publish r/2 2 retained',
    'publish r/2 2 retained',
  ])
})

t.test('retained messages have a limit: one of QoS 0 is not kept, one of QoS 1 is not acknowledged', async (t) => {
  for (const limit of [{ maxRetained: 2 }, { maxRetainedBytes: 6 }]) {
    const under = broker(t, limit)
    const client = await enter(t, under, 'a')
    for (const topic of ['r/1', 'r/2', 'r/3']) await client.write(publish(topic, '', { retain: true }))
    for (const topic of 'maxRetained' in limit ? ['a', 'b', 'a', 'c'] : ['a', 'bb', 'a', 'c']) {
      await client.write(publish(topic, topic, { retain: true }))
    }
    await client.write([subscribe(1, ['#', 0]), PINGREQ])
    t.equal((await nextOf(client, 4)).filter((text) => text.endsWith('retained')).length, 2)
    await client.write([publish('c', 'c', { retain: true }), publish('c', 'c', { retain: true, qos: 1 })])
    t.strictSame(await nextOf(client, 2), ['publish c c', 'end'])
  }
})

t.test('a client gets many retained messages as it takes them, and those of QoS 1 as it acknowledges them', async (t) => {
  const under = broker(t, { maxInFlight: 3 })
  const client = await enter(t, under, 'a')
  const payload = 'x'.repeat(20_000)
  for (let at = 0; at < 20; at++) await client.write(publish(`r/${at}`, payload, { retain: true, qos: at % 2, id: 1 }))
  t.equal((await nextOf(client, 10)).at(-1), 'puback 1')
  await client.write(subscribe(1, ['r/#', 0]))
  await turns()
  // One that was replaced while it waited comes once, as it is now.
  await client.write([publish('r/19', 'now', { retain: true }), PINGREQ])
  const got = await nextOf(client, 23)
  t.equal(got.filter((text) => text.startsWith('publish r/') && text.endsWith('retained')).length, 20)
  t.ok(got.includes('publish r/19 now'))
  await client.write(subscribe(2, ['r/#', 1]))
  const ids: number[] = []
  for (let at = 0; at < 21; at++) {
    const id = Number(/qos1 id(\d+) retained$/.exec(await next(client))?.[1] ?? 0)
    if (id > 0) {
      ids.push(id)
      await client.write(puback(id))
    }
  }
  t.strictSame(ids, [1, 2, 3, 4, 5, 6, 7, 8, 9])
})

t.test('a session that is kept has its subscriptions and its messages of QoS 1; a clean one has nothing', async (t) => {
  const under = broker(t, { maxQueued: 3 })
  const first = await enter(t, under, 'kept', KEPT)
  await first.write([subscribe(1, ['a', 1], ['b', 0]), DISCONNECT])
  t.strictSame(await nextOf(first, 2), ['suback 1: 1 0', 'end'])
  const other = await enter(t, under, 'other')
  for (const payload of ['1', '2', '3', '4']) await other.write(publish('a', payload, { qos: 1 }))
  await other.write([publish('a', '0'), publish('b', '1', { qos: 1 })])
  t.equal((await nextOf(other, 5)).at(-1), 'puback 1')
  const again = await enter(t, under, 'kept', KEPT, 'connack 0 present')
  // The queue was full behind three.
  t.strictSame(await nextOf(again, 3), ['publish a 1 qos1 id1', 'publish a 2 qos1 id2', 'publish a 3 qos1 id3'])
  await other.write(publish('b', '2'))
  t.equal(await next(again), 'publish b 2')
  await again.write([puback(1), puback(2), puback(3), puback(77), DISCONNECT])
  t.equal(await next(again), 'end')
  const clean = await enter(t, under, 'kept')
  await other.write([publish('a', '5', { qos: 1 }), publish('b', '5')])
  t.equal(await next(other), 'puback 1')
  await clean.write([PINGREQ, DISCONNECT])
  t.strictSame(await nextOf(clean, 2), ['pingresp', 'end'])
  const last = await enter(t, under, 'kept', KEPT)
  await last.write(PINGREQ)
  t.equal(await next(last), 'pingresp', 'the clean session has ended the other one')
})

t.test('what is not acknowledged is sent again on the next connection, as a duplicate, in its order and first', async (t) => {
  const under = broker(t, { maxInFlight: 2 })
  const first = await enter(t, under, 'kept', KEPT)
  await first.write(subscribe(1, ['a', 1]))
  const other = await enter(t, under, 'other')
  for (const payload of ['1', '2', '3', '4']) await other.write(publish('a', payload, { qos: 1 }))
  t.strictSame(await nextOf(first, 3), ['suback 1: 1', 'publish a 1 qos1 id1', 'publish a 2 qos1 id2'])
  await first.write(puback(1))
  t.equal(await next(first), 'publish a 3 qos1 id3')
  first.abort()
  await turns()
  const again = await enter(t, under, 'kept', KEPT, 'connack 0 present')
  t.strictSame(await nextOf(again, 2), ['publish a 2 qos1 id2 duplicate', 'publish a 3 qos1 id3 duplicate'])
  await again.write([puback(3), PINGREQ, puback(2)])
  t.strictSame(await nextOf(again, 2), ['publish a 4 qos1 id4', 'pingresp'])
})

t.test('sessions of absent clients end when they are too many, or too old', async (t) => {
  const under = broker(t, { maxAbsent: 2 })
  for (const name of ['a', 'b', 'c']) {
    const client = await enter(t, under, name, KEPT)
    await client.write([subscribe(1, ['a', 1]), DISCONNECT])
    t.strictSame(await nextOf(client, 2), ['suback 1: 1', 'end'])
  }
  await enter(t, under, 'a', KEPT)
  await enter(t, under, 'c', KEPT, 'connack 0 present')
  const brief = broker(t, { sessionExpiry: 0 })
  const client = await enter(t, brief, 'a', KEPT)
  await client.write(DISCONNECT)
  t.equal(await next(client), 'end')
  await enter(t, brief, 'a', KEPT)
})

t.test('a session has a limit of subscriptions', async (t) => {
  const under = broker(t, { maxSubscriptions: 2 })
  const client = await enter(t, under, 'a')
  await client.write([subscribe(1, ['a', 1], ['b', 1], ['c', 1], ['a', 0]), unsubscribe(2, 'a'), subscribe(3, ['c', 1])])
  t.strictSame(await nextOf(client, 3), ['suback 1: 1 1 128 0', 'unsuback 2', 'suback 3: 1'])
})

t.test('a will is sent when its client is lost, and not after DISCONNECT', async (t) => {
  const under = broker(t)
  const watcher = await enter(t, under, 'watcher')
  await watcher.write(subscribe(1, ['will/#', 1]))
  await next(watcher)
  const will = (name: string): Parameters<typeof enter>[3] => ({
    flags: CLEAN | WILL | 0x28,
    keepAlive: 10,
    rest: [`will/${name}`, 'gone'],
  })
  const [ended, reset, broke, left, slow, taken] = await Promise.all(
    ['ended', 'reset', 'broke', 'left', 'slow', 'taken'].map((name) => enter(t, under, name, will(name))),
  )
  await left?.write(DISCONNECT)
  t.equal(await next(left as never), 'end')
  let id = 0
  const gone = async (name: string): Promise<unknown> => t.equal(await next(watcher), `publish will/${name} gone qos1 id${++id}`)
  await ended?.end()
  await gone('ended')
  reset?.abort()
  await gone('reset')
  await broke?.write(Buffer.of(0))
  await gone('broke')
  const heir = await enter(t, under, 'taken', will('taken'))
  await gone('taken')
  t.match(await taken?.closed, { error: { code: 'ECONNRESET' } })
  await under.clock.advance(14_999)
  await watcher.write(PINGREQ)
  t.equal(await next(watcher), 'pingresp')
  await heir.write(PINGREQ)
  t.equal(await next(heir), 'pingresp')
  await under.clock.advance(1)
  await gone('slow')
  t.equal(await next(slow as never), 'end')
  // It is retained too.
  await watcher.write(subscribe(2, ['will/slow', 0]))
  t.strictSame(await nextOf(watcher, 2), ['suback 2: 0', 'publish will/slow gone retained'])
})

t.test('the time limits: for CONNECT, for the keep-alive and a half, and none without a keep-alive', async (t) => {
  const under = broker(t)
  const silent = await under.connect()
  const begun = await under.connect()
  await begun.write(Buffer.of(0x10))
  const patient = await enter(t, under, 'patient')
  const alive = await enter(t, under, 'alive', { keepAlive: 4 })
  const slow = await enter(t, under, 'slow', { keepAlive: 4 })
  await under.clock.advance(5999)
  await alive.write(PINGREQ)
  t.equal(await next(alive), 'pingresp')
  // A packet has to be whole by then.
  await slow.write(PINGREQ.subarray(0, 1))
  await turns()
  await under.clock.advance(1)
  t.equal(await next(slow), 'end')
  await under.clock.advance(4000)
  t.strictSame([await next(silent), await next(begun)], ['end', 'end'])
  await under.clock.advance(1999)
  t.equal(await next(alive), 'end')
  await under.clock.advance(100_000_000)
  await patient.write(PINGREQ)
  t.equal(await next(patient), 'pingresp')
  // But a packet that has begun has to end.
  await patient.write(PINGREQ.subarray(0, 1))
  await turns()
  await under.clock.advance(30_000)
  t.equal(await next(patient), 'end')
})

t.test('a second connection of a client takes its session over, and ends the first', async (t) => {
  const under = broker(t)
  const first = await enter(t, under, 'a', KEPT)
  await first.write(subscribe(1, ['a', 1]))
  await next(first)
  const second = await enter(t, under, 'a', KEPT, 'connack 0 present')
  t.match(await first.closed, { error: { code: 'ECONNRESET' } })
  await second.write(publish('a', '1', { qos: 1, id: 3 }))
  t.strictSame(await nextOf(second, 2), ['publish a 1 qos1 id1', 'puback 3'])
  const third = await enter(t, under, 'a')
  await third.write([publish('a', '2'), PINGREQ])
  t.equal(await next(third), 'pingresp')
})

t.test('a subscriber that does not read misses messages of QoS 0, and delays no other client', async (t) => {
  const under = broker(t)
  const slow = await enter(t, under, 'slow')
  await slow.write(subscribe(1, ['a', 0]))
  t.equal(await next(slow), 'suback 1: 0')
  const publisher = await enter(t, under, 'publisher')
  const payload = Buffer.alloc(10_000)
  for (let at = 0; at < 200; at++) await publisher.write(publish('a', payload))
  await publisher.write(PINGREQ)
  t.equal(await next(publisher), 'pingresp')
  const { bytesWritten } = [...under.server.connections].find(({ queued }) => queued > 0) ?? { bytesWritten: 0 }
  t.ok(bytesWritten < 1_000_000, `${bytesWritten} bytes were sent`)
  await slow.write(PINGREQ)
  let missed = 200
  while ((await next(slow)) !== 'pingresp') missed--
  t.ok(missed > 0, `${missed} messages were dropped`)
})

t.test('a subscriber that does not acknowledge is disconnected when too much waits for it', async (t) => {
  for (const limits of [{ maxQueued: 5 }, { maxQueuedBytes: 25_000 }, { maxQueuedInAll: 25_000 }]) {
    const under = broker(t, { maxInFlight: 2, ...limits })
    const slow = await enter(t, under, 'slow', KEPT)
    await slow.write(subscribe(1, ['a', 1]))
    t.equal(await next(slow), 'suback 1: 1')
    const publisher = await enter(t, under, 'publisher')
    const payload = Buffer.alloc('maxQueued' in limits ? 10 : 4000)
    for (let at = 0; at < 8; at++) await publisher.write(publish('a', payload, { qos: 1 }))
    t.equal((await nextOf(publisher, 8)).at(-1), 'puback 1')
    t.match(await slow.closed, { error: { code: 'ECONNRESET' } })
    t.match(String(under.ends[0]), /does not acknowledge/)
    // Its session has what was queued before.
    const again = await enter(t, under, 'slow', KEPT, 'connack 0 present')
    t.match(await nextOf(again, 2), [/qos1 id1 duplicate$/, /qos1 id2 duplicate$/])
  }
})

t.test('a client that sends and does not read is held, and then cut', async (t) => {
  const under = broker(t)
  const client = await enter(t, under, 'a')
  client.setLimits({ writeTimeout: Number.POSITIVE_INFINITY })
  const sent = client.write(Buffer.alloc(4_000_000, PINGREQ)).then(() => client.flush())
  sent.catch(() => {})
  t.equal(await isPending(sent), true)
  const [connection] = under.server.connections
  t.ok((connection?.bytesRead ?? 0) < 2_000_000, 'not all of it is read')
  await under.clock.advance(600_000)
  t.match(await within(client.closed), { error: { code: 'ECONNRESET' } })
})

// --- draining --------------------------------------------------------------------------------------------------------

t.test('a drain ends idle clients, without their wills, and completes the packet that is under way', async (t) => {
  const under = broker(t)
  const idle = await enter(t, under, 'idle', { flags: CLEAN | WILL, rest: ['w', 'gone'] })
  const busy = await enter(t, under, 'busy')
  const silent = await under.connect()
  await busy.write(subscribe(1, ['w', 0]))
  t.equal(await next(busy), 'suback 1: 0')
  const bytes = publish('a', 'b', { qos: 1, id: 3 })
  await busy.write(bytes.subarray(0, 3))
  await turns()
  const closed = under.server.close()
  t.strictSame([await next(idle), await next(silent)], ['end', 'end'])
  await Promise.all([idle.close(), silent.close()])
  await turns()
  await busy.write(bytes.subarray(3))
  t.strictSame(await nextOf(busy, 2), ['puback 3', 'end'])
  await busy.close()
  t.strictSame(await closed, { drained: 3, aborted: 0 })
  await under.served
})

t.test('in a drain a client may acknowledge the messages that wait for it', async (t) => {
  const under = broker(t, { maxInFlight: 1 })
  const client = await enter(t, under, 'a')
  await client.write([subscribe(1, ['a', 1]), publish('a', '1', { qos: 1 }), publish('a', '2', { qos: 1, id: 2 })])
  t.strictSame(await nextOf(client, 4), ['suback 1: 1', 'publish a 1 qos1 id1', 'puback 1', 'puback 2'])
  await turns()
  const closed = under.server.close()
  await turns()
  await client.write(puback(1))
  t.equal(await next(client), 'publish a 2 qos1 id2')
  await client.write(puback(2))
  t.equal(await next(client), 'end')
  await client.close()
  t.strictSame(await closed, { drained: 1, aborted: 0 })
  await until(() => under.server.connections.size === 0)
})

t.test('in a drain a client that is being authenticated gets its answer, and its end', async (t) => {
  let allow: (allowed: boolean) => void = () => {}
  const under = broker(t, { authenticate: () => new Promise((resolve) => void (allow = resolve)) })
  const [open, lost] = [await under.connect(), await under.connect()]
  await lost.write(connect('b'))
  await turns()
  lost.abort()
  await turns()
  allow(true)
  await open.write(connect('a'))
  await turns()
  const closed = under.server.close()
  await turns()
  allow(true)
  t.strictSame(await nextOf(open, 2), ['connack 0', 'end'])
  await open.close()
  t.strictSame(await closed, { drained: 1, aborted: 0 })
})
