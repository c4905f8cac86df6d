// What Node's HTTP server, `ws` and other libraries that are written for `net.Socket` ask of a socket beyond a Duplex: its
// addresses, what TLS knows of the peer, and a few settings. It moves no byte; the bridge that extends it does.

import type { AddressInfo } from 'node:net'
import { Duplex, type DuplexOptions } from 'node:stream'
import type { PeerCertificate } from 'node:tls'
import type { Address } from '../../address.js'
import type { Timer } from '../../transport/clock.js'
import type { ConnectionCore } from '../lifecycle.js'
import { delayOf, functionOf } from '../reading/read-options.js'

/** The address of a TCP end, or undefined: `net.Socket` has none for a Unix socket. */
function tcpOf(address: Address): Address | undefined {
  return address.family === 'unix' ? undefined : address
}

/**
 * A connection as a Node stream, as `connection.toDuplex()` gives it: a Duplex with what libraries ask of a `net.Socket`.
 *
 * @example
 * httpServer.emit('connection', connection.toDuplex())
 */
export interface ConnectionDuplex extends Duplex {
  /** The real client's address: what a PROXY header said, else the peer's. Undefined for a Unix socket, as the others are. */
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly remoteFamily: string | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  readonly localFamily: string | undefined
  /** This side's address, as `net.Socket` gives it: an empty object for a Unix socket. */
  address(): AddressInfo | Record<string, never>
  /** Bytes that arrived, without TLS. */
  readonly bytesRead: number
  /** Bytes that left, without TLS. */
  readonly bytesWritten: number
  /** False: a connection is connected. */
  readonly connecting: boolean
  /** Whether it is TLS. */
  readonly encrypted: boolean
  /** Over TLS: whether the peer's certificate verified. */
  readonly authorized: boolean
  /** Why it did not: Node's code, or null. */
  readonly authorizationError: string | null
  /** The application protocol that both named (ALPN), or false. */
  readonly alpnProtocol: string | false
  /** The name the client asked for (SNI), or false. */
  readonly servername: string | false
  /** The peer's certificate as Node shows it; an empty object where there is none. */
  getPeerCertificate(): PeerCertificate | Record<string, never>
  /** The longest silence, in milliseconds, as `setTimeout` was given it; undefined before. */
  readonly timeout: number | undefined
  /**
   * As in `net`: emits `timeout` after `ms` milliseconds in which no byte came or left, and does nothing more. 0 takes it
   * back. Its timer keeps no process alive.
   *
   * @throws TypeError, RangeError
   */
  setTimeout(ms: number, callback?: () => void): this
  /** As in `net`; no effect where the carrier is no TCP socket. */
  setNoDelay(enable?: boolean): this
  /** As in `net`: `initialDelay` in milliseconds. */
  setKeepAlive(enable?: boolean, initialDelay?: number): this
  /** The connection, and its timers, keep the process alive again (the default). */
  ref(): this
  /** The connection, and its timers, keep no process alive. */
  unref(): this
  /** As in `net`: ends the stream, and destroys it once all was sent. */
  destroySoon(): void
}

export abstract class SocketDuplex extends Duplex implements ConnectionDuplex {
  readonly #core: ConnectionCore
  timeout: number | undefined
  #timer: Timer | undefined
  /** A `timeout` was emitted, and no byte has come or gone since. */
  protected silent = false

  constructor(core: ConnectionCore, options: DuplexOptions) {
    super(options)
    this.#core = core
  }

  // --- facts -----------------------------------------------------------------------------------------------------------

  get remoteAddress(): string | undefined {
    return tcpOf(this.#core.remote)?.address
  }

  get remotePort(): number | undefined {
    return tcpOf(this.#core.remote)?.port
  }

  get remoteFamily(): string | undefined {
    return tcpOf(this.#core.remote)?.family
  }

  get localAddress(): string | undefined {
    return tcpOf(this.#core.carrier.local)?.address
  }

  get localPort(): number | undefined {
    return tcpOf(this.#core.carrier.local)?.port
  }

  get localFamily(): string | undefined {
    return tcpOf(this.#core.carrier.local)?.family
  }

  address(): AddressInfo | Record<string, never> {
    const local = tcpOf(this.#core.carrier.local)
    return local === undefined ? {} : { address: local.address, family: local.family, port: local.port }
  }

  get bytesRead(): number {
    return this.#core.readHalf.received
  }

  get bytesWritten(): number {
    return this.#core.writeHalf.sent
  }

  get connecting(): boolean {
    return false
  }

  get encrypted(): boolean {
    return this.#core.carrier.tls !== undefined
  }

  get authorized(): boolean {
    return this.#core.carrier.tls?.authorized ?? false
  }

  get authorizationError(): string | null {
    return this.#core.carrier.tls?.authorizationError ?? null
  }

  get alpnProtocol(): string | false {
    return this.#core.carrier.tls?.alpnProtocol ?? false
  }

  get servername(): string | false {
    return this.#core.carrier.tls?.servername ?? false
  }

  getPeerCertificate(): PeerCertificate | Record<string, never> {
    return this.#core.carrier.tls?.peerCertificate ?? {}
  }

  // --- settings --------------------------------------------------------------------------------------------------------

  setTimeout(ms: number, callback?: () => void): this {
    const timeout = delayOf(ms, 'ms')
    if (callback !== undefined) functionOf(callback, 'callback')
    this.timeout = timeout
    this.#stop()
    this.#start()
    if (callback !== undefined && timeout === 0) this.off('timeout', callback)
    else if (callback !== undefined) this.once('timeout', callback)
    return this
  }

  // Who calls these is a library that was written for `net.Socket`, which takes anything for a yes or a no.
  setNoDelay(enable = true): this {
    this.#core.carrier.setNoDelay(Boolean(enable))
    return this
  }

  setKeepAlive(enable = false, initialDelay = 0): this {
    this.#core.carrier.setKeepAlive(Boolean(enable), Math.max(0, Number(initialDelay) || 0))
    return this
  }

  ref(): this {
    this.#core.ref()
    return this
  }

  unref(): this {
    this.#core.unref()
    return this
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  // --- silence ---------------------------------------------------------------------------------------------------------

  /** A byte has come, or was written, or has left. */
  protected active(): void {
    this.silent = false
    this.#stop()
    this.#start()
  }

  #start(): void {
    const { timeout } = this
    if (!timeout || timeout === Number.POSITIVE_INFINITY || this.destroyed) return
    this.#timer = this.#core.clock.setTimer(() => {
      this.silent = true
      this.emit('timeout')
    }, timeout)
    this.#timer.unref()
  }

  #stop(): void {
    this.#timer?.clear()
    this.#timer = undefined
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stop()
    done(error)
  }
}
