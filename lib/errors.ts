// All error classes of linnet. Each error has a stable `code`, its cause as `cause`, and a message that says what to do. Wrong
// arguments are the exception: they are TypeErrors and RangeErrors, as in Node. A program tests `instanceof` or `code`, never
// the message.

import type { Address } from './address.js'
import { codeOf } from './foreign.js'

export { codeOf }

/** The details that the constructor of every error takes. */
export interface ErrorDetails {
  /** Replaces the default message. */
  message?: string | undefined
  cause?: unknown
}

/** Marks an error as raised by the connection with this id. Several connections may raise one error. */
export let markRaisedBy: (error: LinnetError, id: number) => void
/** Whether the connection with this id raised it. */
export let isRaisedBy: (error: unknown, id: number) => boolean
/** Whether a value is an error of linnet. Never throws; `instanceof` does for a revoked Proxy. */
export let isLinnetError: (error: unknown) => error is LinnetError

/** An own property of the details; inherited ones are ignored. */
function own<T extends object, K extends keyof T>(details: T, key: K): T[K] | undefined {
  return Object.hasOwn(details, key) ? details[key] : undefined
}

/** The base class of linnet's errors. `instanceof LinnetError` distinguishes them from a program's own errors. */
export class LinnetError extends Error {
  /** A stable identifier: `ERR_LINNET_…`, or the operating system's code where one broke the connection. */
  readonly code: string
  /** Ids of connections. A field instead of a WeakMap: a server makes an error for each connection, and each WeakMap entry slows the garbage collector. */
  #raisedBy: number | number[] | undefined

