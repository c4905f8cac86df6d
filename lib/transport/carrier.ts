// What carries the bytes of one connection: the small interface between the rooms below (sockets, streams, memory) and
// the connection above. A carrier moves bytes and tells what happened to them; it knows no messages, limits or time.
// Nobody above it touches a stream, and each of Node's traps is met below it, once.

import type { Duplex } from 'node:stream'
import type { Address } from '../address.js'
import type { TlsInfo } from '../tls/info.js'

/** What a carrier tells the connection. At most one of `end` and `lost` is its last word about incoming bytes. */
export interface CarrierSink {
  /** Bytes arrived. The buffer belongs to the connection from now on: nobody writes to it again. */
  data(chunk: Buffer): void
  /** The peer ended its side in order, and everything it sent was handed to `data`. */
  end(): void
  /** What `write` or `writeBatch` was given has left for the system: the next piece may come. */
  sent(): void
  /** So many bytes of it have left. Told by a carrier that can see that, so that a slow peer is not taken for a dead one. */
  moved?(bytes: number): void
  /** The end of stream that `end` was asked for has left, behind all bytes. */
  finished(): void
  /** The peer or the network broke it. Everything that arrived before was handed to `data`. Comes at most once, and never after `reset` or `release`. */
  lost(error: Error): void
  /** True for what works on each chunk for as long as it likes: then large ones may have to wait for their turn. */
  readonly paced?: boolean
}

/** A carrier of bytes in both directions. Nothing arrives before `attach` and the first `resume`. */
export interface Carrier {
  readonly remote: Address
  readonly local: Address

  /** Bytes that have come from below, in whatever form (of TLS, what it is made of): whether anything comes shows here. */
  readonly received: number

  /** Whether bytes that have come from below wait for their turn to be handed on. */
  readonly holding: boolean

  /** What the system's table of send queues knows this connection as: none where there is no such table for it. */
  queueKeys?(): readonly string[]

  /** What a TLS handshake agreed on, where there was one. */
  readonly tls: TlsInfo | undefined

  /** Names the one listener. Called once, before anything else, and once after each `detach`. */
  attach(sink: CarrierSink): void

  /**
   * Takes the listener off again, and pauses. These bytes, which it was handed and did not want, and what happens from
   * now on, are kept for the next one, who is told after `attach` and `resume`. May be called within `data`.
   */
  detach(unread?: Buffer): void

  /**
   * Gives the stream away, for TLS to run over it: a Duplex that brings first what is kept. Asked when no listener is
   * attached. From then on nothing is asked of the carrier but settings, `reset` and `release`, which act as ever.
   */
  upgrade(): Duplex

  /** Lets bytes come. Never calls the sink before it returns. */
  resume(): void
  /** Stops bytes from coming, as soon as the carrier can: one or two more chunks may follow. */
  pause(): void

  /**
   * Hands one piece to the system. True: it has left already, and the next may follow at once. False: it is under way,
   * `sent` will tell, and nothing may be written before. Once it has left its memory may be used again. Never calls the
   * sink before it returns, and never throws: what fails is told as `lost`.
   */
  write(piece: Uint8Array): boolean
  /** The same for several pieces that shall leave together, in one system call where the carrier can. */
  writeBatch(pieces: readonly Uint8Array[]): boolean
  /** Ends the sending side once everything written has left; `finished` tells. Called at most once, never while a write is under way. Never calls the sink before it returns. */
  end(): void

  /** Drops everything and cuts the connection so that the peer sees a break and no end: RST where there is one. Safe at any time, also twice. The sink hears nothing any more. */
  reset(): void
  /** Frees what the carrier holds, in order: both directions have ended, or the peer was given its time. The sink hears nothing any more. */
  release(): void

  setNoDelay(enable: boolean): void
  setKeepAlive(enable: boolean, initialDelay: number): void
  ref(): void
  unref(): void
}

/** A step that a connection takes before anybody may use it. */
export interface Handshake<T = Carrier> {
  /** Resolves with what came of it: mostly the carrier to go on with. Rejects with what went wrong, and has closed the connection. */
  readonly done: Promise<T>
  /** Gives it up: resets the connection, and frees everything. Safe at any time, also twice, and after `done` has settled. */
  cut(): void
}
