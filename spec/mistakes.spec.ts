// Mistakes that a person makes, as a person writes them: what each is answered by. A message names what is wrong and says
// what to write instead. Here its whole text stands, so that a change of it is seen.

import { createPublicKey } from 'node:crypto'
import net from 'node:net'
import { Duplex, Readable, Writable } from 'node:stream'
import t from 'tap'
import {
  ConcurrentReadError,
  ConnectError,
  Connection,
  ConnectionClosedError,
  connect,
  HandshakeError,
  InvalidOptionsError,
  LimitExceededError,
  listen,
  pipe,
  type Server,
  shutdownOn,
  together,
} from '../lib/index.js'
import { memoryServer, pair } from '../lib/testing/index.js'
import { identityOf, pfxOf, rsaKeys } from './support/certificates.js'
import { opened } from './support/fixture.js'
import { rejection, turns, within } from './support/wait.js'

// biome-ignore lint/suspicious/noExplicitAny: a mistake has the type that a program gives it
type Any = any
type Class = abstract new (...args: Any) => Error
/** The mistake, the class of its error, and the text: whole, or what it must match. */
type Row = readonly [mistake: string, Class: Class, text: string | RegExp, make: (a: Any, b: Any) => unknown]

function table(title: string, rows: readonly Row[]): void {
  t.test(title, async (t) => {
    for (const [mistake, Class, text, make] of rows) {
      const [a, b] = pair()
      const error = (await within(rejection(new Promise((resolve) => resolve(make(a, b)))), mistake)) as Error
      t.ok(error instanceof Class, `${mistake}: ${error.name}`)
      if (typeof text === 'string') t.equal(error.message, text, mistake)
      else t.match(error.message, text, mistake)
      t.notMatch(error.message, /[\r\n\0]/, `${mistake}: on one line`)
      a.abort()
    }
  })
}

const { key, cert } = identityOf()
/** What comes after the others. */
const last = (...results: unknown[]): unknown => results.at(-1)
/** A bridge that breaks when the test is over: its `error` has a listener. */
const duplexOf = (connection: Any): unknown => connection.toDuplex().on('error', () => {})
const holed: unknown[] = ['x']
holed[2] = 'y'
const unreadable = {
  get getReader(): never {
    throw new Error('it cannot be looked at')
  },
}
const controller = new AbortController()
const unusable = (text: string): string => `these options cannot be used: ${text}`

// --- reading ---------------------------------------------------------------------------------------------------------

const lent = {
  duplex: 'toDuplex() has given the reading of this connection to its Duplex: read from that, and not from the connection',
  web: 'toWeb() has given the reading of this connection to its `readable`: read from that, or cancel it to read from the connection again',
  message:
    'readMessage() reads this connection until its function is done: in that function read through its argument, elsewhere await it first',
  pipe: 'pipe() reads this connection until both have ended: await it, or abort it by its `signal`',
  read: 'a read is already pending on this connection, readLine(): await it, or abort it by its `signal`',
}

table('who reads a connection that another reader has is told which, and what to do', [
  ['a read beside another', ConcurrentReadError, lent.read, (a) => last(a.readLine(), a.readExactly(4))],
  ['a Duplex beside a read', ConcurrentReadError, lent.read, (a) => last(a.readLine(), a.toDuplex())],
  ['a read after toDuplex()', ConcurrentReadError, lent.duplex, (a) => last(duplexOf(a), a.readLine())],
  ['a try after toDuplex()', ConcurrentReadError, lent.duplex, (a) => last(duplexOf(a), a.tryReadLine())],
  ['a second bridge', ConcurrentReadError, lent.duplex, (a) => last(duplexOf(a), a.toWeb())],
  ['startTls() after toDuplex()', ConcurrentReadError, lent.duplex, (a) => last(duplexOf(a), a.startTls({}))],
  ['a read after toWeb()', ConcurrentReadError, lent.web, (a) => last(a.toWeb(), a.read())],
  ['the connection in readMessage()', ConcurrentReadError, lent.message, (a) => a.readMessage(() => a.readLine())],
  [
    'a read beside readMessage()',
    ConcurrentReadError,
    lent.message,
    (a) =>
      last(
        a.readMessage((r: Any) => r.readLine()),
        a.readLine(),
      ),
  ],
  ['two reads in readMessage()', ConcurrentReadError, lent.read, (a) => a.readMessage((r: Any) => last(r.readLine(), r.readLine()))],
  ['a read beside pipe()', ConcurrentReadError, lent.pipe, (a) => last(pipe(a, pair()[0]), a.readLine())],
])

const expects = 'a delimiter must be a string, a Uint8Array or a list of these, not'
const options = 'read options must be an object or an encoding, not'

