// examples/mqtt/, packet by packet: what is accepted, what ends the connection, and where packets are cut.

import t from 'tap'
import { cuts, turns, until, within } from '../support/wait.js'
import {
  broker,
  CLEAN,
  type ConnectFields,
  connect,
  DISCONNECT,
  enter,
  field,
  next,
  nextOf,
  PINGREQ,
  packet,
  puback,
  publish,
  pubrel,
  subscribe,
  uint16,
  unsubscribe,
} from './mqtt.js'

const NO_UTF8 = Buffer.of(0x61, 0xff)
const SURROGATE = Buffer.of(0xed, 0xa0, 0x80)

t.test('a whole conversation has the same answers wherever its bytes are cut', async (t) => {
  const asked = Buffer.concat([
    connect('a', { flags: 0xc6, keepAlive: 60, rest: ['will/topic', 'gone', 'ann', 'secret'] }),
    subscribe(1, ['é/+', 1], ['#', 0]),
    publish('é/1', 'x'.repeat(130), { qos: 1, id: 7 }),
    puback(1),
    publish('b', '', { qos: 2, id: 8 }),
    pubrel(8),
    unsubscribe(9, 'é/+', 'none'),
    PINGREQ,
    DISCONNECT,
  ])
  const answered = [
    'connack 0',
    'suback 1: 1 0',
    `publish é/1 ${'x'.repeat(130)} qos1 id1`,
    'puback 7',
    'publish b ',
    'pubrec 8',
    'pubcomp 8',
    'unsuback 9',
    'pingresp',
    'end',
  ]
  const under = broker(t)
  const converse = async (pieces: readonly Uint8Array[], what: string): Promise<void> => {
    const client = await under.connect()
    for (const piece of pieces) {
      await client.write(piece)
      await turns(1)
    }
    t.strictSame(await nextOf(client, answered.length), answered, what)
    await client.close()
  }
  for (const size of [asked.length, 1, 2, 3, 7]) {
    const pieces = Array.from({ length: Math.ceil(asked.length / size) }, (_, at) => asked.subarray(at * size, (at + 1) * size))
    await converse(pieces, `${size} bytes at a time`)
  }
  for (const [at, pieces] of [...cuts(asked)].entries()) await converse(pieces, `cut at ${at + 1}`)
})

t.test('a client that ends at any byte leaves nothing behind', async (t) => {
  const asked = Buffer.concat([connect('a'), subscribe(1, ['a/#', 1]), publish('b', 'c', { qos: 1 })])
  const under = broker(t)
  for (let at = 0; at < asked.length; at++) {
    const client = await under.connect()
    await client.write(asked.subarray(0, at))
    await client.end()
    await client.readToEnd()
    await client.close()
  }
  t.equal(under.server.stats().active, 0)
})

