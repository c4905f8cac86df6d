// The read-only properties of a connection: its addresses, its counters, its state and how it ended. All of them can also be
// read after the end.

import type { Address } from '../address.js'
import type { ConnectionLimits } from '../options/connection.js'
import type { ProxyInfo } from '../proxy-protocol/header.js'
import type { TlsInfo } from '../transport/tls-info.js'
import type { CloseInfo } from './close-info.js'
import type { ConnectionCore } from './lifecycle.js'
import { ReadMethods } from './reading/read-methods.js'

/** The operation a connection is blocked on. */
export interface WaitingInfo {
  /** The call as a program writes it, such as `readUntil('\n')`; or `write`, `close`, `startTls`. */
  readonly operation: string
  /** When it started, in Unix time (milliseconds). */
  readonly since: number
}

/** The read-only properties of a connection. A base class of `Connection`; not constructed directly. */
export abstract class ConnectionInfo extends ReadMethods {
  readonly #core: ConnectionCore
  readonly #server: ConnectionInfo['server']

  /** @internal */
  constructor(core: ConnectionCore, server: ConnectionInfo['server']) {
    super(core.readHalf)
    this.#core = core
    this.#server = server
  }

  /** A number that is unique in the process. */
  get id(): number {
    return this.#core.id
  }

  /** The real client's address: the source in a PROXY header, or else the peer's, captured when the connection was made. */
  get remote(): Address {
    return this.#core.remote
  }

  /** This side's address. */
  get local(): Address {
    return this.#core.carrier.local
  }

  /** What the TLS handshake negotiated; undefined without TLS. */
  get tls(): TlsInfo | undefined {
    return this.#core.carrier.tls
  }

  /**
   * The contents of the PROXY header, and the address of the proxy that sent it; undefined if none was received. See
   * `proxyProtocol` of `listen`, and https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
   *
   * @example
   * const name = connection.proxy?.tlvs.find(({ type }) => type === 0x02)?.value.toString()
   */
  get proxy(): ProxyInfo | undefined {
    return this.#core.proxy
  }

  /** The server that accepted the connection; undefined for others. */
  // The one type that a room takes from a room above it: a program finds the server of its connection here. As an import within
  // the type it makes no circle of modules for the linter (noImportCycles); nothing else in lib/ may do so.
  get server(): import('../server/server.js').Server | undefined {
    return this.#server
  }

  /**
   * How the connection ended.
   *
   * **Resolves** once the connection is closed: both sides have ended, or it was cut.
   *
   * **Rejects** never.
   *
   * Awaiting it reads nothing. Behind more than `readHighWaterMark` unread bytes, the peer's end or a loss is not noticed
   * until these are read. Such a connection does not keep the process alive, as with any paused socket of Node: a program
   * that awaits only this then exits with code 13. Read the connection to its end, or `close()` it.
   *
   * @example
   * const { by, error, bytesRead } = await connection.closed
   */
  get closed(): Promise<CloseInfo> {
    return this.#core.closeState.closed
  }

  /**
   * A signal that aborts when the connection is closed, to cancel the handler's other work. Its reason is the error that
   * reads then reject with. As with `closed`, an end or a loss behind more than `readHighWaterMark` unread bytes is noticed
   * when these are read.
   *
   * @example
   * const answer = await fetch(url, { signal: connection.signal })
   */
  get signal(): AbortSignal {
    return this.#core.closeState.signal
  }

  /**
   * A signal that aborts with a DrainingError when the connection is asked to finish, by `drain()` or `server.close()`. For
   * a handler that is not reading.
   */
  get drainSignal(): AbortSignal {
    return this.#core.drainSignal
  }

  /** Whether this side has ended, closed or aborted the connection. */
  get ended(): boolean {
    return this.#core.ended
  }

  /** Whether the peer has ended its side. */
  get peerEnded(): boolean {
    return this.#core.peerEnded
  }

  /** Bytes received, without TLS and PROXY header. */
  get bytesRead(): number {
    return this.#core.readHalf.received
  }

  /** Bytes sent, that is handed to the operating system, without TLS and PROXY header. */
  get bytesWritten(): number {
    return this.#core.writeHalf.sent
  }

  /** Bytes received and unread. */
  get buffered(): number {
    return this.#core.readHalf.queue.length
  }

  /** Bytes written and not yet handed to the system. */
  get queued(): number {
    return this.#core.writeHalf.queued
  }

  /** When the connection was opened, in Unix time (milliseconds). */
  get openedAt(): number {
    return this.#core.openedAt
  }

  /** The limits in force, as `setLimits` changes them: a copy. Sizes in bytes, times in milliseconds. */
  get limits(): Readonly<ConnectionLimits> {
    return { ...this.#core.limits }
  }

  /** The operation the connection is blocked on and when it started; `undefined` if none. */
  get waiting(): WaitingInfo | undefined {
    return this.#core.waiting
  }
}
