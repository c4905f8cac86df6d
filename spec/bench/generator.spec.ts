// The load generator: which messages it sends, and that it checks the bytes that it receives.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Generator } from '../../bench/runner/generator.js'
import { compile, which } from '../../bench/runner/tools.js'

const compiler = process.platform === 'linux' && (await Promise.all(['cc', 'gcc', 'clang'].map((name) => which(name)))).some(Boolean)
const skip = compiler ? false : 'the generator needs Linux and a C compiler'
const program = compiler ? await compile('load', 'load-generator-of-spec') : ''
const HEADER = 4

/** Starts a server and a generator of messages of that form. Resolves with the generator, and a function that returns the bytes of the first message. */
async function load(t: Test, size: number, form: string, answer: (bytes: Buffer) => Buffer): Promise<[Generator, () => Buffer]> {
  const received: Buffer[] = []
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      if (received.length === 0) received.push(bytes)
      socket.write(answer(bytes))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const generator = await Generator.start([program, 'echo', String(port), '1', '2', String(size), form])
  t.teardown(() => generator.stop())
  return [generator, () => received[0] as Buffer]
}

const echo = (bytes: Buffer): Buffer => bytes

t.test('a line ends with its line feed, and has no other', { skip }, async (t) => {
  const [generator, first] = await load(t, 64, 'line', echo)
  t.equal(first().length, 64)
  t.equal(first().indexOf('\n'), 63)
  t.ok((await generator.slice(10)).count > 0)
})

t.test('a message with a length has that many bytes behind it', { skip }, async (t) => {
  const [generator, first] = await load(t, 300, 'length', echo)
  t.equal(first().length, HEADER + 300)
  t.equal(first().readUInt32BE(0), 300)
  t.ok((await generator.slice(10)).count > 0)
})

t.test('an object of JSON is a line of the given size, and is the same once it has been parsed and written', { skip }, async (t) => {
  const [generator, first] = await load(t, 64, 'json', (bytes) => {
    const lines = bytes.toString().split('\n').slice(0, -1)
    return Buffer.from(lines.map((line) => `${JSON.stringify(JSON.parse(line))}\n`).join(''))
  })
  t.equal(first().length, 64)
  t.type(JSON.parse(first().toString()), 'object')
  t.ok((await generator.slice(10)).count > 0)
})

for (const form of ['line', 'length', 'json']) {
  t.test(`a byte that is not the one that was sent ends the generator (${form})`, { skip }, async (t) => {
    let wrong = false
    const [generator] = await load(t, 64, form, (bytes) => {
      const answer = Buffer.from(bytes)
      if (wrong) answer[0] = (answer[0] as number) ^ 1
      return answer
    })
    wrong = true
    await t.rejects(generator.slice(10), { message: /is not what was sent/ })
  })
}

t.test('a form that does not exist, and a size that is too small for JSON, are refused', { skip }, async (t) => {
  await t.rejects(Generator.start([program, 'echo', '1', '1', '1', '64', 'xml']), { message: /unknown form/ })
  await t.rejects(Generator.start([program, 'echo', '1', '1', '1', '20', 'json']), { message: /a JSON message is longer/ })
})
