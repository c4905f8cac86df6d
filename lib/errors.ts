// The closed family of errors. Every error that linnet makes is one of these classes, has a stable `code`, carries as
// `cause` what caused it, and says in its message what to do about it. Wrong arguments are the exception: they are
// Node's own TypeError and RangeError. A program asks `instanceof` or `code`, never the text.

import type { Address } from './address.js'
import { codeOf } from './foreign.js'

export { codeOf }

/** What every error of linnet may be given: a message of its own, and what caused it. */
export interface ErrorDetails {
  message?: string | undefined
  cause?: unknown
}

/** Marks an error as raised by the connection with this id, beside others that raised it too. */
export let raise: (error: LinnetError, id: number) => void
/** Whether the connection with this id raised it. */
export let isRaisedBy: (error: unknown, id: number) => boolean
/** Whether something is an error of linnet: asked of any value, where `instanceof` may throw (a revoked Proxy). */
export let isLinnetError: (error: unknown) => error is LinnetError

/** A detail that was given: nothing that an object inherits is one. */
function own<T extends object, K extends keyof T>(details: T, key: K): T[K] | undefined {
  return Object.hasOwn(details, key) ? details[key] : undefined
}

/** The base of all errors that linnet makes. Catch it to tell the library's errors from a program's own. */
export class LinnetError extends Error {
  /** A stable identifier: `ERR_LINNET_…`, or the operating system's code where one broke the connection. */
  readonly code: string
  /** Ids of connections. A field and no WeakMap: a server makes one error for each connection, and that costs its collector dearly. */
  #raisedBy: number | number[] | undefined

