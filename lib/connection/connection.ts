// The public face of a connection: how it is made, run, upgraded, bridged and closed. Each method is a few calls of the core
// and its halves. Everything else that a program calls is inherited, one idea a class: what can be changed (`settings.ts`),
// writing (`write-methods.ts`), the properties (`info.ts`), and reading (`reading/read-methods.ts`), which the reader of a
// message has too.

import { kindOf } from '../kind-of.js'
import { functionOf } from '../options/arguments.js'
import { type ConnectionOptions, defaultConnectionOptions, resolveConnectionOptions } from '../options/connection.js'
import { markIfIgnorable, rejectHandled } from '../rejections.js'
import { showBy } from '../shown-as.js'
import { systemClock } from '../transport/clock.js'
import { carrierFor } from '../transport/duplex.js'
import { adviceFor, secondStream } from '../transport/no-stream.js'
import { toDuplex } from './bridges/duplex.js'
import type { ConnectionDuplex } from './bridges/socket-duplex.js'
import { toWeb, type WebStreams } from './bridges/web.js'
import type { ConnectionInfo } from './info.js'
import { inspectConnection } from './inspect.js'
import { ConnectionCore } from './lifecycle.js'
import { Message } from './reading/message.js'
import { type ReadOptions, type ResolvedReadOptions, resolvePlainOptions } from './reading/read-options.js'
import type { Reader } from './reading/reader.js'
import { runHandler, superviseHandler } from './run.js'
import { ConnectionSettings } from './settings.js'
import { type StartTlsOptions, startTls } from './start-tls.js'

/** The program of a connection: an async function that reads, decides, writes, and returns. */
export type Handler<T = unknown> = (connection: Connection) => T | PromiseLike<T>

/** The core of a connection, for other modules of the library. */
export let coreOf: (connection: Connection) => ConnectionCore

/** `connection.run(handler)` without a promise: calls `settled` when it would resolve. For a connection of a server. */
export let runFor: (connection: Connection, handler: Handler, settled: () => void) => void

/** Whether a value is a Connection of this library. */
export let isConnection: (value: unknown) => value is Connection

/** Advice in the error for what `Connection.from` cannot use. */
function insteadOf(stream: unknown): string {
  return isConnection(stream) ? ': it is one already' : adviceFor(stream)
}

/**
 * A connection with awaited reads and writes: whatever goes wrong rejects the call that is awaited.
 *
 * Made by a server, by `connect`, by `linnet/testing`, or from any stream by `Connection.from`.
 *
 * @example
 * const name = await connection.readLine()
 * await connection.write(`hello ${name}\n`)
 * await connection.close()
 */
export class Connection extends ConnectionSettings implements AsyncDisposable {
  readonly #core: ConnectionCore
  #ran = false