table('a read that is asked for what it does not take says how that is written', [
  [
    'a line end instead of options',
    RangeError,
    "'\\r\\n' is no encoding; if it ends a line, write { delimiter: '\\r\\n' }",
    (a) => a.readLine('\r\n'),
  ],
  [
    'a line end for lines()',
    RangeError,
    "'\\r\\n' is no encoding; if it ends a line, write { delimiter: '\\r\\n' }",
    (a) => a.lines('\r\n').next(),
  ],
  [
    'a line end for tryReadLine()',
    RangeError,
    "'\\0' is no encoding; if it ends a line, write { delimiter: '\\x00' }".replace("'\\0'", "'\\x00'"),
    (a) => a.tryReadLine('\0'),
  ],
  [
    'a misspelt encoding of a line',
    RangeError,
    "'utf-9' is no encoding that Node knows; did you mean 'utf-8'?",
    (a) => a.readLine('utf-9'),
  ],
  ['a misspelt encoding', RangeError, "'latin-1' is no encoding that Node knows; did you mean 'latin1'?", (a) => a.read('latin-1')],
  [
    'an encoding of another library',
    RangeError,
    "'windows-1252' is no encoding that Node knows; use 'utf8', 'latin1', 'hex' …",
    (a) => a.read('windows-1252'),
  ],
  ['a pattern in readUntil()', TypeError, `${expects} a RegExp: readUntilMatch() takes a pattern`, (a) => a.readUntil(/\r?\n/)],
  ['a pattern in a list', TypeError, `${expects} a RegExp: readUntilMatch() takes a pattern`, (a) => a.readUntil(['\n', /\r/])],
  ['a pattern in skipUntil()', TypeError, `${expects} a RegExp: readUntilMatch() takes a pattern`, (a) => a.skipUntil(/\n/)],
  ['a pattern that ends lines', TypeError, `${expects} a RegExp: readUntilMatch() takes a pattern`, (a) => a.readLine({ delimiter: /\n/ })],
  ['a number of bytes in readUntil()', TypeError, `${expects} a number: readExactly() takes a number of bytes`, (a) => a.readUntil(5)],
  ['nothing in readUntil()', TypeError, `${expects} undefined`, (a) => a.readUntil()],
  [
    'a text in readUntilMatch()',
    TypeError,
    'pattern must be a RegExp, not a string: readUntil() takes text or bytes',
    (a) => a.readUntilMatch('\n'),
  ],
  ['a number without its name', TypeError, `${options} a number: write { maxBytes: 100 } or { timeout: 100 }`, (a) => a.read(100)],
  [
    'a number behind a delimiter',
    TypeError,
    `${options} a number: write { maxBytes: 10 } or { timeout: 10 }`,
    (a) => a.readUntil('\n', 10),
  ],
  ['a signal without its name', TypeError, `${options} an AbortSignal: write { signal }`, (a) => a.readLine(controller.signal)],
  [
    'a controller without its name',
    TypeError,
    `${options} an AbortController (pass its \`signal\`): write { signal }`,
    (a) => a.readLine(controller),
  ],
  ['a Promise of options', TypeError, `${options} a Promise (forgotten await?)`, (a) => a.readLine(Promise.resolve({}))],
  ['a list of options', TypeError, `${options} an array`, (a) => a.readLine(['utf8'])],
  ['a text for skip()', TypeError, 'read options must be an object, not a string', (a) => a.skip(1, 'utf8')],
  [
    'a controller instead of its signal',
    TypeError,
    'signal must be an AbortSignal, not an AbortController (pass its `signal`)',
    (a) => a.readLine({ signal: controller }),
  ],
  ['a time as text', TypeError, 'timeout must be a number of milliseconds, not a string', (a) => a.readLine({ timeout: '5' })],
  ['no time at all', RangeError, 'timeout must be more than 0 milliseconds (Infinity: none), not 0', (a) => a.readLine({ timeout: 0 })],
  ['a misspelt option', TypeError, "this read has no option 'timeOut'; did you mean 'timeout'?", (a) => a.readLine({ timeOut: 5 })],
  [
    'the name of another library',
    TypeError,
    "this read has no option 'maxLength'; did you mean 'maxBytes'?",
    (a) => a.readLine({ maxLength: 5 }),
  ],
  [
    'the separator of another library',
    TypeError,
    "this read has no option 'separator'; did you mean 'delimiter'?",
    (a) => a.readLine({ separator: ';' }),
  ],
  [
    'an option of nobody',
    TypeError,
    "this read has no option 'colour'; expected one of signal, timeout, maxBytes, idle, encoding",
    (a) => a.read({ colour: 1 }),
  ],
  ['a length as text', TypeError, 'n must be a number of bytes, not a string', (a) => a.readExactly('5')],
  [
    'a length that is not there yet',
    TypeError,
    'n must be a number of bytes, not a Promise (forgotten await?)',
    (a) => a.readExactly(Promise.resolve(5)),
  ],
  ['a Buffer to read into', TypeError, 'n must be a number of bytes, not a Buffer', (a) => a.readExactly(Buffer.alloc(5))],
  [
    'options instead of a length',
    TypeError,
    'n must be a number of bytes, not an object: write chunks(undefined, options)',
    (a) => a.chunks({ maxBytes: 5 }).next(),
  ],
  [
    'memory without a view',
    TypeError,
    'target must be a typed array, a Buffer or a DataView, not an ArrayBuffer (wrap it: `new Uint8Array(buffer)`)',
    (a) => a.readInto(new ArrayBuffer(5)),
  ],
  [
    'a message that was read already',
    TypeError,
    'read must be a function, not a Promise: pass the function itself, without calling it',
    (a) => a.readMessage((async () => {})()),
  ],
  ['a message without a function', TypeError, 'read must be a function, not undefined', (a) => a.readMessage()],
])

