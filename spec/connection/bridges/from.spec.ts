// Connection.from: a connection from Node streams, web streams and the pipes of a child process.

import { spawn } from 'node:child_process'
import net from 'node:net'
import { Duplex, PassThrough, Readable, Transform, Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { Connection, ConnectionLostError, EndOfStreamError, InvalidOptionsError, LimitExceededError, pipe } from '../../../lib/index.js'
import { duplexes } from '../../support/fixture.js'
import { pattern, rejection, turns, within } from '../../support/wait.js'

function from(t: Test, stream: unknown, options?: Parameters<typeof Connection.from>[1]): Connection {
  const connection = Connection.from(stream, options)
  t.teardown(() => connection.abort())
  return connection
}

t.test('a value that is no stream is a TypeError, and invalid options are an InvalidOptionsError', async (t) => {
  const [stream] = duplexes()
  for (const wrong of [
    undefined,
    null,
    7,
    'text',
    {},
    [],
    new Readable(),
    new Writable(),
    { readable: new Readable() },
    { readable: stream, writable: {} },
    new EventTarget(),
  ]) {
    t.throws(() => Connection.from(wrong), TypeError)
  }
  for (const options of [{ maxBufferSiz: 1 }, { maxBufferSize: 0 }, { port: 1 }, { closeTimeout: -1 }]) {
    t.throws(() => Connection.from(stream, options as never), InvalidOptionsError)
  }
  t.throws(() => new (Connection as unknown as new (core: object) => Connection)({}), TypeError)
})

t.test('Connection.from takes the options of a connection', async (t) => {
  const [stream, far] = duplexes()
  const connection = from(t, stream, { maxBufferSize: 5, allowHalfOpen: false })
  t.equal(connection.limits.maxBufferSize, 5)
  far.write('too long\n')
  t.ok((await rejection(connection.readLine())) instanceof LimitExceededError)
  far.end()
  far.resume()
  t.equal((await within(connection.closed)).by, 'peer')
})

t.test('a connection from a stream has no addresses and no server', async (t) => {
  const connection = from(t, new PassThrough())
  t.same([String(connection.remote), connection.remote.family, connection.local.port, connection.server], ['', 'unix', 0, undefined])
  await connection.write('echo\n')
  t.equal(await connection.readLine(), 'echo')
  await connection.close()
  t.equal((await connection.closed).by, 'local')
})

// --- pairs -----------------------------------------------------------------------------------------------------------

/** An echo over each kind of stream. */
const kinds: Record<string, () => unknown> = {
  'a Duplex': () => new PassThrough(),
  'a Duplex that brings text': () => new PassThrough({ encoding: 'utf8' }),
  'a Duplex of objects': () => new Transform({ objectMode: true, transform: (chunk, _, done) => done(null, new Uint8Array(chunk)) }),
  'a pair of Node streams': () => {
    const [there, back] = [new PassThrough(), new PassThrough()]
    there.pipe(back)
    return { readable: back, writable: there }
  },
  'a pair of web streams': () => {
    const echo = new TransformStream<Uint8Array, Uint8Array>()
    return { readable: echo.readable, writable: echo.writable }
  },
  'the web streams of another connection': () => {
    const [one, other] = duplexes()
    other.pipe(other)
    return Connection.from(one).toWeb()
  },
  'the Duplex of another connection': () => {
    const [one, other] = duplexes()
    other.pipe(other)
    return Connection.from(one).toDuplex()
  },
}

for (const [name, make] of Object.entries(kinds)) {
  t.test(`${name} carries text, bytes, large amounts and an end`, async (t) => {
    const connection = from(t, make(), { maxBufferSize: 1e7 })
    await connection.write('grüß\n')
    t.equal(await connection.readLine(), 'grüß')
    const data = name.includes('text') ? Buffer.from('ü'.repeat(400_000)) : pattern(800_000)
    connection.write([data.subarray(0, 7), data.subarray(7)])
    t.ok((await within(connection.readExactly(data.length))).equals(data))
    await connection.end('last')
    t.equal(await within(connection.readToEnd('utf8')), 'last')
    t.equal((await within(connection.closed)).by, 'local')
  })
}

t.test('bytes, an end and an error that a stream holds already are delivered', async (t) => {
  const begun = new PassThrough()
  begun.end('early')
  await turns()
  const connection = from(t, begun)
  t.equal(await connection.readToEnd('utf8'), 'early')
  const wrong = new Error('wrong')
  const broken = new PassThrough()
  broken.on('error', () => {})
  broken.destroy(wrong)
  await turns()
  const lost = from(t, broken)
  const error = (await rejection(lost.read())) as Error
  t.ok(error instanceof ConnectionLostError)
  t.equal(error.cause, wrong)
})

t.test('an error of either stream of a pair is a loss, and an abort destroys both', async (t) => {
  for (const which of ['readable', 'writable'] as const) {
    const pair = { readable: new PassThrough(), writable: new PassThrough() }
    const connection = from(t, pair)
    const wrong = new Error(which)
    pair[which].destroy(wrong)
    t.equal(((await within(connection.closed)).error as Error).cause, wrong)
  }
  const pair = { readable: new PassThrough(), writable: new PassThrough() }
  const connection = from(t, pair)
  connection.abort()
  await turns()
  t.same([pair.readable.destroyed, pair.writable.destroyed], [true, true])
})

t.test('a connection from a socket has its addresses', async (t) => {
  const server = net.createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as net.AddressInfo
  const socket = net.connect(port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  const connection = from(t, socket)
  t.equal(String(connection.remote), `127.0.0.1:${port}`)
  t.equal(connection.local.port, socket.localPort)
  await connection.write('x\n')
  t.equal(await connection.readLine(), 'x')
  await connection.close()
})

// --- child processes -------------------------------------------------------------------------------------------------

function child(t: Test, ...command: string[]): ReturnType<typeof spawn> & { stdin: Writable; stdout: Readable } {
  const [program, ...args] = command as [string, ...string[]]
  const process = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  t.teardown(() => process.kill('SIGKILL'))
  return process as ReturnType<typeof child>
}

t.test('a child process is read and written line by line, to its end', async (t) => {
  const { stdout, stdin } = child(t, 'cat')
  const connection = from(t, { readable: stdout, writable: stdin })
  for (let n = 0; n < 20; n++) {
    await connection.write(`line ${n}\n`)
    t.equal(await connection.readLine(), `line ${n}`)
  }
  await connection.end()
  t.equal(await connection.read(), null)
  t.notOk((await within(connection.closed)).error)
})

t.test('a megabyte passes through a child process', async (t) => {
  const { stdout, stdin } = child(t, 'cat')
  const connection = from(t, Duplex.from({ readable: stdout, writable: stdin } as never), { maxBufferSize: 1e7 })
  const data = pattern(1_000_000)
  const arrived = connection.readToEnd()
  await connection.end(data)
  t.ok((await within(arrived)).equals(data))
})

t.test('a child process that exits has ended its side, and later writes to it are lost', async (t) => {
  const { stdout, stdin } = child(t, 'sh', '-c', 'echo said; exec <&-; exec sleep 0')
  const connection = from(t, { readable: stdout, writable: stdin })
  t.equal(await within(connection.readLine()), 'said')
  t.ok((await within(rejection(connection.readLine()))) instanceof EndOfStreamError)
  const lost = rejection(connection.write(Buffer.alloc(10_000_000)))
  t.ok((await within(lost)) instanceof ConnectionLostError)
})

t.test('a child process that is killed with SIGKILL ends its stream, and writes to it are a loss', async (t) => {
  const process = child(t, 'sh', '-c', 'echo up; exec sleep 60')
  const connection = from(t, { readable: process.stdout, writable: process.stdin })
  t.equal(await within(connection.readLine()), 'up')
  const write = rejection(connection.write(Buffer.alloc(10_000_000)))
  const read = connection.readLine()
  read.catch(() => {})
  await turns()
  process.kill('SIGKILL')
  t.ok((await within(write)) instanceof ConnectionLostError)
  await within(rejection(read))
  t.equal((await within(connection.closed)).by, 'lost')
})

t.test('aborting a connection ends the pipes of its child process', async (t) => {
  const process = child(t, 'cat')
  const connection = from(t, { readable: process.stdout, writable: process.stdin })
  connection.abort()
  await within(new Promise((resolve) => process.once('exit', resolve)), 'its exit')
  t.equal((await connection.closed).by, 'aborted')
})

t.test('two child processes exchange bytes through a pipe', async (t) => {
  const asks = child(t, 'sh', '-c', 'echo it; read answer; test "$answer" = "got it"')
  const answers = child(t, 'sh', '-c', 'read line; echo "got $line"; read end')
  const exit = new Promise((resolve) => asks.once('exit', resolve))
  const [one, other] = [asks, answers].map(({ stdout, stdin }) => from(t, { readable: stdout, writable: stdin })) as [
    Connection,
    Connection,
  ]
  t.same(await within(pipe(one, other)), { aToB: 3, bToA: 7 })
  t.equal(await within(exit), 0)
})

t.test('a child process that exits is read to its end, however much it wrote and however late that is read', async (t) => {
  for (const late of [false, true]) {
    const process = child(t, 'sh', '-c', 'seq 20000')
    const connection = from(t, { readable: process.stdout, writable: process.stdin })
    const exit = new Promise((resolve) => process.once('exit', resolve))
    if (late) await exit
    const said = await within(connection.readToEnd('utf8'))
    t.equal(said, Array.from({ length: 20_000 }, (_, n) => `${n + 1}\n`).join(''))
    await exit
    await turns()
    t.equal(connection.signal.aborted, false, 'its end is an end')
    await within(connection.close())
    t.equal((await connection.closed).by, 'peer')
  }
})
