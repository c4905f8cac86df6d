import t from 'tap'
import { tcpAddress, unixAddress } from '../lib/address.js'
import * as errors from '../lib/errors.js'
import {
  ConcurrentReadError,
  ConnectError,
  ConnectionClosedError,
  ConnectionLostError,
  DrainingError,
  EndOfStreamError,
  FrameError,
  HandshakeError,
  InvalidOptionsError,
  LimitExceededError,
  LinnetError,
  PlaintextBufferedError,
  TimeoutError,
  type TimeoutKind,
  untraced,
} from '../lib/errors.js'

const cause = new Error('why')
const limit = { limit: 10, size: 11, option: 'maxBytes' }
const timeout = { operation: "readUntil('\\n')", timeout: 5, kind: 'read' as TimeoutKind }
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })

/** Every class: its code, a minimal instance, one with a cause and a message, and the advice in its message. */
const family: {
  name: string
  code: string
  make: () => LinnetError
  with: (details: errors.ErrorDetails) => LinnetError
  says: RegExp
}[] = [
  {
    name: 'EndOfStreamError',
    code: 'ERR_LINNET_END_OF_STREAM',
    make: () => new EndOfStreamError(),
    with: (details) => new EndOfStreamError(details),
    says: /ended the stream before the read/,
  },
  {
    name: 'ConnectionClosedError',
    code: 'ERR_LINNET_CLOSED',
    make: () => new ConnectionClosedError(),
    with: (details) => new ConnectionClosedError(details),
    says: /`closed` tells how/,
  },
  {
    name: 'ConnectionLostError',
    code: 'ERR_LINNET_LOST',
    make: () => new ConnectionLostError(),
    with: (details) => new ConnectionLostError(details),
    says: /open a new connection/,
  },
  {
    name: 'LimitExceededError',
    code: 'ERR_LINNET_LIMIT',
    make: () => new LimitExceededError(limit),
    with: (details) => new LimitExceededError({ ...limit, ...details }),
    says: /11 bytes do not fit the limit of 10; raise `maxBytes`/,
  },
  {
    name: 'TimeoutError',
    code: 'ERR_LINNET_TIMEOUT',
    make: () => new TimeoutError(timeout),
    with: (details) => new TimeoutError({ ...timeout, ...details }),
    says: /^readUntil\('\\n'\) did not finish within 5 ms; raise `readTimeout`/,
  },
  {
    name: 'ConcurrentReadError',
    code: 'ERR_LINNET_CONCURRENT_READ',
    make: () => new ConcurrentReadError(),
    with: (details) => new ConcurrentReadError(details),
    says: /await it, or abort it/,
  },
  {
    name: 'DrainingError',
    code: 'ERR_LINNET_DRAINING',
    make: () => new DrainingError(),
    with: (details) => new DrainingError(details),
    says: /say goodbye and return/,
  },
  {
    name: 'HandshakeError',
    code: 'ERR_LINNET_HANDSHAKE',
    make: () => new HandshakeError(),
    with: (details) => new HandshakeError(details),
    says: /`cause` tells why/,
  },
  {
    name: 'PlaintextBufferedError',
    code: 'ERR_LINNET_PLAINTEXT_BUFFERED',
    make: () => new PlaintextBufferedError(),
    with: (details) => new PlaintextBufferedError(details),
    says: /read it first, or pass `{ buffered: 'feed' }`/,
  },
  {
    name: 'ConnectError',
    code: 'ERR_LINNET_CONNECT',
    make: () => new ConnectError(),
    with: (details) => new ConnectError(details),
    says: /`errors` has the error of each attempt/,
  },
  {
    name: 'FrameError',
    code: 'ERR_LINNET_FRAME',
    make: () => new FrameError(),
    with: (details) => new FrameError(details),
    says: /skip it, or close/,
  },
  {
    name: 'InvalidOptionsError',
    code: 'ERR_LINNET_OPTIONS',
    make: () => new InvalidOptionsError(),
    with: (details) => new InvalidOptionsError(details),
    says: /^these options cannot be used: see `cause`$/,
  },
]

t.test('every exported error class is tested here', async (t) => {
  const classes = Object.entries(errors).filter(([name, value]) => typeof value === 'function' && /^[A-Z].*Error$/.test(name))
  t.same(classes.map(([name]) => name).sort(), ['LinnetError', ...family.map(({ name }) => name)].sort())
})