table('a limit names what raises it', [
  [
    'the limit of the connection',
    LimitExceededError,
    '11 bytes do not fit the limit of 10; raise `maxBufferSize`, or give the read a `maxBytes` of its own, if that much is expected',
    (a) => last(a.setLimits({ maxBufferSize: 10 }), a.readExactly(11)),
  ],
  [
    'the limit of the read',
    LimitExceededError,
    '11 bytes do not fit the limit of 10; raise `maxBytes` if that much is expected',
    (a) => a.readExactly(11, { maxBytes: 10 }),
  ],
  [
    'writes that nobody awaits',
    LimitExceededError,
    /; await the writes, so that they wait for a slow peer, or raise `maxWriteBuffer` if that much is expected$/,
    (a) =>
      last(
        a.setLimits({ maxWriteBuffer: 1 }),
        a.write(Buffer.alloc(500_000)).catch(() => {}),
        a.write('x'),
      ),
  ],
])

// --- writing ---------------------------------------------------------------------------------------------------------

const data = 'data must be a string, a view of bytes, or an array of these, not'

table('what cannot be written is named, by its place in a list, and how it is written right', [
  ['a Promise', TypeError, `${data} a Promise (forgotten await?)`, (a, b) => a.write(b.readLine())],
  ['a Promise for tryWrite()', TypeError, `${data} a Promise (forgotten await?)`, (a) => a.tryWrite(Promise.resolve('x'))],
  ['a Promise for end()', TypeError, `${data} a Promise (forgotten await?)`, (a) => a.end(Promise.resolve('x'))],
  [
    'a Promise in a list',
    TypeError,
    'data[1] must be a string or a view of bytes, not a Promise (forgotten await?)',
    (a) => a.write(['x', Promise.resolve('y')]),
  ],
  [
    'a number in a list',
    TypeError,
    'data[2] must be a string or a view of bytes, not a number: String(data) is its text',
    (a) => a.write(['x', 'y', 3], 'utf8'),
  ],
  ['a hole in a list', TypeError, 'data[1] must be a string or a view of bytes, not undefined', (a) => a.write(holed)],
  [
    'a list in a list',
    TypeError,
    'data[0] must be a string or a view of bytes, not an array: a list holds no lists, flatten it by flat()',
    (a) => a.write([['x']]),
  ],
  ['a number', TypeError, `${data} a number: String(data) is its text`, (a) => a.write(5)],
  ['a bigint', TypeError, `${data} a bigint: String(data) is its text`, (a) => a.write(5n)],
  ['a boolean', TypeError, `${data} a boolean: String(data) is its text`, (a) => a.write(true)],
  ['an object', TypeError, `${data} an object: JSON.stringify(data) is its text`, (a) => a.write({ x: 1 })],
  ['an object that cannot be looked at', TypeError, `${data} an object: JSON.stringify(data) is its text`, (a) => a.write(unreadable)],
  ['nothing', TypeError, `${data} undefined`, (a) => a.write()],
  ['null', TypeError, `${data} null`, (a) => a.write(null)],
  ['memory without a view', TypeError, `${data} an ArrayBuffer (wrap it: \`new Uint8Array(buffer)\`)`, (a) => a.write(new ArrayBuffer(5))],
  ['a stream', TypeError, `${data} a Readable: writeFrom() takes a stream or an iterable`, (a) => a.write(new Readable())],
  ['a web stream', TypeError, `${data} a ReadableStream: writeFrom() takes a stream or an iterable`, (a) => a.write(new ReadableStream())],
  ['a Set', TypeError, `${data} a Set: writeFrom() takes a stream or an iterable`, (a) => a.write(new Set(['x']))],
  ['a Date', TypeError, `${data} a Date`, (a) => a.write(new Date())],
  [
    'a callback',
    TypeError,
    'encoding must be a string, not a function: await the promise instead of passing a callback',
    (a) => a.write('x', () => {}),
  ],
  [
    'an encoding as an option of write()',
    TypeError,
    "encoding must be a string, not an object: write 'latin1' alone",
    (a) => a.write('x', { encoding: 'latin1' }),
  ],
  ['options of write()', TypeError, 'encoding must be a string, not an object', (a) => a.write('x', { signal: controller.signal })],
  [
    'one piece for writeFrom()',
    TypeError,
    'source must be an iterable, an async iterable or a stream, not a string: write() takes a single piece',
    (a) => a.writeFrom('x'),
  ],
  [
    'a generator that was not called',
    TypeError,
    'source must be an iterable, an async iterable or a stream, not a function: call the function, and give what it returns',
    (a) => a.writeFrom(async function* () {}),
  ],
  [
    'a source that is not there yet',
    TypeError,
    'source must be an iterable, an async iterable or a stream, not a Promise (forgotten await?)',
    (a) => a.writeFrom(Promise.resolve([])),
  ],
  [
    'a bad piece of a source',
    TypeError,
    'piece 1 of source must be a string, a view of bytes, or an array of these, not a number: String(data) is its text',
    (a) => a.writeFrom(['x', 5]),
  ],
  [
    'a bad piece in a piece',
    TypeError,
    'piece 0 of source[1] must be a string or a view of bytes, not null',
    (a) => a.writeFrom([['x', null]]),
  ],
])

t.test('what still goes on when a handler has returned hears that it was not awaited', async (t) => {
  const { server, connect } = memoryServer()
  t.teardown(() => server.close({ grace: 0 }))
  const late: Promise<unknown>[] = []
  void server.serve((connection) => {
    late.push(rejection(connection.readLine()), rejection(turns().then(() => connection.write('late'))))
  })
  await (await connect()).close()
  for (const error of (await Promise.all(late)) as Error[]) {
    t.ok(error instanceof ConnectionClosedError)
    t.equal(error.message, 'the connection was closed when its handler returned: await in the handler whatever still reads or writes')
  }
})

