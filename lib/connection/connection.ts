// The connection as a program sees it. Every method here is a sentence or two over the core and its halves; reading is
// inherited, since the reader of a message reads by the same methods.

import { kindOf } from '../kind-of.js'
import { type ConnectionOptions, changedLimits, connectionSettings, defaultSettings, type LimitChanges } from '../options/connection.js'
import { ignorable, rejectHandled } from '../rejections.js'
import type { Server } from '../server/server.js'
import { showBy } from '../shown-as.js'
import { systemClock } from '../transport/clock.js'
import { carrierFor } from '../transport/duplex.js'
import { adviceFor, secondStream } from '../transport/no-stream.js'
import { toDuplex } from './bridges/duplex.js'
import type { ConnectionDuplex } from './bridges/socket-duplex.js'
import { toWeb, type WebStreams } from './bridges/web.js'
import { ConnectionInfo } from './info.js'
import { inspectConnection } from './inspect.js'
import { ConnectionCore } from './lifecycle.js'
import { Message } from './reading/message.js'
import { booleanOf, delayOf, functionOf, type ReadOptions, type ResolvedReadOptions, resolvePlainOptions } from './reading/read-options.js'
import type { Reader } from './reading/reader.js'
import { type Handler, runHandler, superviseHandler } from './run.js'
import { type StartTlsOptions, startTls } from './start-tls.js'
import type { WriteData } from './writing/write-data.js'
import { type WriteSource, writeFrom } from './writing/write-from.js'

/** The core of a connection, for the rooms of the library. */
export let coreOf: (connection: Connection) => ConnectionCore

/** `connection.run(handler)` without a promise: calls `settled` when it would resolve. For a connection of a server. */
export let runFor: (connection: Connection, handler: Handler, settled: () => void) => void

/** Whether something is a connection of ours. */
export let isConnection: (value: unknown) => value is Connection

/** What a stream of one direction, or a connection, is made a connection by. */
function insteadOf(stream: unknown): string {
  return isConnection(stream) ? ': it is one already' : adviceFor(stream)
}

/**
 * A linear connection: reads and writes are awaited, and whatever goes wrong is a rejection of what was awaited.
 *
 * Made by a server, by `connect`, by `linnet/testing`, or of any stream by `Connection.from`.
 *
 * @example
 * const name = await connection.readLine()
 * await connection.write(`hello ${name}\n`)
 * await connection.close()
 */
export class Connection extends ConnectionInfo implements AsyncDisposable {
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
  constructor(core: ConnectionCore, server?: Server) {
    if (!(core instanceof ConnectionCore))
      throw new TypeError('a Connection is made by listen(), connect() or Connection.from(), not by new')
    super(core, server)
    this.#core = core
  }

  /**
   * Makes a connection of anything that is a stream: a Node Duplex, or `{ readable, writable }` of Node or web streams
   * (child processes, SSH channels, stdio). It takes the stream over; nobody else may read from it or write to it.
   *
   * It is a client's connection: its `run` rejects with whatever the handler throws, and `drain()` asks it to finish. Of
   * `process.stdin` and `process.stdout`: give `closeTimeout: 0`, since Node ends stdout only with the process.
   *
   * @param options - the connection options of `listen`
   * @throws InvalidOptionsError for options that do not fit, TypeError for what is no stream
   * @example
   * const child = spawn('bc')
   * const connection = Connection.from({ readable: child.stdout, writable: child.stdin })
   */
  static from(stream: unknown, options?: ConnectionOptions): Connection {
    const second = secondStream(options)
    if (second !== undefined) throw new TypeError(second)
    const resolved = options === undefined ? defaultSettings : connectionSettings(options)
    const carrier = carrierFor(stream)
    if (carrier === undefined)
      throw new TypeError(`stream must be a Duplex or { readable, writable }, not ${kindOf(stream)}${insteadOf(stream)}`)
    carrier.setNoDelay(resolved.noDelay)
    if (resolved.keepAlive) carrier.setKeepAlive(true, resolved.keepAliveInitialDelay)
    return new Connection(new ConnectionCore(carrier, resolved, systemClock))
  }

