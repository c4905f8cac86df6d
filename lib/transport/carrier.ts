// The interface between the byte transports (sockets, streams, memory) and the connection. A carrier moves bytes and reports
// what happened to them; it has no messages, limits or timers. Code above this interface does not touch a Node stream, and
// each of Node's traps is handled below it, once.

import type { Duplex } from 'node:stream'
import type { Address } from '../address.js'
import type { Attempt } from './attempt.js'
import type { TlsInfo } from './tls-info.js'

/** The addresses of both ends of a connection. */
export interface AddressPair {
  readonly remote: Address
  readonly local: Address
}

/** The events of a carrier. At most one of `end` and `lost` is the last event about incoming bytes. */
export interface CarrierSink {
  /** Bytes have arrived. The connection owns the buffer from now on: the carrier does not write to it again. */
  data(chunk: Buffer): void
  /** The peer has ended its side in order, and everything it sent was passed to `data`. */
  end(): void
  /** The bytes of the last `write` or `writeBatch` have left for the system: the next may follow. */
  sent(): void
  /** So many of them have left. Reported by a carrier that can observe it, so that a slow peer is not taken for a dead one. */
  moved?(bytes: number): void
  /** The end of stream that `end` requested has left, behind all bytes. */
  finished(): void
  /** The peer or the network broke the connection. Everything that arrived before was passed to `data`. Reported at most once, and never after `reset` or `release`. */
  lost(error: Error): void
  /** True for a sink that may work on a chunk for any length of time: large chunks may then have to wait for their turn. */
  readonly paced?: boolean
}

/** A carrier of bytes in both directions. Nothing arrives before `attach` and the first `resume`. */
export interface Carrier extends AddressPair {
  /** Bytes received from the lowest layer, in any form (under TLS: the encrypted bytes). It changes whenever something arrives. */
  readonly received: number

  /** Whether received bytes wait for their turn to be passed on. */
  readonly holding: boolean

  /** The keys of this connection in the system's table of send queues; empty or absent where the table does not list it. */
  queueKeys?(): readonly string[]

  /** What a TLS handshake agreed on; undefined without TLS. */
  readonly tls: TlsInfo | undefined

  /** Sets the listener. Called once, before anything else, and once after each `detach`. */
  attach(sink: CarrierSink): void

  /**
   * Removes the listener, and pauses. `unread`, which the listener received and did not use, and all later events are kept
   * for the next listener, which receives them after `attach` and `resume`. May be called within `data`.
   */
  detach(unread?: Buffer): void

  /**
   * Gives up the stream, for TLS to run over it: a Duplex that first brings what is kept. Called while no listener is
   * attached. Afterwards only the settings, `reset` and `release` of the carrier are used, which act as before.
   */
  upgrade(): Duplex

  /** Starts the flow of bytes. Never calls the sink before it returns. */
  resume(): void
  /** Stops the flow of bytes as soon as the carrier can: one or two more chunks may follow. */
  pause(): void

  /**
   * Passes one piece to the system. True: it has left, and the next may follow at once. False: it is under way; `sent`
   * reports that it has left, and nothing may be written before. Once it has left its memory may be reused. Never calls the
   * sink before it returns, and never throws: a failure is reported by `lost`.
   */
  write(piece: Uint8Array): boolean
  /** The same for several pieces that leave together, in one system call where the carrier can. */
  writeBatch(pieces: readonly Uint8Array[]): boolean
  /** Ends the sending side once everything written has left; `finished` reports it. Called at most once, never while a write is under way. Never calls the sink before it returns. */
  end(): void

  /** Drops everything and breaks the connection, so that the peer sees a break and not an end: RST where there is one. Safe at any time, also twice. No event follows. */
  reset(): void
  /** Frees what the carrier holds, in order: both directions have ended, or the peer's time has run out. No event follows. */
  release(): void

  setNoDelay(enable: boolean): void
  setKeepAlive(enable: boolean, initialDelay: number): void
  ref(): void
  unref(): void
}

/** An attempt that takes a connection one step further before the program uses it. Its failure, or `cut`, closes the connection. */
export type Handshake<T = Carrier> = Attempt<T>
