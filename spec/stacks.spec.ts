// The stack of an error that an event causes: the operation, and, if the environment requests it, the caller and the
// connection.

import t from 'tap'
import { framed, lines } from '../lib/framing/index.js'
import { type Connection, EndOfStreamError, type LinnetError, type Reader } from '../lib/index.js'
import { attachCaller, enablesStacks, stacks } from '../lib/stacks.js'
import { manualClock, pair } from '../lib/testing/index.js'
import { everywhere } from './support/fixture.js'
import { program } from './support/program.js'
import { rejection } from './support/wait.js'

t.test('stacks are requested by LINNET_STACKS or by NODE_DEBUG', async (t) => {
  for (const env of [{}, { LINNET_STACKS: '' }, { LINNET_STACKS: '0' }, { NODE_DEBUG: 'net,http' }, { NODE_DEBUG: 'linnets' }])
    t.equal(enablesStacks(env), false, JSON.stringify(env))
  for (const env of [{ LINNET_STACKS: '1' }, { NODE_DEBUG: 'net,linnet' }, { NODE_DEBUG: 'LINNET net' }, { NODE_DEBUG: '*' }])
    t.equal(enablesStacks(env), true, JSON.stringify(env))
  t.equal(stacks.enabled, false)
})

const loop = async (connection: Connection): Promise<void> => {
  for await (const _ of connection.chunks(5));
}
const message = (connection: Connection): Promise<unknown> => connection.readMessage((reader) => reader.readUntil('\n'))

const frame = (connection: Connection): Promise<unknown> => framed(connection, lines()).read()

everywhere(t, 'the stack of a read that rejects later has the operation, the connection and the caller', async (t, connect) => {
  stacks.enabled = true
  t.teardown(() => {
    stacks.enabled = false
  })
  for (const read of [
    function readALine(connection: Connection) {
      return connection.readLine()
    },
    loop,
    message,
    frame,
  ]) {
    const { a, b } = await connect()
    const pending = rejection(read(b))
    await a.end()
    const error = (await pending) as LinnetError
    t.ok(error instanceof EndOfStreamError)
    const [first, second, ...frames] = (error.stack as string).split('\n')
    t.equal(first, `EndOfStreamError: ${error.message}`)
    const where = b.remote.address === '' ? `connection ${b.id}` : `connection ${b.id} (${b.remote})`
    t.ok(second?.endsWith(` on ${where}, called from:`), `${second}`)
    t.ok(
      frames.some((frame) => frame.includes('stacks.spec')),
      frames.join('\n'),
    )
  }
})

t.test('the stack of a frame that fails in tryRead has the caller of the read', async (t) => {
  stacks.enabled = true
  t.teardown(() => {
    stacks.enabled = false
  })
  const [a, b] = pair()
  await a.end('long\n')
  await b.peek(5)
  const codec = { ...lines(), tryRead: (reader: Reader) => reader.tryReadLine({ maxBytes: 2 }) }
  const error = (await rejection(framed(b, codec).read())) as LinnetError
  t.match(error.stack, /^LimitExceededError: .*\n {4}at framed\.read\(\) on connection \d+, called from:\n(.*\n)*.*stacks\.spec/)
})

t.test('the stack of a time-out and of an abort has the caller too, and the reason of a signal keeps its own stack', async (t) => {
  stacks.enabled = true
  t.teardown(() => {
    stacks.enabled = false
  })
  const clock = manualClock()
  const [a] = pair({ clock })
  const late = rejection(a.readLine({ timeout: 5 }))
  await clock.advance(5)
  t.match(((await late) as Error).stack, /^TimeoutError: .*\n {4}at readLine\(\) on connection \d+, called from:\n(.*\n)*.*stacks\.spec/)
  const slow = rejection(a.readMessage((reader) => reader.read().then(() => reader.readLine()), { timeout: 5 }))
  await clock.advance(5)
  t.match(((await slow) as Error).stack, /at readMessage\(\) on connection \d+, called from:\n(.*\n)*.*stacks\.spec/)
  const controller = new AbortController()
  const cancelled = rejection(a.read({ signal: controller.signal }))
  const reason = new Error('cancelled')
  const { stack } = reason
  controller.abort(reason)
  t.equal(((await cancelled) as Error).stack, stack)
  const cut = rejection(a.read())
  a.abort()
  const error = (await cut) as Error
  t.match(error.stack, /at read\(\) on connection/)
  const before = error.stack
  attachCaller(error, { operation: 'another' }, a)
  t.equal(error.stack, before, 'an error that many share shows the first')
})

t.test('the environment variables apply to a program', async (t) => {
  const code = `
    const [a, b] = testing.pair()
    async function greet() { await a.readLine() }
    const greeting = greet().catch((error) => console.log(error.stack.replaceAll('\\n', '|')))
    b.end()
    await greeting
    console.log('done')`
  for (const env of [{ LINNET_STACKS: '1' }, { NODE_DEBUG: 'net,linnet' }]) {
    const started = program(t, code, { env })
    await started.says(/done/)
    t.match(started.stdout, /EndOfStreamError: .*\| {4}at readLine\(\) on connection \d+, called from:\|.*at greet /)
  }
  const plain = program(t, code, { env: { LINNET_STACKS: '' } })
  await plain.says(/done/)
  t.match(plain.stdout, /\| {4}at readLine\(\) \(linnet: rejected from an event, no caller on the stack; LINNET_STACKS=1 shows it\)\n/)
})