t.test('a write behind an end says whose end it was, and what still goes on', async (t) => {
  const said = async (connection: Connection): Promise<string> => {
    const error = (await rejection(connection.write('x'))) as Error
    t.ok(error instanceof ConnectionClosedError)
    return error.message
  }
  const ENDED = 'end() has ended what this side sends, and reads go on: write before it'
  const [a] = pair()
  void a.end()
  t.equal(await said(a), ENDED)
  t.equal(((await rejection(a.end('more'))) as Error).message, ENDED, 'end() with data is such a write')
  const [b, c] = pair({ client: { allowHalfOpen: false } })
  await c.end()
  t.equal(await b.read(), null)
  t.equal(await said(b), 'the peer has ended, and with `allowHalfOpen: false` that ends this side too')
  const [d] = pair({ client: { allowHalfOpen: false } })
  void d.end()
  t.equal(await said(d), ENDED, 'with that option too, where it was end()')
  const [e] = pair()
  void e.close()
  t.match(await said(e), /^this side has closed the connection; /)
})

t.test('a read that is not awaited in readMessage() is told to be', async (t) => {
  const [a] = pair()
  let late: Promise<unknown> | undefined
  await a.readMessage((reader) => {
    late = rejection(reader.readLine())
  })
  const error = (await late) as Error
  t.ok(error instanceof TypeError)
  t.equal(error.message, 'readMessage() is done while its readLine() is pending: await each read in its function')
})

t.test('a client that asks for a finish hears who asks, also where there is no server', async (t) => {
  const [a] = pair()
  const reading = rejection(a.readLine())
  a.drain()
  t.equal(
    ((await reading) as Error).message,
    '`server.close()` or `drain()` asks this connection to finish, and no new message is begun; say goodbye and return',
  )
})

// --- functions and options -------------------------------------------------------------------------------------------

const nobody = { async [Symbol.asyncDispose]() {} }

table('a function that is called too early, or given where none is taken, is named', [
  [
    'a callback of connect()',
    TypeError,
    'connect() takes no callback: await the connection that it promises',
    () => (connect as Any)({ port: 1 }, () => {}),
  ],
  ['a handler of listen()', TypeError, 'listen() takes no handler: give it to `server.serve(handler)`', () => (listen as Any)(0, () => {})],
  [
    'a host behind the port',
    TypeError,
    'listen() takes one argument, not a string behind it: write { port, host }',
    () => (listen as Any)(0, '127.0.0.1'),
  ],
  [
    'a host behind the port of connect()',
    TypeError,
    'connect() takes one argument, not a string behind it: write { port, host }',
    () => (connect as Any)(8888, 'localhost'),
  ],
  [
    'a task that was started',
    TypeError,
    'a task must be a function, not a Promise: pass the function itself, without calling it',
    () => together([Promise.resolve()] as Any),
  ],
  ['one task alone', TypeError, 'tasks must be an array of functions, not a function', () => together((() => {}) as Any)],
  [
    'a handler that was called',
    TypeError,
    'handler must be a function, not a Promise: pass the function itself, without calling it',
    () => memoryServer().server.serve((async () => {})() as Any),
  ],
])