t.test('CONNECT is checked wholly', async (t) => {
  const rows: [string, Buffer, string][] = [
    ['MQTT 3.1', connect('a', { protocol: 'MQIsdp', level: 3 }), 'connack 1'],
    ['MQTT 5', connect('a', { level: 5, rest: ['more', 'than a 3.1.1 server knows'] }), 'connack 1'],
    ['a bridge', connect('a', { level: 0x84 }), 'connack 1'],
    ['another protocol', connect('a', { protocol: 'HTTP' }), 'end'],
    ['no identifier, and a session to keep', connect('', { flags: 0 }), 'connack 2'],
    ['no identifier', connect(''), 'connack 0'],
    ['a long identifier', connect('a'.repeat(257)), 'connack 2'],
    ['an identifier with a byte order mark and a wide character', connect('\ufeff\u{1f600}'), 'connack 0'],
    ['the reserved flag', connect('a', { flags: CLEAN | 1 }), 'end'],
    ['QoS of no will', connect('a', { flags: CLEAN | 0x08 }), 'end'],
    ['retain of no will', connect('a', { flags: CLEAN | 0x20 }), 'end'],
    ['QoS 3 of a will', connect('a', { flags: CLEAN | 0x1c, rest: ['a', 'b'] }), 'end'],
    ['a will with a wildcard', connect('a', { flags: CLEAN | 0x04, rest: ['a/#', 'b'] }), 'end'],
    ['a will without a topic', connect('a', { flags: CLEAN | 0x04, rest: ['', 'b'] }), 'end'],
    ['an empty will', connect('a', { flags: CLEAN | 0x04, rest: ['a', ''] }), 'connack 0'],
    ['a password without a name', connect('a', { flags: CLEAN | 0x40, rest: ['secret'] }), 'end'],
    ['a name without a password', connect('a', { flags: CLEAN | 0x80, rest: ['ann'] }), 'connack 0'],
    ['a name that is missing', connect('a', { flags: CLEAN | 0x80 }), 'end'],
    ['bytes too many', connect('a', { rest: ['more'] }), 'end'],
    ['no UTF-8', connect(NO_UTF8), 'end'],
    ['a surrogate', connect(SURROGATE), 'end'],
    ['U+0000', connect('a\0'), 'end'],
    ['flags in the first byte', packet(0x11, connect('a').subarray(2)), 'end'],
    ['nothing', packet(0x10), 'end'],
    ['another packet', PINGREQ, 'end'],
    ['a publication first', publish('a', 'b'), 'end'],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'end'],
  ]
  for (const [name, bytes, answer] of rows) {
    const under = broker(t)
    const client = await under.connect()
    await client.write(bytes)
    t.equal(await next(client), answer, name)
    if (answer === 'connack 0') await client.write(DISCONNECT)
    t.equal(await next(client), 'end', `${name}: it is closed`)
    await client.close()
  }
})

t.test('packets that are malformed or out of place end the connection, after the answers to those before', async (t) => {
  const rows: [string, Buffer][] = [
    ['a second CONNECT', connect('a')],
    ['type 0', packet(0x00)],
    ['type 15', packet(0xf0)],
    ['CONNACK', packet(0x20, Buffer.of(0, 0))],
    ['PUBREC', packet(0x50, uint16(1))],
    ['PUBCOMP', packet(0x70, uint16(1))],
    ['SUBACK', packet(0x90, uint16(1), Buffer.of(0))],
    ['QoS 3', publish('a', 'b', { qos: 3 })],
    ['a duplicate of QoS 0', publish('a', 'b', { duplicate: true })],
    ['a publication without a topic', publish('', 'b')],
    ['a publication to a wildcard', publish('a/+', 'b')],
    ['a publication to a topic with 65 levels', publish('/'.repeat(64), 'b')],
    ['a topic that is not UTF-8', publish(NO_UTF8, 'b')],
    ['a topic with U+0000', publish('a\0', 'b')],
    ['the identifier 0', publish('a', 'b', { qos: 1, id: 0 })],
    ['a publication that is too short', packet(0x30, Buffer.of(0, 9, 0x61))],
    ['PUBREL without its flag', packet(0x60, uint16(1))],
    ['PUBACK with a flag', packet(0x41, uint16(1))],
    ['PUBACK with more', packet(0x40, uint16(1), Buffer.of(0))],
    ['a subscription to nothing', packet(0x82, uint16(1))],
    ['a subscription with QoS 3', subscribe(1, ['a', 3])],
    ['a subscription with reserved bits', subscribe(1, ['a', 4])],
    ['a subscription without its QoS', packet(0x82, uint16(1), field('a'))],
    ['a subscription without its flag', packet(0x80, uint16(1), field('a'), Buffer.of(0))],
    ['a subscription with the identifier 0', subscribe(0, ['a', 0])],
    ...['', 'a#', '#/a', 'a/#/b', 'a+', '+a/b', '/'.repeat(64)].map((filter): [string, Buffer] => [
      `a subscription to '${filter.slice(0, 9)}'`,
      subscribe(1, [filter, 0]),
    ]),
    ['an end of no subscription', packet(0xa2, uint16(1))],
    ['an end of a subscription without its flag', packet(0xa0, uint16(1), field('a'))],
    ['PINGREQ with more', packet(0xc0, Buffer.of(0))],
    ['DISCONNECT with a flag', packet(0xe1)],
    ['a length of five bytes', Buffer.of(0x30, 0x80, 0x80, 0x80, 0x80, 0x01)],
  ]
  for (const [name, bytes] of rows) {
    const under = broker(t)
    const client = await enter(t, under, 'a')
    await client.write([PINGREQ, bytes, PINGREQ])
    t.strictSame(await nextOf(client, 2), ['pingresp', 'end'], name)
    await client.close()
    // The same in pieces: then no packet is there as a whole.
    const slow = await enter(t, under, 'a')
    for (const byte of bytes) {
      await slow.write(Buffer.of(byte)).catch(() => {})
      await turns(1)
    }
    t.equal(await next(slow), 'end', `${name}, byte by byte`)
    await slow.close()
  }
})

