// examples/mqtt.ts, with mosquitto_pub, mosquitto_sub, and mqtt of npm.

import { spawn } from 'node:child_process'
import { type EventEmitter, once } from 'node:events'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import t, { type Test } from 'tap'
import { identityOf } from '../support/certificates.js'
import { until, within } from '../support/wait.js'
import { Example, Running, withoutMosquitto } from './support.js'

const { files } = identityOf('DNS:localhost')
// One server for all tests but that of TLS; the last one ends it.
const example = await Example.start(t, 'mqtt', {})
const { port } = example
const skip = withoutMosquitto

function mosquitto(t: Test, program: 'pub' | 'sub', to: number, ...args: string[]): Running {
  // Without a buffer for whole pages, each message is seen at once.
  const command = ['-oL', `mosquitto_${program}`, '-h', 'localhost', '-p', String(to), ...args]
  return new Running(t, spawn('stdbuf', command, { stdio: ['pipe', 'pipe', 'pipe'] }))
}

const pub = (t: Test, ...args: string[]): Running => mosquitto(t, 'pub', port, ...args)

/** Resolves when the subscription is there. */
async function sub(t: Test, ...args: string[]): Promise<Running> {
  const subscriber = mosquitto(t, 'sub', port, '-d', ...args)
  await subscriber.hears('Subscribed (mid')
  return subscriber
}

const SUCCESS = { code: 0, signal: null }

async function sent(t: Test, ...args: string[]): Promise<void> {
  t.strictSame(await pub(t, ...args).ended(), SUCCESS)
}

t.test('mosquitto_sub gets what mosquitto_pub sends, with QoS 0, 1 and 2, line by line and as a file', { skip }, async (t) => {
  const subscriber = await sub(t, '-t', 'room/+', '-t', 'file', '-q', '2', '-v')
  for (const qos of ['0', '1', '2']) {
    await sent(t, '-t', 'room/1', '-m', `with ${qos}`, '-q', qos)
    await subscriber.hears(`room/1 with ${qos}\n`)
  }
  t.match(subscriber.heard, /Subscribed \(mid: 1\): 1, 1\n/, 'QoS 2 is granted as 1')
  const lines = pub(t, '-t', 'room/2', '-l', '-q', '1')
  lines.child.stdin?.end('one\ntwo\nthree\n')
  t.strictSame(await lines.ended(), SUCCESS)
  for (const line of ['one', 'two', 'three']) await subscriber.hears(`room/2 ${line}\n`)
  const file = pub(t, '-t', 'file', '-s')
  file.child.stdin?.end('x'.repeat(200_000))
  t.strictSame(await file.ended(), SUCCESS)
  await subscriber.hears(`file ${'x'.repeat(200_000)}\n`)
})

t.test('mosquitto_sub gets retained messages, until they are cleared', { skip }, async (t) => {
  for (const topic of ['kept/1', 'kept/2']) await sent(t, '-t', topic, '-m', `in ${topic}`, '-r', '-q', '1')
  const both = mosquitto(t, 'sub', port, '-t', 'kept/#', '-q', '1', '-C', '2', '-F', '%t %p %q %r')
  t.equal(await both.toEnd(), 'kept/1 in kept/1 1 1\nkept/2 in kept/2 1 1\n')
  await sent(t, '-t', 'kept/1', '-n', '-r')
  const one = mosquitto(t, 'sub', port, '-t', 'kept/#', '-W', '1', '--retained-only', '-v')
  t.equal(await one.toEnd(), 'kept/2 in kept/2\n')
})

t.test('mosquitto_sub gets the will of a client that is killed, and none of one that leaves', { skip }, async (t) => {
  const will = ['--will-topic', 'will', '--will-payload', 'gone', '--will-qos', '1', '--will-retain']
  const subscriber = await sub(t, '-t', 'will', '-t', 'other', '-q', '1', '-v')
  await sent(t, '-t', 'other', '-m', 'left', ...will)
  await subscriber.hears('other left\n')
  const killed = await sub(t, '-t', 'nothing', ...will)
  killed.signal('SIGKILL')
  await subscriber.hears('will gone\n')
  t.notMatch(subscriber.heard, /will gone[\s\S]*other left/)
  t.equal(await mosquitto(t, 'sub', port, '-t', 'will', '-C', '1').toEnd(), 'gone\n')
})

t.test('a session of mosquitto_sub is kept while it is away', { skip }, async (t) => {
  const session = ['-t', 'away', '-q', '1', '-c', '-i', 'absent']
  const first = await sub(t, ...session)
  first.interrupt()
  await first.ended()
  for (const text of ['1', '2', '3']) await sent(t, '-t', 'away', '-m', text, '-q', '1')
  t.equal(await mosquitto(t, 'sub', port, ...session, '-C', '3').toEnd(), '1\n2\n3\n')
})