table('a value in the place of options is answered by how options are written', [
  [
    'connect() to a host with a port',
    InvalidOptionsError,
    unusable("expected an object of options, got 'localhost:80'; write { host: 'localhost', port: 80 }"),
    () => connect('localhost:80' as Any),
  ],
  [
    'connect() to an IPv6 address',
    InvalidOptionsError,
    unusable("expected an object of options, got '[::1]:80'; write { host: '::1', port: 80 }"),
    () => connect('[::1]:80' as Any),
  ],
  [
    'connect() to a URL',
    InvalidOptionsError,
    unusable("expected an object of options, got an object (URL); write { host: 'example.com', port: 8080 }"),
    () => connect(new URL('tcp://example.com:8080') as Any),
  ],
  [
    'connect() to a name',
    InvalidOptionsError,
    unusable("expected an object of options, got 'localhost'; write { host: 'localhost', port }"),
    () => connect('localhost' as Any),
  ],
  [
    'connect() to a port',
    InvalidOptionsError,
    unusable('expected an object of options, got 8888; write { port: 8888 }'),
    () => connect(8888 as Any),
  ],
  [
    'connect() to a path',
    InvalidOptionsError,
    unusable("expected an object of options, got '/run/a.sock'; write { path: '/run/a.sock' }"),
    () => connect('/run/a.sock' as Any),
  ],
  ['connect() to nothing', InvalidOptionsError, unusable('expected an object of options, got undefined'), () => (connect as Any)()],
  ['connect() to an empty text', InvalidOptionsError, unusable("expected an object of options, got ''"), () => connect('' as Any)],
  [
    'connect() to a text without an end',
    InvalidOptionsError,
    unusable(`expected an object of options, got '${'x'.repeat(40)}'…`),
    () => connect('x'.repeat(200) as Any),
  ],
  [
    'connect() to a Promise',
    InvalidOptionsError,
    unusable('expected an object of options, got an object (Promise: forgotten await?)'),
    () => connect(Promise.resolve({}) as Any),
  ],
  [
    'a host with a port',
    InvalidOptionsError,
    unusable("host: expected a host name or an IP address, got 'localhost:80'; write { host: 'localhost', port: 80 }"),
    () => connect({ host: 'localhost:80', port: 1 }),
  ],
  [
    'a URL for a host',
    InvalidOptionsError,
    unusable("host: expected a host name or an IP address, got 'http://localhost/'; write { host: 'localhost', port }"),
    () => connect({ host: 'http://localhost/', port: 1 }),
  ],
  [
    'an address in brackets',
    InvalidOptionsError,
    unusable("host: expected a host name or an IP address, got '[::1]'; write { host: '::1', port }"),
    () => listen({ host: '[::1]' }),
  ],
  [
    'listen() on a text',
    InvalidOptionsError,
    unusable("expected an object of options, got '8888'; write { port: 8888 }"),
    () => listen('8888' as Any),
  ],
  [
    'listen() with a handler alone',
    InvalidOptionsError,
    unusable('expected an object of options, got a function'),
    () => listen((() => {}) as Any),
  ],
  [
    'an endpoint as text',
    InvalidOptionsError,
    /endpoints\.0: expected an object of options, got '\.\/x'; write \{ path: '\.\/x' \}$/,
    () => listen({ endpoints: ['./x'] as Any }),
  ],
  [
    'close() with a number',
    TypeError,
    'expected an object of options, got 1000; write { grace: 1000 }',
    () => memoryServer().server.close(1000 as Any),
  ],
  [
    'close() with a signal',
    TypeError,
    'expected an object of options, got an object (AbortSignal); write { signal }',
    () => memoryServer().server.close(controller.signal as Any),
  ],
  [
    'serve() with a controller',
    TypeError,
    'options must be an object, not an AbortController (pass its `signal`): write { signal }',
    () => memoryServer().server.serve(() => {}, controller as Any),
  ],
  [
    'accept() with a signal',
    TypeError,
    'options must be an object, not an AbortSignal: write { signal }',
    () => memoryServer().server.accept(controller.signal as Any),
  ],
  [
    'shutdownOn() with a number',
    TypeError,
    'options must be an object, not a number',
    () => shutdownOn(memoryServer().server, 5000 as Any),
  ],
])

table('a value of an option that was meant otherwise is answered by how it is written', [
  [
    'a port from the environment',
    InvalidOptionsError,
    unusable("port: expected a whole number from 0 to 65535, got '8888'; write Number('8888')"),
    () => listen({ port: '8888' as Any }),
  ],
  [
    'a time from the environment',
    TypeError,
    "idleTimeout: expected milliseconds, more than 0, or Infinity for no limit, got '5000'; write Number('5000')",
    (a) => a.setLimits({ idleTimeout: '5000' }),
  ],
  [
    'a time with its unit',
    TypeError,
    "idleTimeout: expected milliseconds, more than 0, or Infinity for no limit, got '5s'",
    (a) => a.setLimits({ idleTimeout: '5s' }),
  ],
  [
    'a mode that is not octal',
    InvalidOptionsError,
    unusable('mode: expected a whole number from 0 to 0o777, got 660; write 0o660'),
    () => listen({ path: '/tmp/never.sock', mode: 660 }),
  ],
  [
    'a mode as chmod takes it',
    InvalidOptionsError,
    unusable("mode: expected a whole number from 0 to 0o777, got '0660'; write 0o660"),
    () => listen({ path: '/tmp/never.sock', mode: '0660' as Any }),
  ],
  [
    'a mode that is none',
    InvalidOptionsError,
    unusable('mode: expected a whole number from 0 to 0o777, got an object'),
    () => listen({ path: '/tmp/never.sock', mode: {} as Any }),
  ],
  [
    'a mode beyond all',
    InvalidOptionsError,
    unusable('mode: expected a whole number from 0 to 0o777, got 100000'),
    () => listen({ path: '/tmp/never.sock', mode: 100_000 }),
  ],
  [
    'one network for a list',
    InvalidOptionsError,
    unusable("proxyProtocol.trust: expected a list of at least one address or network, got '10.0.0.0/8'; write ['10.0.0.0/8']"),
    () => listen({ proxyProtocol: { trust: '10.0.0.0/8' as Any } }),
  ],
  [
    'one endpoint for a list',
    InvalidOptionsError,
    unusable('endpoints: expected a list of at least one endpoint, got an object; write a list, [{ … }]'),
    () => listen({ endpoints: { port: 0 } as Any }),
  ],
  [
    'a number for a list',
    InvalidOptionsError,
    unusable('endpoints: expected a list of at least one endpoint, got 8888'),
    () => listen({ endpoints: 8888 as Any }),
  ],
  [
    'a list without elements',
    InvalidOptionsError,
    unusable('endpoints: expected a list of at least one endpoint, got an empty one'),
    () => listen({ endpoints: [] }),
  ],
  [
    'TLS of a server without a certificate',
    InvalidOptionsError,
    unusable(
      'tls: expected false, or TLS options of Node (with `optional`: true or false), got true; write { key, cert }: a server has to show a certificate',
    ),
    () => listen({ tls: true as Any }),
  ],
  [
    'no TLS options',
    InvalidOptionsError,
    unusable('tls: expected false, or TLS options of Node (with `optional`: true or false), got 5'),
    () => listen({ tls: 5 as Any }),
  ],
])

