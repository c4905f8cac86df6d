// What a server counts. Each connection that was accepted is, at any moment, in exactly one column: pending, active, dropped,
// a handshake error, or over. The first two are counted where they are; the others here.

import type { CloseInfo } from '../connection/close-info.js'
import type { ServerStats } from './events.js'

/** A connection whose bytes are still being counted. */
interface Open {
  readonly bytesRead: number
  readonly bytesWritten: number
}

export class ServerCounters {
  accepted = 0
  dropped = 0
  handshakeErrors = 0
  handlerErrors = 0
  #over = 0
  #read = 0
  #written = 0

  /** Accepted and not over. */
  get present(): number {
    return this.accepted - this.dropped - this.handshakeErrors - this.#over
  }

  /** A connection is over. */
  close({ bytesRead, bytesWritten }: CloseInfo): void {
    this.#over++
    this.#read += bytesRead
    this.#written += bytesWritten
  }

  stats(connections: ReadonlySet<Open>, pending: number): ServerStats {
    let bytesRead = this.#read
    let bytesWritten = this.#written
    for (const connection of connections) {
      bytesRead += connection.bytesRead
      bytesWritten += connection.bytesWritten
    }
    const { accepted, dropped, handshakeErrors, handlerErrors } = this
    return { active: connections.size, pending, accepted, dropped, handshakeErrors, handlerErrors, bytesRead, bytesWritten }
  }
}