for (const { name, code, make, with: having, says } of family) {
  t.test(`${name} has its class, its code and its name`, async (t) => {
    const error = make()
    t.ok(error instanceof Error)
    t.ok(error instanceof LinnetError)
    t.ok(error instanceof (errors as unknown as Record<string, typeof LinnetError>)[name]!)
    t.equal(error.code, code)
    t.equal(error.name, name)
    t.equal(Object.prototype.toString.call(error), '[object Error]')
    t.ok(error.stack?.startsWith(`${name}: ${error.message}\n`), 'the name is in the stack')
    t.notOk(Object.hasOwn(error, 'name'))
  })

  t.test(`the message of ${name} gives advice, and the cause is kept`, async (t) => {
    t.match(make().message, says)
    t.notOk('cause' in make(), 'no cause, no field')
    t.notOk('cause' in having({ cause: undefined }))
    const caused = having({ cause, message: 'of my own' })
    t.equal(caused.cause, cause)
    t.equal(caused.message, 'of my own')
    t.match(having({ message: undefined }).message, says)
    t.equal(having({ cause: null }).cause, null, 'whatever was thrown is a cause')
  })
}

t.test('an untraced error has its operation instead of a trace, and the next error is traced', async (t) => {
  const { stackTraceLimit } = Error
  const error = untraced("readUntil('\\n')", () => new EndOfStreamError())
  t.equal(
    error.stack,
    `EndOfStreamError: ${error.message}\n    at readUntil('\\n') (linnet: rejected from an event, no caller on the stack; LINNET_STACKS=1 shows it)`,
  )
  t.notOk(Object.keys(error).includes('stack'))
  t.equal(Error.stackTraceLimit, stackTraceLimit)
  const bare = untraced('read()', () => {
    const made = new EndOfStreamError()
    delete made.stack
    return made
  })
  t.match(bare.stack, /^EndOfStreamError: .*\n {4}at read\(\) /, 'also where the engine gives an error without a trace no stack')
  t.notOk(Object.keys(bare).includes('stack'))
  t.throws(() =>
    untraced('read()', () => {
      throw cause
    }),
  )
  t.equal(Error.stackTraceLimit, stackTraceLimit, 'also if it was not made')
})

t.test('an untraced error has a trace where the depth of traces cannot be set', async (t) => {
  const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit') as PropertyDescriptor
  t.teardown(() => Object.defineProperty(Error, 'stackTraceLimit', before))
  Object.defineProperty(Error, 'stackTraceLimit', { ...before, writable: false })
  t.match(untraced('read()', () => new EndOfStreamError()).stack, /errors\.spec/)
})

t.test('EndOfStreamError has the bytes that arrived before the end', async (t) => {
  t.same(new EndOfStreamError().partial, Buffer.alloc(0))
  t.same(new EndOfStreamError({ partial: undefined }).partial, Buffer.alloc(0))
  const partial = Buffer.from('abc')
  const error = new EndOfStreamError({ partial, cause })
  t.equal(error.partial, partial)
  t.equal(error.cause, cause)
  t.match(error.message, /the 3 bytes that arrived are in `partial` and still unread/)
  t.notMatch(new EndOfStreamError({ partial: Buffer.alloc(0) }).message, /partial/)
})

t.test('ConnectionLostError has the code of the system, and no code of another class', async (t) => {
  for (const code of ['ECONNRESET', 'EPIPE', 'ETIMEDOUT']) {
    const error = new ConnectionLostError({ cause: Object.assign(new Error('socket'), { code }) })
    t.equal(error.code, code)
    t.match(error.message, `(${code})`)
  }
  t.equal(new ConnectionLostError({ cause }).code, 'ERR_LINNET_LOST')
  for (const cause of [null, 'ECONNRESET', { code: 104 }, { code: undefined }]) {
    t.equal(new ConnectionLostError({ cause }).code, 'ERR_LINNET_LOST')
  }
  t.equal(new ConnectionLostError({ cause: new HandshakeError({ cause: refused }) }).code, 'ERR_LINNET_LOST')
  t.equal(new ConnectionLostError({ cause: { code: 'ERR_SSL_BAD_RECORD_MAC' } }).code, 'ERR_LINNET_LOST', "nor Node's or OpenSSL's")
  t.equal(new ConnectionLostError({ cause: refused, code: 'EPIPE' }).code, 'EPIPE', 'one that is given comes first')
  t.equal(new ConnectionLostError({ code: undefined }).code, 'ERR_LINNET_LOST')
})