t.test('a packet above the limit ends the connection before its content is gathered', async (t) => {
  const under = broker(t, { maxPacket: 1000 })
  const client = await enter(t, under, 'a')
  await client.write(publish('a', 'x'.repeat(995), { qos: 1 }))
  t.equal(await next(client), 'puback 1')
  // Two bytes of the length are enough.
  await client.write(Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f))
  t.equal(await next(client), 'end')
  await client.close()
  await until(() => under.ends.length > 0)
  t.match(under.ends, [{ code: 'ERR_LINNET_FRAME', message: /at most 1000 bytes, not 16383 or more/ }])
  const other = await enter(t, under, 'b')
  await other.write(packet(0x32, Buffer.alloc(1001)).subarray(0, 3))
  t.equal(await next(other), 'end')
})

t.test('lengths of two, three and four bytes are read and written', async (t) => {
  const under = broker(t, { maxPacket: 3_000_000 })
  const client = await enter(t, under, 'a')
  await client.write(subscribe(1, ['a', 0]))
  t.equal(await next(client), 'suback 1: 0')
  for (const size of [124, 125, 16_380, 16_381, 2_097_148, 2_097_149]) {
    const got = next(client)
    await client.write(publish('a', 'x'.repeat(size)))
    t.equal((await got).length, 'publish a '.length + size)
  }
})

t.test('a client is let in only with what `authenticate` accepts', async (t) => {
  const under = broker(t, { authenticate: async ({ userName, password }) => userName === 'ann' && password?.toString() === 'secret' })
  const rows: [ConnectFields, string][] = [
    [{ flags: CLEAN | 0xc0, rest: ['ann', 'secret'] }, 'connack 0'],
    [{ flags: CLEAN | 0xc0, rest: ['ann', 'secre'] }, 'connack 5'],
    [{ flags: CLEAN | 0x80, rest: ['ann'] }, 'connack 5'],
    [{}, 'connack 5'],
  ]
  for (const [options, answer] of rows) await enter(t, under, 'a', options, answer)
})

t.test('whatever byte is changed, no bug appears, and the broker serves the next client', async (t) => {
  const under = broker(t)
  const asked = Buffer.concat([
    connect('a', { flags: 0xc6, keepAlive: 60, rest: ['w', 'gone', 'ann', 'secret'] }),
    subscribe(1, ['a/+', 1], ['#', 0]),
    publish('a/1', 'hello', { qos: 1, id: 7, retain: true }),
    publish('b', '', { qos: 2, id: 8 }),
    pubrel(8),
    puback(1),
    unsubscribe(9, 'a/+'),
    DISCONNECT,
  ])
  for (let at = 0; at < asked.length; at++) {
    for (const change of [0x01, 0x08, 0x80, 0xff]) {
      const bytes = Buffer.from(asked)
      bytes[at] = (bytes[at] as number) ^ change
      const client = await under.connect()
      // The broker may have closed before all is sent.
      await client.write(bytes)
      await client.end().catch(() => {})
      await within(client.readToEnd(), `the end after byte ${at} ^ ${change}`)
      await client.close()
    }
  }
  await until(() => under.server.stats().active === 0)
  const client = await enter(t, under, 'last')
  await client.write([subscribe(1, ['last', 1]), PINGREQ])
  t.strictSame(await nextOf(client, 2), ['suback 1: 1', 'pingresp'])
})
