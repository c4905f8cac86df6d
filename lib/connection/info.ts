// What can be known of a connection: who is at its ends, what came and went, how it ended. All of it is readable also after
// the end, and nothing here changes anything.

import type { Address } from '../address.js'
import type { ConnectionLimits } from '../options/connection.js'
import type { ProxyInfo } from '../proxy-protocol/header.js'
import type { Server } from '../server/server.js'
import type { TlsInfo } from '../tls/info.js'
import type { CloseInfo } from './close-info.js'
import type { ConnectionCore } from './lifecycle.js'
import { ReadMethods } from './reading/read-methods.js'

/** What a connection waits for now. */
export interface WaitingInfo {
  /** As a program would write it: `readUntil('\n')`, or `write`, `close`. */
  readonly operation: string
  /** Since when, in Unix time (milliseconds). */
  readonly since: number
}

/** The facts of a connection. Not made by itself: every `Connection` is one. */
export abstract class ConnectionInfo extends ReadMethods {
  readonly #core: ConnectionCore
  readonly #server: Server | undefined

  /** @internal */
  constructor(core: ConnectionCore, server: Server | undefined) {
    super(core.readHalf)
    this.#core = core
    this.#server = server
  }

  /** Unique in the process. */
  get id(): number {
    return this.#core.id
  }

  /** The real client's address: what a PROXY header said, else the peer's, captured when it came. */
  get remote(): Address {
    return this.#core.remote
  }

  /** This side's address. */
  get local(): Address {
    return this.#core.carrier.local
  }

  /** What the TLS handshake agreed on; undefined without TLS. */
  get tls(): TlsInfo | undefined {
    return this.#core.carrier.tls
  }

  /**
   * What a PROXY header said of it (`proxyProtocol` of `listen`; HAProxy's proxy-protocol.txt), and who sent that; undefined
   * where none came.
   *
   * @example
   * const name = connection.proxy?.tlvs.find(({ type }) => type === 0x02)?.value.toString()
   */
  get proxy(): ProxyInfo | undefined {
    return this.#core.proxy
  }

  /** The server it came to, if any. */
  get server(): Server | undefined {
    return this.#server
  }

  /**
   * Resolves, when the connection is over, with how it ended. Never rejects.
   *
   * It reads nothing: behind more than `readHighWaterMark` unread bytes the peer's end, or a loss, does not show until they
   * are read. Nor does such a connection keep the process alive, as with any paused socket of Node: a program that awaits
   * nothing but this then ends with exit code 13. Read the connection to its end, or `close()` it.
   */
  get closed(): Promise<CloseInfo> {
    return this.#core.closeState.closed
  }

  /**
   * Aborts when the connection is over, with what a read would then reject with: for the handler's other work. Like
   * `closed` it reads nothing: an end or a loss behind more than `readHighWaterMark` unread bytes shows when they are read.
   */
  get signal(): AbortSignal {
    return this.#core.closeState.signal
  }

  /** Aborts, with a DrainingError, when the connection is asked to finish: for a handler that is not reading. */
  get drainSignal(): AbortSignal {
    return this.#core.drainSignal
  }

  /** This side ended, closed or aborted. */
  get ended(): boolean {
    return this.#core.ended
  }

  /** The peer ended its side. */
  get peerEnded(): boolean {
    return this.#core.peerEnded
  }

  /** Bytes that arrived. */
  get bytesRead(): number {
    return this.#core.readHalf.received
  }

  /** Bytes that left for the operating system. */
  get bytesWritten(): number {
    return this.#core.writeHalf.sent
  }

  /** Bytes that arrived and are unread. */
  get buffered(): number {
    return this.#core.readHalf.queue.length
  }

  /** Bytes written and not yet handed to the system. */
  get queued(): number {
    return this.#core.writeHalf.queued
  }

  /** Unix time (milliseconds) at which it was opened. */
  get openedAt(): number {
    return this.#core.openedAt
  }

  /** The limits in force: what `setLimits` sets. */
  get limits(): Readonly<ConnectionLimits> {
    return { ...this.#core.limits }
  }

  /** What it waits for now, and since when; undefined while it waits for nothing. */
  get waiting(): WaitingInfo | undefined {
    return this.#core.waiting
  }
}
