// The events and counters of a server, and their types. A listener runs in the middle of the library's work: an exception
// that it throws is rethrown after that work, as an uncaught exception, and stops no other listener.
// Decision: docs/decisions/no-error-event.md

import { EventEmitter } from 'node:events'
import type Module from 'typed-emitter'
import type { Address } from '../address.js'
import type { CloseInfo } from '../connection/close-info.js'
import type { Connection } from '../connection/connection.js'
import type { HandshakeError } from '../errors.js'
import { throwLater } from '../throw-later.js'

type TypedEmitter<Events extends Module.EventMap> = Module.default<Events>

/** Why a connection was dropped before the program received a byte of it. */
export type DropReason = 'maxPending' | 'maxConnectionsPerAddress' | 'blockList' | 'admit' | 'draining' | 'reset'

/** A connection that was dropped. */
export interface DropInfo {
  /** The real client. The system has no address for a client that has reset (`'reset'`): `address` is then empty. */
  readonly remote: Address
  readonly reason: DropReason
}

/** The events of a server. There is no `error` event: no listener is required. */
export type ServerEvents = {
  /** A connection is about to be passed to a loop, to `accept` or to `serve`. A listener alone takes none from the queue. */
  connection: (connection: Connection) => void
  /** A connection has ended. Emitted once for each `connection` event, and before `close`. */
  disconnect: (connection: Connection, info: CloseInfo) => void
  /** A connection was reset before the program received a byte of it. */
  drop: (info: DropInfo) => void
  /**
   * A PROXY header or TLS handshake failed, timed out, or was abandoned by the client. The server keeps running. `remote` is
   * the real client once the PROXY header was read, the peer until then.
   */
  handshakeError: (error: HandshakeError, info: { readonly remote: Address }) => void
  /** A handler failed for a reason other than its connection. Without a listener the error is printed to stderr. */
  handlerError: (error: unknown, connection: Connection) => void
  /** The runtime reported that accepting failed, or `admit` threw. The server keeps accepting. Emitted at most once a second. */
  acceptError: (error: unknown) => void
  /** `close` was called. */
  draining: () => void
  /** The last listener and the last connection have closed. */
  close: () => void
}

/** A snapshot of a server's counters. `accepted` is the sum of `active`, `pending`, `dropped`, `handshakeErrors` and the connections that have ended. */
export interface ServerStats {
  /** Connections that were yielded and have not ended. */
  readonly active: number
  /** Connections that were accepted and not yet yielded. */
  readonly pending: number
  /** All connections that were accepted. */
  readonly accepted: number
  /** Connections that were dropped. */
  readonly dropped: number
  /** PROXY headers and TLS handshakes that failed, timed out or were abandoned. */
  readonly handshakeErrors: number
  /** Handlers that failed for a reason other than their connection. */
  readonly handlerErrors: number
  /** Payload bytes received, including those of connections that have ended. */
  readonly bytesRead: number
  /** Payload bytes sent, including those of connections that have ended. */
  readonly bytesWritten: number
}

/** An EventEmitter that calls the remaining listeners when one throws. */
class IsolatingEmitter extends EventEmitter {
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (this.listenerCount(event) < 2) return super.emit(event, ...args)
    for (const listener of this.rawListeners(event)) emitSafely(() => Reflect.apply(listener, this, args))
    return true
  }
}

/** The base class of Server: an EventEmitter with the types of its events. */
export const ServerEmitter: new () => TypedEmitter<ServerEvents> = IsolatingEmitter as unknown as new () => TypedEmitter<ServerEvents>

/** Emits an event. An exception of a listener is thrown later, as an uncaught exception. */
export function emitSafely(emit: () => boolean): boolean {
  try {
    return emit()
  } catch (error) {
    throwLater(error)
    return true
  }
}
