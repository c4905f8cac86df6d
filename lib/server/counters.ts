// The counters behind `server.stats()`. Each accepted connection is, at any moment, exactly one of: pending, active, dropped,
// a handshake error, or closed. Pending and active connections are counted by their owners, the others here.

import type { CloseInfo } from '../connection/close-info.js'
import type { ServerStats } from './events.js'

/** The running byte counts of an open connection. */
interface ByteCounts {
  readonly bytesRead: number
  readonly bytesWritten: number
}

export class ServerCounters {
  accepted = 0
  dropped = 0
  handshakeErrors = 0
  handlerErrors = 0
  #closed = 0
  #bytesRead = 0
  #bytesWritten = 0

  /** The number of connections that were accepted and have not ended. */
  get openCount(): number {
    return this.accepted - this.dropped - this.handshakeErrors - this.#closed
  }

  /** Adds a connection that ended. */
  close({ bytesRead, bytesWritten }: CloseInfo): void {
    this.#closed++
    this.#bytesRead += bytesRead
    this.#bytesWritten += bytesWritten
  }

  stats(connections: ReadonlySet<ByteCounts>, pending: number): ServerStats {
    let bytesRead = this.#bytesRead
    let bytesWritten = this.#bytesWritten
    for (const connection of connections) {
      bytesRead += connection.bytesRead
      bytesWritten += connection.bytesWritten
    }
    const { accepted, dropped, handshakeErrors, handlerErrors } = this
    return { active: connections.size, pending, accepted, dropped, handshakeErrors, handlerErrors, bytesRead, bytesWritten }
  }
}
