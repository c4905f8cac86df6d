// What stands between one connection and its server: it tells the server when the connection is over, and when its handler
// failed. It keeps what the connection is counted as, until then.

import type { CloseInfo, Supervisor } from '../connection/close-info.js'
import type { Connection } from '../connection/connection.js'

/** The server, as far as a connection of it is concerned. */
export interface Superior {
  over(address: string | undefined, connection: Connection, info: CloseInfo): void
  handlerFailed(error: unknown, connection: Connection): void
}

export class Supervision implements Supervisor {
  readonly #superior: Superior
  /** What it counts as under `maxConnectionsPerAddress`. */
  readonly #address: string | undefined
  readonly #connection: Connection

  constructor(superior: Superior, address: string | undefined, connection: Connection) {
    this.#superior = superior
    this.#address = address
    this.#connection = connection
  }

  over(info: CloseInfo): void {
    this.#superior.over(this.#address, this.#connection, info)
  }

  handlerFailed(error: unknown): void {
    this.#superior.handlerFailed(error, this.#connection)
  }
}
