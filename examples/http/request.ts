// A request as a handler gets it: its head, its body, and the connection that it came over.

import type { Connection } from 'linnet'
import { Body } from './body.js'
import { Head } from './head.js'
import type { Settings } from './settings.js'

export class Request extends Head {
  readonly body: Body
  /** For its addresses, `tls`, `signal` (the client has left) and `drainSignal` (the server stops). Only the server reads and writes it. */
  readonly connection: Connection

  constructor(text: string, connection: Connection, settings: Settings) {
    super(text, settings)
    this.body = new Body(connection, this, settings)
    this.connection = connection
  }
}

/** An empty line, as a proxy may see it: a bare LF too ends a head, which is then refused. Else the server would wait for CR LF. */
const END = ['\n\r\n', '\n\n']

/** Reads the head of the next request. All that has arrived of it is taken by one read. */
export async function readRequest(connection: Connection, settings: Settings): Promise<Request> {
  const maxBytes = settings.maxRequestLine + settings.maxHeaderBytes
  return new Request(await connection.readUntil(END, { encoding: 'latin1', maxBytes, idle: true }), connection, settings)
}
