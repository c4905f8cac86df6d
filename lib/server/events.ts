// What a server tells: its events and counters, with their shapes. Listeners are called in the middle of the library's
// work, so what one of them throws is thrown again outside of it: it is the program's own, and disturbs nothing here.

import { EventEmitter } from 'node:events'
import type Module from 'typed-emitter'
import type { Address } from '../address.js'
import type { CloseInfo } from '../connection/close-info.js'
import type { Connection } from '../connection/connection.js'
import type { HandshakeError } from '../errors.js'
import { throwLater } from '../throw-later.js'

type TypedEmitter<Events extends Module.EventMap> = Module.default<Events>

/** Why a connection was turned away before a byte of it was handed to anybody. */
export type DropReason = 'maxPending' | 'maxConnectionsPerAddress' | 'blockList' | 'admit' | 'draining' | 'reset'

/** A connection that was turned away. */
export interface DropInfo {
  /** The real client. Of one that has reset (`'reset'`) the system knows no address any more, and `address` is empty. */
  readonly remote: Address
  readonly reason: DropReason
}

/** The events of a server. There is no `error` event, so none needs a listener. */
export type ServerEvents = {
  /** Just before a loop or `serve` gets it. A listener alone takes nothing from the queue. */
  connection: (connection: Connection) => void
  /** It is over: once for each `connection`, never else, before `close`. */
  disconnect: (connection: Connection, info: CloseInfo) => void
  /** Turned away: reset before a byte of it was handed to anybody. */
  drop: (info: DropInfo) => void
  /** A PROXY header or TLS handshake failed, timed out or was left; the server lives. `remote` is the real client, once that is known. */
  handshakeError: (error: HandshakeError, info: { readonly remote: Address }) => void
  /** A handler failed for a reason of its own. Without a listener the error is printed to stderr. */
  handlerError: (error: unknown, connection: Connection) => void
  /** Accepting failed, where the runtime tells, or `admit` threw; accepting goes on. At most one a second. */
  acceptError: (error: unknown) => void
  /** `close` was called. */
  draining: () => void
  /** No listener and no connection is left. */
  close: () => void
}

/** A snapshot of a server's counters. `accepted` = active + pending + dropped + handshakeErrors + over. */
export interface ServerStats {
  /** Yielded and not over. */
  readonly active: number
  /** Accepted and not yet yielded. */
  readonly pending: number
  /** All that came. */
  readonly accepted: number
  readonly dropped: number
  /** PROXY headers and TLS handshakes that failed, took too long or were left. */
  readonly handshakeErrors: number
  readonly handlerErrors: number
  /** Payload that arrived, past connections included, in bytes. */
  readonly bytesRead: number
  /** Payload that left, past connections included, in bytes. */
  readonly bytesWritten: number
}

/** An EventEmitter in which a listener that throws does not keep the next ones from being called. */
class IsolatingEmitter extends EventEmitter {
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (this.listenerCount(event) < 2) return super.emit(event, ...args)
    for (const listener of this.rawListeners(event)) emitSafely(() => Reflect.apply(listener, this, args))
    return true
  }
}

/** An EventEmitter whose events are those of a server. */
export const ServerEmitter: new () => TypedEmitter<ServerEvents> = IsolatingEmitter as unknown as new () => TypedEmitter<ServerEvents>

/** Calls a listener's turn; what it throws becomes an uncaught exception, after the library's work is done. */
export function emitSafely(emit: () => boolean): boolean {
  try {
    return emit()
  } catch (error) {
    throwLater(error)
    return true
  }
}