table('an option in the wrong place of a test says where it belongs', [
  [
    'a limit of a connection for pair()',
    InvalidOptionsError,
    unusable('idleTimeout: unknown option; it is an option of `client` or `server`: write { server: { idleTimeout } }'),
    () => pair({ idleTimeout: 5 } as Any),
  ],
  [
    'a clock for one side',
    InvalidOptionsError,
    unusable('server.clock: unknown option; it stands beside `client` and `server`: write { server: { … }, clock }'),
    () => pair({ server: { clock: {} } } as Any),
  ],
  [
    'an option of pair() that nobody knows',
    InvalidOptionsError,
    unusable('colour: unknown option; expected one of client, server, maxChunk, latency, highWaterMark, faults, clock'),
    () => pair({ colour: 5 } as Any),
  ],
  [
    'an option of a side that nobody knows',
    InvalidOptionsError,
    unusable('server.colour: unknown option'),
    () => pair({ server: { colour: 5 } } as Any),
  ],
  [
    'a port of a server in memory',
    InvalidOptionsError,
    unusable('port: unknown option; a server in memory listens nowhere: its clients come by its own `connect`'),
    () => memoryServer({ port: 5 } as Any),
  ],
  [
    'an option of a server in memory that nobody knows',
    InvalidOptionsError,
    unusable('colour: unknown option'),
    () => memoryServer({ colour: 5 } as Any),
  ],
])

table('an option under another name is answered by the right one', [
  ['hostname', InvalidOptionsError, unusable('hostname: unknown option; did you mean `host`?'), () => listen({ hostname: 'x' } as Any)],
  [
    'a key beside tls',
    InvalidOptionsError,
    unusable('key: unknown option; it is an option of `tls`: write tls: { key }'),
    () => listen({ key } as Any),
  ],
  [
    'rejectUnauthorized beside tls',
    InvalidOptionsError,
    unusable('rejectUnauthorized: unknown option; it is an option of `tls`: write tls: { rejectUnauthorized }'),
    () => connect({ port: 1, rejectUnauthorized: false } as Any),
  ],
  [
    'timeout of a server',
    InvalidOptionsError,
    unusable('timeout: unknown option; did you mean `readTimeout` or `idleTimeout`?'),
    () => listen({ timeout: 5 } as Any),
  ],
  [
    'timeout of close()',
    TypeError,
    'timeout: unknown option; did you mean `grace`?',
    () => memoryServer().server.close({ timeout: 5 } as Any),
  ],
  [
    'maxConnection',
    InvalidOptionsError,
    unusable('maxConnection: unknown option; did you mean `maxConnections`?'),
    () => listen({ maxConnection: 5 } as Any),
  ],
  [
    'socketPath',
    InvalidOptionsError,
    unusable('socketPath: unknown option; did you mean `path`?'),
    () => listen({ socketPath: '/x' } as Any),
  ],
  ['a limit of a read', TypeError, 'maxBytes: unknown option; did you mean `maxBufferSize`?', (a) => a.setLimits({ maxBytes: 5 })],
  ['an option of nobody', InvalidOptionsError, unusable('colour: unknown option'), () => listen({ colour: 1 } as Any)],
  [
    'a misspelt option of pipe()',
    TypeError,
    "pipe() has no option 'idletimeout'; did you mean 'idleTimeout'?",
    (a, b) => pipe(a, b, { idletimeout: 5 } as Any),
  ],
  [
    'a misspelt option of shutdownOn()',
    TypeError,
    "shutdownOn() has no option 'grase'; did you mean 'grace'?",
    () => shutdownOn(memoryServer().server, { grase: 5 } as Any),
  ],
  [
    'an option that together() has not',
    TypeError,
    "together() has no option 'timeout'; expected one of signal",
    () => together([], { timeout: 5 } as Any),
  ],
  [
    'a controller for a signal',
    InvalidOptionsError,
    unusable('signal: expected an AbortSignal, got an object (AbortController: pass its `signal`)'),
    () => listen({ signal: controller as Any }),
  ],
  ['a misspelt limit', TypeError, 'maxbuffersize: unknown option; did you mean `maxBufferSize`?', (a) => a.setLimits({ maxbuffersize: 5 })],
])

table('what is no connection, no server or no stream is named, and what makes one', [
  [
    'a server that is not there yet',
    TypeError,
    'server must be a Server, not a Promise (forgotten await?)',
    () => shutdownOn(Promise.resolve() as Any),
  ],
  [
    'a connection that is not there yet',
    TypeError,
    'a must be a Connection, not a Promise (forgotten await?)',
    (_, b) => pipe(Promise.resolve() as Any, b),
  ],
  [
    'a socket for pipe()',
    TypeError,
    'b must be a Connection, not a Socket: Connection.from(stream) makes one',
    (a) => pipe(a, new net.Socket() as Any),
  ],
  [
    'a Readable alone',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not a Readable: give both directions, as { readable, writable }',
    () => Connection.from(new Readable()),
  ],
  [
    'a connection of a connection',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not a Connection: it is one already',
    (a) => Connection.from(a),
  ],
  [
    'an object of a class',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an EventTarget',
    () => Connection.from(new EventTarget()),
  ],
  [
    'an object without a class',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an object',
    () => Connection.from(Object.create(null)),
  ],
  ['something else', TypeError, 'stream must be a Duplex or { readable, writable }, not an object', () => Connection.from(nobody)],
  [
    'both directions as two arguments',
    TypeError,
    'options must be an object, not a Writable: give both directions, as { readable, writable }',
    () => Connection.from(new Readable(), new Writable() as Any),
  ],
  [
    'one direction of a pair',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an object: its `writable` must be a Writable or a WritableStream, not undefined',
    () => Connection.from({ readable: new Readable() }),
  ],
  [
    'the other direction of a pair',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an object: its `readable` must be a Readable or a ReadableStream, not a Writable',
    () => Connection.from({ readable: new Writable(), writable: new Writable() }),
  ],
  [
    'a pair of both kinds',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not an object: both streams must be of Node, or both of the web',
    () => Connection.from({ readable: new Readable(), writable: new WritableStream() }),
  ],
  [
    'a pipe at stdin',
    TypeError,
    'stream must be a Duplex or { readable, writable }, not a Duplex: give both directions, as { readable, writable }',
    () => Connection.from(Object.assign(new Duplex({ writable: false, read() {} } as Any), { fd: 0 })),
  ],
])