  static {
    coreOf = (connection) => connection.#core
    runFor = (connection, handler, settled) => {
      if (connection.#ran) return void connection.run(handler).then(settled)
      connection.#ran = true
      superviseHandler(connection, connection.#core, handler, settled, settled)
    }
    isConnection = (value): value is Connection => typeof value === 'object' && value !== null && #core in value
    showBy(Connection.prototype, 'Connection', (value, depth, options) =>
      isConnection(value) ? inspectConnection(value.#core, depth, options) : undefined,
    )
  }

  /** @internal */
  constructor(core: ConnectionCore, server?: ConnectionInfo['server']) {
    if (!(core instanceof ConnectionCore))
      throw new TypeError('a Connection is made by listen(), connect() or Connection.from(), not by new')
    super(core, server)
    this.#core = core
  }

  /**
   * Makes a connection from a stream: a Node Duplex, or `{ readable, writable }` of Node or web streams, such as those of a
   * child process, an SSH channel or stdio. The connection takes the stream over: nothing else may read or write it.
   *
   * **Returns** a client's connection: `run` rejects with what its handler throws, and `drain()` works.
   *
   * **Throws** InvalidOptionsError for options that are not valid; TypeError if `stream` is no stream.
   *
   * With `process.stdin` and `process.stdout` pass `closeTimeout: 0`: Node ends stdout only when the process exits.
   *
   * @param options - the connection options of `listen`
   * @example
   * const child = spawn('bc')
   * const connection = Connection.from({ readable: child.stdout, writable: child.stdin })
   */
  static from(stream: unknown, options?: ConnectionOptions): Connection {
    const second = secondStream(options)
    if (second !== undefined) throw new TypeError(second)
    const resolved = options === undefined ? defaultConnectionOptions : resolveConnectionOptions(options)
    const carrier = carrierFor(stream)
    if (carrier === undefined)
      throw new TypeError(`stream must be a Duplex or { readable, writable }, not ${kindOf(stream)}${insteadOf(stream)}`)
    carrier.setNoDelay(resolved.noDelay)
    if (resolved.keepAlive) carrier.setKeepAlive(true, resolved.keepAliveInitialDelay)
    return new Connection(new ConnectionCore(carrier, resolved, systemClock))
  }

  // --- reading, but for what is inherited ------------------------------------------------------------------------------

  /**
   * Reads a message that takes several reads as if it were one read: `signal`, `timeout`, `readTimeout` and `maxBytes` hold
   * for the message as a whole, and only its first byte is waited for as idle.
   *
   * **Resolves** with what `read` resolves with.
   *
   * **Rejects** with
   * - what `read` rejects with: the error of one of its reads, or an error of its own;
   * - the reason of `signal`, or TimeoutError, also between two reads;
   * - LimitExceededError if the message needs more than `maxBytes`;
   * - ConcurrentReadError if a read is pending. While the message is read, every other read of the connection rejects so;
   * - DrainingError if the connection is asked to finish before the first byte;
   * - TypeError or RangeError for an argument that is not valid.
   *
   * **Cancelling**, a time limit or a failed read leaves all bytes of the message unread. If `read` rejects with an error
   * of its own, the bytes that it has read stay consumed.
   *
   * @param read - called at once, with the reader that it must read through
   * @param options - `timeout` in milliseconds, `maxBytes` in bytes. Default: `readTimeout`, `idleTimeout` and `maxBufferSize`
   * @example
   * const body = await connection.readMessage(async (reader) => {
   *   const size = Number(await reader.readLine())
   *   return reader.readExactly(size)
   * }, { timeout: 5000 })
   */
  readMessage<T>(read: (reader: Reader) => T | PromiseLike<T>, options?: ReadOptions): Promise<T> {
    let resolved: ResolvedReadOptions | undefined
    try {
      functionOf(read, 'read')
      resolved = resolvePlainOptions(options)
      this.#core.readHalf.assertReadable(undefined, resolved.signal)
      return new Message(this.#core.readHalf, resolved).read(read)
    } catch (error) {
      return rejectHandled(error, resolved?.signal)
    }
  }

  // --- ending ----------------------------------------------------------------------------------------------------------

  /**
   * Closes the connection in order: sends what is queued, ends this side, drops what the peer still sends until it ends
   * too, and releases the socket. Pending and later reads reject with ConnectionClosedError at once, and so do later writes.
   *
   * **Resolves** when the connection is closed. `closeTimeout` (5 000 ms) bounds silence, not the whole: everything that was
   * written is delivered, however slowly the peer reads. If it runs out while bytes are queued, the connection is reset, so
   * that the peer cannot take the cut for an end.
   *
   * **Rejects** never; `closed` says how the connection ended.
   *
   * **Cancelling** is not possible; `abort()` ends the wait.
   *
   * @example
   * await connection.close()
   */
  async close(): Promise<void> {
    this.#core.close()
    await this.#core.closeState.closed
  }

  /**
   * Discards all queued and buffered data and resets the connection. Pending and later calls reject with a
   * ConnectionClosedError whose `cause` is `reason`. Does nothing on a closed connection.
   *
   * @example
   * connection.abort(new Error('the peer sent two requests at once'))
   */
  abort(reason?: unknown): void {
    this.#core.abort(reason)
  }

  /** The same as `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * Asks this connection to finish, as `server.close()` asks all of a server: a read that waits for a new message rejects
   * with DrainingError, reads within a message go on, and `drainSignal` aborts.
   *
   * @example
   * setTimeout(() => connection.drain(), 60_000)
   */
  drain(): void {
    this.#core.drain()
  }

  /**
   * Calls `handler(connection)`, and closes the connection when the handler has returned or failed. A connection has one
   * handler.
   *
   * **Resolves** when the connection is closed. On a server's connection with `undefined`, whatever the handler did. On a
   * client's connection with what the handler returned.
   *
   * **Rejects**
   * - on a server's connection never. An error that the connection itself raised (end, loss, close, drain, a limit) is a
   *   normal end, reported by `closed`; any other error is emitted by the server as `handlerError`;
   * - on a client's connection with what the handler threw;
   * - on the server's end of a `pair` with what a server would emit as `handlerError`;
   * - with TypeError on a second call, or if `handler` is no function (on a server's connection a `handlerError`).
   *
   * **Cancelling** is not possible; `abort()` makes the handler's pending reads and writes reject.
   *
   * @example
   * for await (const connection of server) {
   *   connection.run(async (connection) => {
   *     await connection.write(await connection.readLine())
   *   })
   * }
   */
  run<T>(handler: Handler<T>): Promise<T | undefined> {
    const again = this.#ran
    this.#ran = true
    return runHandler(this, this.#core, handler, again)
  }

  /**
   * Upgrades the connection to TLS in place, as the side that it is (see `isServer`). Queued writes are sent in plain text,
   * then `reply`. From the call on, all bytes that arrive belong to the handshake; reads and writes wait for its end. A
   * client verifies the certificate against the host that it connected to, or `servername`. Limits and counters go on.
   *
   * **Resolves** when the handshake is complete.
   *
   * **Rejects** at the call, with nothing sent and the plain connection unchanged, with
   * - InvalidOptionsError for options that are not valid, or keys and certificates that do not load;
   * - TypeError if the connection uses TLS already, or is being upgraded;
   * - ConnectionClosedError after `end()` or `close()`, ConnectionLostError after a loss;
   * - ConcurrentReadError if a read is pending;
   * - PlaintextBufferedError if plain text is unread, which an attacker may have injected. `buffered: 'feed'` passes it to
   *   the handshake instead.
   *
   * Later it rejects with HandshakeError if the handshake fails, or takes longer than `handshakeTimeout` (10 000 ms; `cause`
   * is then a TimeoutError): the connection is closed.
   *
   * **Cancelling** is not possible; `abort()` cuts the handshake and the connection.
   *
   * @example
   * // A server's side of STARTTLS in SMTP, https://www.rfc-editor.org/rfc/rfc3207
   * await connection.startTls({ key, cert, reply: '220 go ahead\r\n' })
   */
  startTls(options?: StartTlsOptions): Promise<void> {
    return markIfIgnorable(startTls(this.#core, options))
  }

  // --- bridges ---------------------------------------------------------------------------------------------------------

  /**
   * Makes a Node Duplex from the connection. It reads the connection from now on: other reads reject with
   * ConcurrentReadError, and read limits and draining do not apply to it. It has the members of `net.Socket` that libraries
   * use (addresses, `encrypted`, `setTimeout` …), so that an HTTP server accepts it as a connection.
   *
   * **Returns** the Duplex. A write calls back when the system has its bytes. A loss is its `error`. `destroy(error)` is
   * `abort(error)`. `destroy()` closes in order once this side has ended, and, with nothing unsent, while the server drains
   * or after a `timeout` event; otherwise it aborts.
   *
   * **Throws** ConcurrentReadError with a read pending, ConnectionClosedError on a closed connection.
   *
   * @example
   * httpServer.emit('connection', connection.toDuplex())
   */
  toDuplex(): ConnectionDuplex {
    return toDuplex(this.#core)
  }

  /**
   * Makes web streams from the connection. They read the connection from now on: other reads reject with
   * ConcurrentReadError, and read limits and draining do not apply to them.
   *
   * **Returns** `{ readable, writable }`. Cancelling `readable` gives reading back to the connection; aborting `writable`
   * aborts the connection.
   *
   * **Throws** ConcurrentReadError with a read pending, ConnectionClosedError on a closed connection.
   *
   * @example
   * const { readable } = connection.toWeb()
   * await readable.pipeThrough(new DecompressionStream('gzip')).pipeTo(destination)
   */
  toWeb(): WebStreams {
    return toWeb(this.#core)
  }
}