  // --- reading, but for what is inherited ------------------------------------------------------------------------------

  /**
   * Reads a message that takes several reads, as one: only its first byte is waited for as idle; `signal`, `timeout`,
   * `maxBytes` and `readTimeout` hold for the whole. If it fails by a read in it, is aborted or out of time, all its bytes
   * are unread again. If its function rejects with an error of its own, what it took stays taken.
   *
   * Resolves with what `read` resolves with. Any other read of the connection meanwhile is a ConcurrentReadError.
   *
   * @param read - an async function, called at once, that reads through its argument
   * @example
   * const body = await connection.readMessage(async (reader) => {
   *   const size = Number(await reader.readLine())
   *   return reader.readExactly(size)
   * }, { timeout: 5000 })
   */
  readMessage<T>(read: (reader: Reader) => T | PromiseLike<T>, options?: ReadOptions): Promise<T> {
    let plan: ResolvedReadOptions | undefined
    try {
      functionOf(read, 'read')
      plan = resolvePlainOptions(options)
      this.#core.readHalf.assertReadable(undefined, plan.signal)
      return new Message(this.#core.readHalf, plan).read(read)
    } catch (error) {
      return rejectHandled(error, plan?.signal)
    }
  }

  // --- writing and ending ----------------------------------------------------------------------------------------------

  /**
   * Queues all of `data`, in the order of calls. Writes of one turn of the event loop leave together where they fit, at the
   * latest at its end, and earlier when a read of the connection begins to wait. One write is never split by another.
   *
   * Resolves when the caller may write more and use the memory of `data` again: once less than `writeHighWaterMark` is
   * queued and each piece of 16 KiB or more was handed to the system. Smaller pieces are copied at the call. Larger ones
   * whose write is not awaited belong to the connection until `flush()` resolves: if their memory is transferred or made
   * smaller before, the connection is aborted with a TypeError.
   *
   * Rejects with TypeError for what cannot be written and for memory that is gone, RangeError for an unknown encoding
   * (nothing is sent), LimitExceededError (`maxWriteBuffer` was still queued: the connection is aborted),
   * ConnectionClosedError, or ConnectionLostError. The promise may be ignored: a failed connection makes no unhandled
   * rejection.
   *
   * @param encoding - what text is encoded as, one of Node's; default: UTF-8
   * @example
   * await connection.write('Grüße\r\n', 'latin1')
   */
  write(data: WriteData, encoding?: BufferEncoding): Promise<void> {
    return encoding === undefined ? this.#core.writeHalf.write(data) : this.#core.writeHalf.writeEncoded(data, encoding)
  }

  /**
   * Takes all of it if less than `writeHighWaterMark` is queued; else, or when the connection ends, nothing and says false.
   * Throws TypeError. Where the queue is full, what was written in this turn is handed to the system first.
   */
  tryWrite(data: WriteData): boolean {
    return this.#core.writeHalf.tryWrite(data)
  }

  /** Resolves when all bytes written so far were handed to the operating system; rejects as `write` if some of them were lost. */
  flush(): Promise<void> {
    return this.#core.writeHalf.flush()
  }

  /**
   * Writes an (async) iterable or a Readable with back-pressure; does not end the stream. Resolves with the number of
   * bytes. An error of the source rejects it as it is; when the connection fails, the source is returned or destroyed.
   */
  writeFrom(source: WriteSource): Promise<number> {
    return ignorable(writeFrom(this.#core, source))
  }

  /** Flush, then end the sending side (FIN); reading goes on. Resolves once sent. With data, that is written first. A second one does nothing. */
  end(data?: WriteData): Promise<void> {
    try {
      if (data !== undefined) this.#core.writeHalf.put(data)
    } catch (error) {
      return rejectHandled(error)
    }
    return this.#core.finish()
  }

  /**
   * Flush, end, drop what the peer still sends until it ends too, then release. Resolves when the connection is over;
   * never rejects. `closeTimeout` bounds silence, not the whole: what was written arrives however slowly the peer reads.
   */
  async close(): Promise<void> {
    this.#core.close()
    await this.#core.closeState.closed
  }

  /** Drops everything and resets the connection now. Every pending and later call says ConnectionClosedError, `cause: reason`. */
  abort(reason?: unknown): void {
    this.#core.abort(reason)
  }

  /** `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Asks this one connection to finish, as `server.close()` asks all: a read that waits for a new message rejects with DrainingError. */
  drain(): void {
    this.#core.drain()
  }

  /**
   * Calls `handler(connection)` and closes the connection afterwards, whatever happened; resolves when it is over. What
   * this connection itself raised (end, loss, close, drain, limits) is a normal end, told by `closed`; everything else is
   * the server's `handlerError`. A client's resolves and rejects as the handler did. The server's end of a `pair` resolves
   * with undefined after a normal end, and rejects with what would be a server's `handlerError`.
   */
  run<T>(handler: Handler<T>): Promise<T | undefined> {
    const again = this.#ran
    this.#ran = true
    return runHandler(this, this.#core, handler, again)
  }

  /**
   * Upgrades the connection to TLS in place, as the side that it is (`isServer` says otherwise); a client verifies the
   * certificate against the host that it connected to, or `servername`. What was written before leaves in plain text, then
   * `reply`; from the call on all that arrives belongs to the handshake, and reads and writes wait for its end. Limits,
   * time limits and counters go on.
   *
   * Decided at the call, with nothing sent and the plain connection as it was: rejects with ConcurrentReadError with a read
   * pending, PlaintextBufferedError with unread plain text (which an attacker may have put there; `buffered: 'feed'` hands
   * it to the handshake), InvalidOptionsError for options that do not load, TypeError over TLS, ConnectionClosedError
   * after `end()`.
   *
   * A handshake that fails, or takes longer than `handshakeTimeout` (`cause` is a TimeoutError then), rejects with
   * HandshakeError and closes the connection.
   *
   * @example
   * // A server's side of RFC 3207.
   * await connection.startTls({ key, cert, reply: '220 go ahead\r\n' })
   */
  startTls(options?: StartTlsOptions): Promise<void> {
    return ignorable(startTls(this.#core, options))
  }

  // --- settings and bridges --------------------------------------------------------------------------------------------

  /** Changes limits from the next call on. @throws TypeError, RangeError */
  setLimits(limits: LimitChanges): void {
    this.#core.limits = changedLimits(this.#core.limits, limits)
  }

  /** As in `net`; no effect where the carrier is no TCP socket. @throws TypeError */
  setNoDelay(enable = true): void {
    booleanOf(enable, 'enable')
    this.#core.carrier.setNoDelay(enable)
  }

  /** As in `net`: `initialDelay` in milliseconds. @throws TypeError, RangeError */
  setKeepAlive(enable = false, initialDelay = 0): void {
    booleanOf(enable, 'enable')
    this.#core.carrier.setKeepAlive(enable, delayOf(initialDelay, 'initialDelay'))
  }

  /** It, and its timers, keep the process alive again (the default). */
  ref(): void {
    this.#core.ref()
  }

  /** It, and its timers, keep no process alive. */
  unref(): void {
    this.#core.unref()
  }

  /**
   * The connection as a Node Duplex, its one reader from now on: `destroy(error)` is `abort(error)`, a loss is its error, and
   * a write calls back once the system has it. It has what libraries ask of a `net.Socket` (addresses, `encrypted`,
   * `setTimeout` …), so that an HTTP server takes it as a connection of its own. `destroy()` without an error closes in
   * order where this side has ended, and where nothing is unsent while the server drains or after a `timeout` event;
   * otherwise it aborts.
   *
   * @throws ConcurrentReadError with a read pending, ConnectionClosedError on a closed connection
   * @example
   * httpServer.emit('connection', connection.toDuplex())
   */
  toDuplex(): ConnectionDuplex {
    return toDuplex(this.#core)
  }

  /** The connection as web streams, its one reader from now on. @throws ConcurrentReadError with a read pending */
  toWeb(): WebStreams {
    return toWeb(this.#core)
  }
}