// --- TLS -------------------------------------------------------------------------------------------------------------

const readIt = "got a file's path: give what is in the file, not its path: readFileSync(path)"
const { locked } = rsaKeys('secret')

table('a key or a certificate that does not load is named by its option, and what is wrong with it', [
  [
    'a path of a key',
    InvalidOptionsError,
    unusable(`tls.key: expected a private key in PEM (-----BEGIN …), ${readIt}`),
    () => listen({ tls: { key: 'key.pem', cert: 'cert.pem' } }),
  ],
  [
    'a path of a certificate',
    InvalidOptionsError,
    unusable(`tls.cert: expected certificates in PEM (-----BEGIN …), ${readIt}`),
    () => listen({ tls: { key, cert: './cert' } }),
  ],
  [
    'a path of an authority',
    InvalidOptionsError,
    unusable(`tls.ca: expected certificates in PEM (-----BEGIN …), ${readIt}`),
    () => connect({ port: 1, tls: { ca: '/etc/ca' } }),
  ],
  [
    'a path among authorities',
    InvalidOptionsError,
    unusable(`tls.ca: expected certificates in PEM (-----BEGIN …), ${readIt}`),
    () => connect({ port: 1, tls: { ca: [cert, 'C:\\ca.crt'] } }),
  ],
  [
    'a path as bytes',
    InvalidOptionsError,
    unusable(`tls.key: expected a private key in PEM (-----BEGIN …), ${readIt}`),
    () => listen({ tls: { key: Buffer.from('../key'), cert } }),
  ],
  [
    'a path in an object',
    InvalidOptionsError,
    unusable(`tls.key: expected a private key in PEM (-----BEGIN …), ${readIt}`),
    () => listen({ tls: { key: [{ pem: '~/key' }], cert } }),
  ],
  ['a path of a pfx', InvalidOptionsError, unusable(`tls.pfx: expected bytes, ${readIt}`), () => listen({ tls: { pfx: 'server.p12' } })],
  [
    'a file that is not read yet',
    InvalidOptionsError,
    unusable('tls.key: expected a private key in PEM, got a Promise (forgotten await?)'),
    () => listen({ tls: { key: Promise.resolve(key) as Any, cert } }),
  ],
  [
    'the URL of a file',
    InvalidOptionsError,
    unusable(`tls.cert: expected certificates in PEM, got a URL: ${readIt.slice(readIt.indexOf('give'))}`),
    () => listen({ tls: { key, cert: new URL('file:///cert.pem') as Any } }),
  ],
  [
    'both in the wrong place',
    InvalidOptionsError,
    unusable('tls.key: expected a private key in PEM (-----BEGIN …), got a certificate'),
    () => listen({ tls: { key: cert, cert: key } }),
  ],
  [
    'a key for a certificate',
    InvalidOptionsError,
    unusable('tls.cert: expected certificates in PEM (-----BEGIN …), got a private key'),
    () => listen({ tls: { key, cert: key } }),
  ],
  [
    'the key of another certificate',
    InvalidOptionsError,
    unusable('tls.key: expected the private key of `cert`, got another'),
    () => listen({ tls: { key, cert: identityOf('DNS:other.example').cert } }),
  ],
  [
    'a public key',
    InvalidOptionsError,
    unusable('tls.key: expected a private key in PEM (-----BEGIN …), got PEM of another kind'),
    () => listen({ tls: { key: createPublicKey(cert).export({ type: 'spki', format: 'pem' }) as string, cert } }),
  ],
  [
    'a number for a key',
    InvalidOptionsError,
    /^these options cannot be used: tls: .*Received type number/,
    () => listen({ tls: { key: 5 as Any, cert } }),
  ],
  [
    'bytes that are no PEM',
    InvalidOptionsError,
    unusable('tls.key: expected a private key in PEM (-----BEGIN …), got none'),
    () => listen({ tls: { key: Buffer.from([0x30, 0x82, 0]), cert } }),
  ],
  [
    'an object for an authority',
    InvalidOptionsError,
    /^these options cannot be used: tls: .*Received an instance of Map$/,
    () => connect({ port: 1, tls: { ca: new Map() as Any } }),
  ],
  [
    'a key behind a passphrase',
    InvalidOptionsError,
    unusable('tls.passphrase: expected the passphrase of the private key, which is encrypted'),
    () => listen({ tls: { key: locked, cert } }),
  ],
  [
    'a wrong passphrase',
    InvalidOptionsError,
    unusable('tls.passphrase: expected the passphrase of the private key, which is encrypted'),
    () => listen({ tls: { key: locked, passphrase: 'guessed', cert } }),
  ],
  [
    'a wrong passphrase of a pfx',
    InvalidOptionsError,
    unusable('tls.passphrase: expected the passphrase of the private key, which is encrypted'),
    () => listen({ tls: { pfx: pfxOf(identityOf(), 'secret'), passphrase: 'guessed' } }),
  ],
])

