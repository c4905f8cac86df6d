// The link from one connection to its server: reports the end of the connection and the failure of its handler, and keeps
// the address under which the connection is counted.

import type { CloseInfo, Supervisor } from '../connection/close-info.js'
import type { Connection } from '../connection/connection.js'

/** The part of the server that a connection reports to. */
export interface SupervisionHost {
  connectionClosed(address: string | undefined, connection: Connection, info: CloseInfo): void
  handlerFailed(error: unknown, connection: Connection): void
}

export class Supervision implements Supervisor {
  readonly #host: SupervisionHost
  /** The key of the connection under `maxConnectionsPerAddress`. */
  readonly #address: string | undefined
  readonly #connection: Connection

  constructor(host: SupervisionHost, address: string | undefined, connection: Connection) {
    this.#host = host
    this.#address = address
    this.#connection = connection
  }

  closed(info: CloseInfo): void {
    this.#host.connectionClosed(this.#address, this.#connection, info)
  }

  handlerFailed(error: unknown): void {
    this.#host.handlerFailed(error, this.#connection)
  }
}