t.test('mosquitto_sub asks for MQTT 5 and 3.1 in vain', { skip }, async (t) => {
  for (const version of ['mqttv5', 'mqttv31']) {
    const refused = mosquitto(t, 'sub', port, '-t', 'a', '-V', version)
    t.not((await refused.ended()).code, 0)
    t.match(refused.complained, /[Cc]onnection (?:error|[Rr]efused)|protocol version/i)
  }
})

t.test('a name and a password are asked for over TLS', { skip }, async (t) => {
  const { port } = await Example.start(t, 'mqtt', { KEY: files.key, CERT: files.cert, LOGIN: 'ann:secret' })
  const args = ['--cafile', files.cert, '-t', 'a', '-m', 'b', '-r', '-q', '1']
  for (const [login, code] of [
    [['-u', 'ann', '-P', 'secret'], 0],
    [['-u', 'ann', '-P', 'other'], 5],
    [[], 5],
  ] as const) {
    t.strictSame(await mosquitto(t, 'pub', port, ...args, ...login).ended(), { code, signal: null }, login.join(' '))
  }
})

// --- mqtt of npm -----------------------------------------------------------------------------------------------------

/** The arguments of the next event. */
function event<T extends unknown[]>(client: MqttClient, name: string): Promise<T> {
  return within(once(client as unknown as EventEmitter, name) as Promise<T>, name)
}

async function connected(t: Test, options: IClientOptions = {}): Promise<MqttClient> {
  const client = mqtt.connect({ host: '127.0.0.1', port, reconnectPeriod: 0, ...options })
  t.teardown(() => client.end(true))
  await event(client, 'connect')
  return client
}

/** The next message: topic, payload, QoS, and whether it was retained. */
async function received(client: MqttClient): Promise<string> {
  const [topic, payload, { qos, retain }] = await event<[string, Buffer, { qos: number; retain: boolean }]>(client, 'message')
  return `${topic} ${payload} ${qos} ${retain}`
}

t.test('mqtt of npm publishes, subscribes, and gets retained messages and wills', async (t) => {
  const client = await connected(t)
  const watcher = await connected(t, { keepalive: 1 })
  t.strictSame(
    (await watcher.subscribeAsync({ 'npm/+': { qos: 2 }, other: { qos: 0 } })).map(({ qos }) => qos),
    [1, 0],
  )
  for (const qos of [0, 1, 2] as const) {
    const message = received(watcher)
    await client.publishAsync('npm/1', `q${qos}`, { qos, retain: true })
    t.equal(await message, `npm/1 q${qos} ${Math.min(qos, 1)} false`)
  }
  const retained = received(client)
  await client.subscribeAsync('npm/#', { qos: 1 })
  t.equal(await retained, 'npm/1 q2 1 true')
  await client.unsubscribeAsync('npm/#')
  // With a keep-alive of a second it pings.
  while ((await event<[{ cmd: string }]>(watcher, 'packetreceive'))[0].cmd !== 'pingresp');
  const dying = await connected(t, { will: { topic: 'npm/will', payload: Buffer.from('gone'), qos: 1, retain: false } })
  const will = received(watcher)
  dying.stream.destroy()
  t.equal(await will, 'npm/will gone 1 false')
  await client.publishAsync('npm/1', '', { retain: true })
  await client.endAsync()
})

t.test('mqtt of npm gets each of three thousand messages of QoS 1, in order', async (t) => {
  const [publisher, subscriber] = [await connected(t), await connected(t)]
  await subscriber.subscribeAsync('many', { qos: 1 })
  const got: number[] = []
  subscriber.on('message', (_, payload) => got.push(Number(payload)))
  // At most as many at a time as may wait for a subscriber.
  for (let count = 500; count <= 3000; count += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, at) => publisher.publishAsync('many', String(count - 500 + at), { qos: 1 })))
    await until(() => got.length >= count)
  }
  t.strictSame(
    got,
    Array.from({ length: 3000 }, (_, at) => at),
  )
})

t.test('mqtt of npm continues its session after a loss', async (t) => {
  const client = await connected(t, { clean: false, clientId: 'npm-kept', reconnectPeriod: 1 })
  await client.subscribeAsync('npm-kept', { qos: 1 })
  const again = event<[{ sessionPresent: boolean }]>(client, 'connect')
  client.stream.destroy()
  const publisher = await connected(t)
  await publisher.publishAsync('npm-kept', 'meanwhile', { qos: 1 })
  const message = received(client)
  const [{ sessionPresent }] = await again
  t.equal(sessionPresent, true)
  t.equal(await message, 'npm-kept meanwhile 1 false')
})

t.test('Ctrl-C ends the connections, and then the process', async (t) => {
  const client = await connected(t, { will: { topic: 'npm/will', payload: Buffer.from('gone'), qos: 0, retain: false } })
  const closed = event(client, 'close')
  example.interrupt()
  await closed
  t.strictSame(await example.ended(), { code: 0, signal: null })
  t.equal(example.complained, '')
})