t.test('the cause of options that do not load is what Node said', async (t) => {
  for (const tls of [
    { key: 'key.pem', cert: 'cert.pem' },
    { key, cert, ca: 'ca.pem' },
  ]) {
    const { cause } = (await rejection(listen({ tls }))) as { cause: Error }
    t.ok(cause instanceof Error)
    t.notMatch(cause.message, /expected/, 'and not what is said of it')
  }
})

/** A server that says this in plain text to whoever comes. */
async function plain(t: { teardown(done: () => unknown): void }, says: string): Promise<number> {
  const server = net.createServer((socket) => socket.on('error', () => {}).end(says)).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as net.AddressInfo).port
}

const failed = async (server: Server): Promise<Error> => new Promise((resolve) => server.once('handshakeError', resolve))

t.test('a client of TLS that meets plain text hears so, and a certificate that is not trusted names `ca`', async (t) => {
  const host = '127.0.0.1'
  const speaksFirst = (await rejection(connect({ host, port: await plain(t, '220 hello\r\n'), tls: true }))) as Error
  t.ok(speaksFirst instanceof HandshakeError)
  t.match(
    speaksFirst.message,
    /^the TLS handshake with 127\.0\.0\.1 failed: [^:]*; the server answers in plain text: connect without `tls`, .* startTls\(\)$|startTls/,
  )
  t.match(speaksFirst.message, /; the server answers in plain text: connect without `tls`/)
  const silent = (await rejection(connect({ host, port: await plain(t, ''), tls: true }))) as Error
  t.match(silent.message, /; the server has closed the connection: it may not speak TLS there$/)
  const server = await opened(t, { tls: { key, cert } })
  const { port } = server
  const told = failed(server)
  const strange = (await rejection(connect({ host, port, tls: true }))) as Error
  // From Node 24 on it says more in between; Bun writes `self signed`.
  t.match(
    strange.message,
    /^the TLS handshake with 127\.0\.0\.1 failed: self.signed certificate.*; the server's certificate is self-signed: give it, or the authority's, as `ca`$/,
  )
  await within(told)
  const other = (await rejection(connect({ host, port, tls: { ca: cert, servername: 'other.example' } }))) as Error
  t.match(other.message, /; connect by a name that is in the server's certificate, or give such a name as `servername`$/)
})

t.test('a server of TLS says which client failed, and that it sent plain text', async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  const told = failed(server)
  const socket = net.connect(server.port, '127.0.0.1').on('error', () => {})
  t.teardown(() => socket.destroy())
  socket.write('GET / HTTP/1.1\r\n\r\n')
  const { message } = await within(told)
  t.match(message, /^the TLS handshake with 127\.0\.0\.1:\d+ failed: .*; the client sends plain text: it must connect by TLS/)
})

t.test('a server of TLS says that a client has ended first, and why that may be', async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  const told = failed(server)
  const socket = net.connect(server.port, '127.0.0.1').on('error', () => {})
  t.teardown(() => socket.destroy())
  socket.end()
  t.match(
    (await within(told)).message,
    /; the client has ended first: it may not trust the certificate, or only check that the port is open$/,
  )
})

t.test('a startTls that fails says which side did what', async (t) => {
  const [a, b] = pair()
  const upgrade = rejection(a.startTls({ ca: cert, servername: 'localhost' }))
  await b.write('502 not implemented\r\n')
  t.match(
    ((await within(upgrade)) as Error).message,
    /^the TLS handshake with the server failed: .*; the server answers in plain text: it must have agreed to TLS before startTls\(\) is called$/,
  )
  const [c, d] = pair()
  const served = rejection(d.startTls({ key, cert, isServer: true }))
  await c.write('EHLO you\r\n')
  t.match(((await within(served)) as Error).message, /^the TLS handshake with the client failed: .*; the client sends plain text/)
})

t.test('a peer without a PROXY header is answered by who has to send one', async (t) => {
  const server = await opened(t, { proxyProtocol: true })
  const told = failed(server)
  const socket = net.connect(server.port, '127.0.0.1').on('error', () => {})
  t.teardown(() => socket.destroy())
  socket.write('GET / HTTP/1.1\r\n\r\n')
  t.equal(
    (await within(told)).message,
    'the PROXY header is malformed: the connection does not begin with one: configure the proxy to send it, or name the proxies that do in `trust`',
  )
})

// --- connecting ------------------------------------------------------------------------------------------------------

table('a connection that is refused says what the code means', [
  [
    'a port that nobody listens on',
    ConnectError,
    'no connection to 127.0.0.1, port 1, could be made (ECONNREFUSED); nothing listens there: is the server running? `errors` has the error of each attempt',
    () => connect({ host: '127.0.0.1', port: 1 }),
  ],
  [
    'a socket that is not there',
    ConnectError,
    'no connection to /nowhere.sock could be made (ENOENT); there is no such socket: is the server running? `errors` has the error of each attempt',
    () => connect({ path: '/nowhere.sock' }),
  ],
])