t.test('ConnectionLostError has its peer, and its message names a peer that has a name', async (t) => {
  const remote = tcpAddress('::1', 80)
  const error = new ConnectionLostError({ remote, code: 'EPIPE' })
  t.equal(error.remote, remote)
  t.match(error.message, /^the connection to \[::1\]:80 was lost \(EPIPE\); /)
  t.match(new ConnectionLostError({ remote: unixAddress() }).message, /^the connection was lost; /)
  t.equal(new ConnectionLostError().remote, undefined)
})

t.test('LimitExceededError has the limit, the size and the option', async (t) => {
  const error = new LimitExceededError(limit)
  t.same([error.limit, error.size, error.option], [10, 11, 'maxBytes'])
})

t.test('TimeoutError has its operation, and its message names the option to raise', async (t) => {
  const hints: Record<TimeoutKind, RegExp> = {
    read: /`readTimeout`/,
    idle: /`idleTimeout`/,
    write: /`writeTimeout`/,
    close: /`closeTimeout`/,
    handshake: /`handshakeTimeout`/,
    connect: /`timeout`/,
    pipe: /`idleTimeout` or `halfCloseTimeout`/,
    call: /`timeout`/,
  }
  for (const [kind, hint] of Object.entries(hints) as [TimeoutKind, RegExp][]) {
    const error = new TimeoutError({ operation: 'read', timeout: 20, kind })
    t.same([error.operation, error.timeout, error.kind], ['read', 20, kind])
    t.match(error.message, /^read did not finish within 20 ms; /)
    t.match(error.message, hint, kind)
  }
})

t.test('HandshakeError has its peer', async (t) => {
  const remote = tcpAddress('1.2.3.4', 80)
  t.equal(new HandshakeError({ remote, cause }).remote, remote)
  t.equal(new HandshakeError().remote, undefined)
})

t.test('ConnectError has the error of each attempt, and the code of the last', async (t) => {
  const unreachable = Object.assign(new Error('connect ENETUNREACH'), { code: 'ENETUNREACH' })
  const error = new ConnectError({ errors: [unreachable, refused] })
  t.same(error.errors, [unreachable, refused])
  t.equal(error.cause, refused)
  t.equal(error.code, 'ECONNREFUSED')
  const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
  const unresolved = new ConnectError({ cause: unknown })
  t.equal(unresolved.code, 'ENOTFOUND')
  t.equal(unresolved.cause, unknown)
  t.same(unresolved.errors, [])
  t.equal(new ConnectError({ errors: [refused], cause: unknown }).cause, unknown, 'a cause that is given comes first')
  t.equal(new ConnectError({ errors: [cause] }).code, 'ERR_LINNET_CONNECT')
})

t.test('FrameError has the frame that does not decode, and the issues', async (t) => {
  const frame = Buffer.from('{')
  const issues = [{ path: ['a', 0], message: 'expected a number' }]
  const error = new FrameError({ frame, issues, cause })
  t.same([error.frame, error.issues, error.cause], [frame, issues, cause])
  t.same([new FrameError().frame, new FrameError().issues], [undefined, []])
})

t.test('InvalidOptionsError names each wrong option', async (t) => {
  const issues = [
    { path: ['endpoints', 0, 'port'], message: 'expected a number' },
    { path: [], message: 'give either `port` or `path`' },
  ]
  const error = new InvalidOptionsError({ issues })
  t.same(error.issues, issues)
  t.equal(error.message, 'these options cannot be used: endpoints.0.port: expected a number; give either `port` or `path`')
  t.same(new InvalidOptionsError().issues, [])
})

t.test('codeOf returns the code of a thrown value, and undefined if it has none', async (t) => {
  t.equal(errors.codeOf(refused), 'ECONNREFUSED')
  for (const thrown of [undefined, null, 1, 'ECONNRESET', {}, { code: 1 }, new Error('none')]) t.equal(errors.codeOf(thrown), undefined)
})
