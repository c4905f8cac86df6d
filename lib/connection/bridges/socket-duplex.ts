// The members of `net.Socket` that a Duplex lacks and that Node's HTTP server, `ws` and other libraries use: addresses, TLS
// properties and a few settings. The bytes are moved by the bridge that extends this class.

import type { AddressInfo } from 'node:net'
import { Duplex, type DuplexOptions } from 'node:stream'
import type { PeerCertificate } from 'node:tls'
import type { Address } from '../../address.js'
import { delayOf, functionOf } from '../../options/arguments.js'
import type { Timer } from '../../transport/clock.js'
import type { ConnectionCore } from '../lifecycle.js'

/** The address of a TCP socket; undefined for a Unix socket, as in `net.Socket`. */
function tcpOf(address: Address): Address | undefined {
  return address.family === 'unix' ? undefined : address
}

/**
 * A connection as a Node stream, returned by `connection.toDuplex()`: a Duplex with the members of `net.Socket` that
 * libraries use.
 *
 * @example
 * httpServer.emit('connection', connection.toDuplex())
 */
export interface ConnectionDuplex extends Duplex {
  /** The real client's address: the source in a PROXY header, or else the peer's. For a Unix socket it and the five below are undefined. */
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly remoteFamily: string | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  readonly localFamily: string | undefined
  /** This side's address, as in `net.Socket`: an empty object for a Unix socket. */
  address(): AddressInfo | Record<string, never>
  /** Bytes received, without TLS. */
  readonly bytesRead: number
  /** Bytes sent, without TLS. */
  readonly bytesWritten: number
  /** Always false. */
  readonly connecting: boolean
  /** Whether the connection uses TLS. */
  readonly encrypted: boolean
  /** Over TLS: whether the peer's certificate verified. */
  readonly authorized: boolean
  /** Node's error code if it did not verify; otherwise null. */
  readonly authorizationError: string | null
  /** The negotiated application protocol (ALPN), or false. */
  readonly alpnProtocol: string | false
  /** The host name that the client sent (SNI), or false. */
  readonly servername: string | false
  /** The peer's certificate in Node's format; an empty object if there is none. */
  getPeerCertificate(): PeerCertificate | Record<string, never>
  /** The argument of the last `setTimeout`, in milliseconds; undefined before. */
  readonly timeout: number | undefined
  /**
   * As in `net`: emits `timeout` when no byte was received or sent for `ms` milliseconds, and does nothing else. 0 turns it
   * off. The timer does not keep the process alive.
   *
   * @throws TypeError, RangeError
   */
  setTimeout(ms: number, callback?: () => void): this
  /** As in `net`. Has an effect on TCP only. */
  setNoDelay(enable?: boolean): this
  /** As in `net`. `initialDelay` is in milliseconds. Has an effect on TCP only. */
  setKeepAlive(enable?: boolean, initialDelay?: number): this
  /** Lets the connection and its timers keep the process alive (the default). */
  ref(): this
  /** Keeps the connection and its timers from keeping the process alive. */
  unref(): this
  /** As in `net`: ends the stream, and destroys it once everything was sent. */
  destroySoon(): void
}

export abstract class SocketDuplex extends Duplex implements ConnectionDuplex {
  readonly #core: ConnectionCore
  timeout: number | undefined
  #timer: Timer | undefined
  /** A `timeout` was emitted, and no byte was received or sent since. */
  protected silent = false

  constructor(core: ConnectionCore, options: DuplexOptions) {
    super(options)
    this.#core = core
  }

  // --- properties ------------------------------------------------------------------------------------------------------

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

  // Not checked: libraries pass any value for a boolean, as `net.Socket` allows.
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

  // --- the timeout event -----------------------------------------------------------------------------------------------

  /** Restarts the timer: a byte was received, written or sent. */
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