  static {
    markRaisedBy = (error, id) => {
      const known = error.#raisedBy
      error.#raisedBy = known === undefined || known === id ? id : [id].concat(known)
    }
    isLinnetError = (error): error is LinnetError => typeof error === 'object' && error !== null && #raisedBy in error
    isRaisedBy = (error, id) => {
      if (!isLinnetError(error)) return false
      return typeof error.#raisedBy === 'object' ? error.#raisedBy.includes(id) : error.#raisedBy === id
    }
  }

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    const cause = own(details, 'cause')
    nameOf(new.target)
    super(own(details, 'message') ?? message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

// On the prototype, as with Error: it is the same for all instances of a class. It is no getter, because Bun takes the first word
// of a stack from a data property only.
function nameOf({ prototype, name }: typeof LinnetError): void {
  if (!Object.hasOwn(prototype, 'name')) defineHidden(prototype, 'name', name)
}

/** Defines a property that is not enumerable. `__proto__: null` keeps a polluted Object.prototype out of the descriptor. */
function defineHidden(object: object, name: string, value: string): void {
  Object.defineProperty(object, name, { __proto__: null, value, writable: true, configurable: true } as PropertyDescriptor)
}

/**
 * Makes an error without a stack trace, whose `stack` names the pending operation instead. For errors that an event raises:
 * no frame of the program is on the stack then, tracing takes seven of an error's eight microseconds, and a server makes one
 * error for each connection that ends normally.
 */
export function untraced<E extends Error>(operation: string, make: () => E): E {
  // Decision: docs/decisions/an-end-has-no-trace.md
  // Under `--frozen-intrinsics` it is read-only, and not every engine has it.
  const limit = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')
  if (limit?.writable !== true) return make()
  Error.stackTraceLimit = 0
  try {
    const error = make()
    const first = `${error.name}: ${error.message}`
    const stack = `${first}\n    at ${operation} (linnet: rejected from an event, no caller on the stack; LINNET_STACKS=1 shows it)`
    // V8 formats the stack that it has before it defines another one, which takes as long as making the error. An assignment does
    // not. Without a trace Bun defines no `stack`; assigning it would make it enumerable.
    if (Object.hasOwn(error, 'stack')) error.stack = stack
    else defineHidden(error, 'stack', stack)
    return error
  } finally {
    Error.stackTraceLimit = limit.value
  }
}

/** The peer ended its side before the read was satisfied. The bytes that had arrived are in `partial` and remain unread. */
export class EndOfStreamError extends LinnetError {
  /** The bytes that had arrived for this read. They remain unread: `read()` returns them. */
  readonly partial: Buffer

  constructor(details: ErrorDetails & { partial?: Buffer | undefined } = {}) {
    const partial = own(details, 'partial') ?? Buffer.alloc(0)
    const hint = partial.length === 0 ? '' : `; the ${partial.length} bytes that arrived are in \`partial\` and still unread`
    super('ERR_LINNET_END_OF_STREAM', `the peer ended the stream before the read was satisfied${hint}`, details)
    this.partial = partial
  }
}

/** This side has ended (for writes), closed, aborted, or exceeded a time limit. If the connection was cut, `cause` is the reason. */
export class ConnectionClosedError extends LinnetError {
  constructor(details: ErrorDetails = {}) {
    super('ERR_LINNET_CLOSED', 'this side has closed the connection; `closed` tells how it ended', details)
  }
}

/** The peer or the network broke the connection. `code` is the system's code if there is one, else `ERR_LINNET_LOST`. */
export class ConnectionLostError extends LinnetError {
  /** The address of the peer, as in `connection.remote`. */
  readonly remote: Address | undefined

  constructor(details: ErrorDetails & { code?: string | undefined; remote?: Address | undefined } = {}) {
    const remote = own(details, 'remote')
    const found = own(details, 'code') ?? systemCodeOf(own(details, 'cause'))
    const code = found ?? 'ERR_LINNET_LOST'
    // A Unix peer, and a peer that reset before it was accepted, have no address.
    const whose = remote === undefined || remote.address === '' ? '' : ` to ${remote}`
    super(
      code,
      `the connection${whose} was lost${found ? ` (${found})` : ''}; what had arrived before was delivered, open a new connection to go on`,
      details,
    )
    this.remote = remote
  }
}

const limitHints: ReadonlyMap<string, string> = new Map([
  ['maxBufferSize', 'raise `maxBufferSize`, or give the read a `maxBytes` of its own,'],
  ['maxWriteBuffer', 'await the writes, so that they wait for a slow peer, or raise `maxWriteBuffer`'],
])

/** A message or a queue exceeds its limit. A read has consumed nothing: raise `option`, or skip the message. */
export class LimitExceededError extends LinnetError {
  /** The limit, in bytes. */
  readonly limit: number
  /** The size that was requested or that had arrived, in bytes. */
  readonly size: number
  /** The option that raises the limit. */
  readonly option: string

  constructor(details: ErrorDetails & { limit: number; size: number; option: string }) {
    const { limit, size, option } = details
    super(
      'ERR_LINNET_LIMIT',
      `${size} bytes do not fit the limit of ${limit}; ${limitHints.get(option) ?? `raise \`${option}\``} if that much is expected`,
      details,
    )
    this.limit = limit
    this.size = size
    this.option = option
  }
}

/** The kind of time limit that expired. */
export type TimeoutKind = 'read' | 'idle' | 'write' | 'close' | 'handshake' | 'connect' | 'pipe' | 'call'

const timeoutHints: Record<TimeoutKind, string> = {
  read: 'raise `readTimeout` if a message may take longer',
  idle: 'raise `idleTimeout` if a peer may be silent for longer',
  write: 'the peer takes nothing; raise `writeTimeout` if it may be slower',
  close: 'the peer takes nothing; raise `closeTimeout` if it may be slower',
  handshake: 'raise `handshakeTimeout` if a handshake may take longer',
  connect: 'raise `timeout` if connecting may take longer',
  pipe: 'raise `idleTimeout` or `halfCloseTimeout` if a side may be silent for longer',
  call: 'raise its `timeout`, or read again: nothing was consumed',
}

/** A time limit expired. A read that timed out has consumed nothing. */
export class TimeoutError extends LinnetError {
  /** The pending operation, as in `connection.waiting`: `readUntil('\n')`, `write`, `close` … */
  readonly operation: string
  /** The limit, in milliseconds. */
  readonly timeout: number
  readonly kind: TimeoutKind

  constructor(details: ErrorDetails & { operation: string; timeout: number; kind: TimeoutKind }) {
    const { operation, timeout, kind } = details
    super('ERR_LINNET_TIMEOUT', `${operation} did not finish within ${timeout} ms; ${timeoutHints[kind]}`, details)
    this.operation = operation
    this.timeout = timeout
    this.kind = kind
  }
}

/** A read was asked for while another one is pending. The pending one is untouched. */
export class ConcurrentReadError extends LinnetError {
  constructor(details: ErrorDetails = {}) {
    super('ERR_LINNET_CONCURRENT_READ', 'a read is already pending on this connection: await it, or abort it by its `signal`', details)
  }
}

/** The server is closing: the read was waiting for a new message, or `add` was called too late. */
export class DrainingError extends LinnetError {
  constructor(details: ErrorDetails = {}) {
    super(
      'ERR_LINNET_DRAINING',
      '`server.close()` or `drain()` asks this connection to finish, and no new message is begun; say goodbye and return',
      details,
    )
  }
}

/** A TLS handshake or a PROXY protocol header failed. */
export class HandshakeError extends LinnetError {
  /** The address of the client, if it is known. */
  readonly remote: Address | undefined

  constructor(details: ErrorDetails & { remote?: Address | undefined } = {}) {
    super('ERR_LINNET_HANDSHAKE', 'the handshake failed; `cause` tells why', details)
    this.remote = own(details, 'remote')
  }
}

/** `startTls` was called while plain text was unread, which an attacker may have injected. */
export class PlaintextBufferedError extends LinnetError {
  constructor(details: ErrorDetails = {}) {
    super(
      'ERR_LINNET_PLAINTEXT_BUFFERED',
      "plain text is still unread, which might be injected; read it first, or pass `{ buffered: 'feed' }`",
      details,
    )
  }
}

/** The name has no address, or no address answered. `code` is that of the last failed attempt. */
export class ConnectError extends LinnetError {
  /** The error of every attempt, in the order in which they failed. */
  readonly errors: readonly Error[]

  constructor(details: ErrorDetails & { errors?: readonly Error[] | undefined } = {}) {
    const errors = own(details, 'errors') ?? []
    const named = own(details, 'cause')
    const cause = named === undefined ? errors.at(-1) : named
    super(codeOf(cause) ?? 'ERR_LINNET_CONNECT', 'no connection could be made; `errors` has the error of each attempt', {
      message: own(details, 'message'),
      cause,
    })
    this.errors = errors
  }
}

/** One invalid value: its path, and what was expected there. */
export interface Issue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** A frame does not decode, or does not match its schema. */
export class FrameError extends LinnetError {
  /** The frame, or the part of it that arrived. */
  readonly frame: Buffer | undefined
  readonly issues: readonly Issue[]

  constructor(details: ErrorDetails & { frame?: Buffer | undefined; issues?: readonly Issue[] | undefined } = {}) {
    super('ERR_LINNET_FRAME', 'the frame does not decode; skip it, or close the connection', details)
    this.frame = own(details, 'frame')
    this.issues = own(details, 'issues') ?? []
  }
}

/** Options are invalid. `issues` has the path of each invalid value and what was expected there. */
export class InvalidOptionsError extends LinnetError {
  readonly issues: readonly Issue[]

  constructor(details: ErrorDetails & { issues?: readonly Issue[] | undefined } = {}) {
    const issues = own(details, 'issues') ?? []
    const list = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    super('ERR_LINNET_OPTIONS', `these options cannot be used: ${list.join('; ') || 'see `cause`'}`, details)
    this.issues = issues
  }
}

// A minifier renames the classes, but not these keys.
const classes = {
  ...{ LinnetError, EndOfStreamError, ConnectionClosedError, ConnectionLostError, LimitExceededError, TimeoutError, ConcurrentReadError },
  ...{ DrainingError, HandshakeError, PlaintextBufferedError, ConnectError, FrameError, InvalidOptionsError },
}
for (const [value, each] of Object.entries(classes)) Object.defineProperty(each, 'name', { value, configurable: true })

// `ERR_…` are codes of Node, OpenSSL or linnet; a failed `startTls`, for example, is the cause of later losses. A loss does not
// take such a code from its cause, since a program that tests for the code would get an unexpected class.
function systemCodeOf(error: unknown): string | undefined {
  const code = codeOf(error)
  return code?.startsWith('ERR_') ? undefined : code
}