  static {
    raise = (error, id) => {
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

  // On the prototype, as Error's own: instances stay free of a field that is the same for all.
  override get name(): string {
    return this.constructor.name
  }
}

// The engine of Bun takes the first word of a stack from a value on the prototype, and calls no getter.
function nameOf({ prototype, name }: typeof LinnetError): void {
  if (!Object.hasOwn(prototype, 'name')) hidden(prototype, 'name', name)
}

/** Gives an object a member that is not enumerable. Nothing that all objects inherit is a part of how it is defined. */
function hidden(object: object, name: string, value: string): void {
  Object.defineProperty(object, name, { __proto__: null, value, writable: true, configurable: true } as PropertyDescriptor)
}

/**
 * Makes an error whose stack is not traced, which is what an error costs (seven of its eight microseconds), but says what
 * was waited for: for what an event raises. No frame of the program is on the stack then, and a server makes one for each
 * connection that ends in order.
 */
export function untraced<E extends Error>(operation: string, make: () => E): E {
  // Not everywhere may it be set (`--frozen-intrinsics`), and not every engine has it.
  const limit = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')
  if (limit?.writable !== true) return make()
  Error.stackTraceLimit = 0
  try {
    const error = make()
    const first = `${error.name}: ${error.message}`
    // Where nothing is traced, Bun makes no member that is not enumerable, and to assign it would make one that is.
    hidden(
      error,
      'stack',
      `${first}\n    at ${operation} (linnet: rejected from an event, no caller on the stack; LINNET_STACKS=1 shows it)`,
    )
    return error
  } finally {
    Error.stackTraceLimit = limit.value
  }
}

/** The peer ended its side before the read was satisfied. What had arrived is in `partial` and is still unread. */
export class EndOfStreamError extends LinnetError {
  /** The bytes that had arrived for this read. They are also still unread: `read()` returns them. */
  readonly partial: Buffer

  constructor(details: ErrorDetails & { partial?: Buffer | undefined } = {}) {
    const partial = own(details, 'partial') ?? Buffer.alloc(0)
    const hint = partial.length === 0 ? '' : `; the ${partial.length} bytes that arrived are in \`partial\` and still unread`
    super('ERR_LINNET_END_OF_STREAM', `the peer ended the stream before the read was satisfied${hint}`, details)
    this.partial = partial
  }
}

/** This side ended (for writes), closed, aborted, or cut the connection by a time limit. `cause` tells why, if it was cut. */
export class ConnectionClosedError extends LinnetError {
  constructor(details: ErrorDetails = {}) {
    super('ERR_LINNET_CLOSED', 'this side has closed the connection; `closed` tells how it ended', details)
  }
}

/** The peer or the network broke the connection. `code` is the system's where there is one. */
export class ConnectionLostError extends LinnetError {
  /** The address of the peer that was lost, as `connection.remote` says it. */
  readonly remote: Address | undefined

  constructor(details: ErrorDetails & { code?: string | undefined; remote?: Address | undefined } = {}) {
    const remote = own(details, 'remote')
    const found = own(details, 'code') ?? systemCodeOf(own(details, 'cause'))
    const code = found ?? 'ERR_LINNET_LOST'
    // A Unix peer has no name, and one that had reset before it came has no address.
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

/** A message or a queue is larger than its limit. Nothing was consumed: raise `option`, or skip the message. */
export class LimitExceededError extends LinnetError {
  /** The limit, in bytes. */
  readonly limit: number
  /** The size that was asked for, or that had arrived, in bytes. */
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

/** Which kind of time limit ran out. */
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

/** A time limit ran out. A read that timed out consumed nothing. */
export class TimeoutError extends LinnetError {
  /** What was waited for, as `connection.waiting` says it: `readUntil('\n')`, `write`, `close` … */
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

/** The server is closing: this read was waiting for a new message, or `add` came too late. */
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
  /** The client's address, as far as it is known. */
  readonly remote: Address | undefined

  constructor(details: ErrorDetails & { remote?: Address | undefined } = {}) {
    super('ERR_LINNET_HANDSHAKE', 'the handshake failed; `cause` tells why', details)
    this.remote = own(details, 'remote')
  }
}

/** `startTls` was called with unread plain text, which might have been injected. */
export class PlaintextBufferedError extends LinnetError {
  constructor(details: ErrorDetails = {}) {
    super(
      'ERR_LINNET_PLAINTEXT_BUFFERED',
      "plain text is still unread, which might be injected; read it first, or pass `{ buffered: 'feed' }`",
      details,
    )
  }
}

/** No address answered, or the name has none. `code` is that of the attempt that failed last. */
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

/** One thing that does not fit: where, and what was expected there. */
export interface Issue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** A frame does not decode, or does not fit its schema. */
export class FrameError extends LinnetError {
  /** The frame, or as much of it as there is. */
  readonly frame: Buffer | undefined
  readonly issues: readonly Issue[]

  constructor(details: ErrorDetails & { frame?: Buffer | undefined; issues?: readonly Issue[] | undefined } = {}) {
    super('ERR_LINNET_FRAME', 'the frame does not decode; skip it, or close the connection', details)
    this.frame = own(details, 'frame')
    this.issues = own(details, 'issues') ?? []
  }
}

/** Options do not fit. `issues` names each bad path and what was expected there. */
export class InvalidOptionsError extends LinnetError {
  readonly issues: readonly Issue[]

  constructor(details: ErrorDetails & { issues?: readonly Issue[] | undefined } = {}) {
    const issues = own(details, 'issues') ?? []
    const list = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    super('ERR_LINNET_OPTIONS', `these options cannot be used: ${list.join('; ') || 'see `cause`'}`, details)
    this.issues = issues
  }
}

// A bundler that minifies a program renames the classes, but not these keys.
const classes = {
  ...{ LinnetError, EndOfStreamError, ConnectionClosedError, ConnectionLostError, LimitExceededError, TimeoutError, ConcurrentReadError },
  ...{ DrainingError, HandshakeError, PlaintextBufferedError, ConnectError, FrameError, InvalidOptionsError },
}
for (const [value, each] of Object.entries(classes)) Object.defineProperty(each, 'name', { value, configurable: true })

// `ERR_…` are codes of Node, OpenSSL or linnet (a failed `startTls` is the cause of later losses): a loss must not go by
// the code of its cause, or a program that asks for that code gets another class than it thinks.
function systemCodeOf(error: unknown): string | undefined {
  const code = codeOf(error)
  return code?.startsWith('ERR_') ? undefined : code
}
