// Checks a server's events against each other and against its counters: each `connection` has one `disconnect`, `close` is last,
// and `stats()` adds up at any moment.

import type { CloseInfo, Connection, Server } from 'linnet'
import { problem } from './child.js'
import { describe } from './receiving.js'

export class Books {
  readonly #server: Server
  readonly #name: string
  readonly #open = new Set<Connection>()
  readonly #over = new WeakSet<Connection>()
  #disconnects = 0
  #drops = 0
  #handshakeErrors = 0
  #read = 0
  #written = 0
  #closed = false

  constructor(server: Server, name: string) {
    this.#server = server
    this.#name = name
    server.on('connection', (connection) => this.#opened(connection))
    server.on('disconnect', (connection, info) => this.#ended(connection, info))
    server.on('drop', ({ reason }) => {
      this.#after('drop')
      // Only clients that reset before they are accepted, or that wait when the server closes, are dropped.
      if (reason !== 'draining' && (reason as string) !== 'reset') this.#say(`a connection was dropped: ${reason}`)
      this.#drops++
    })
    server.on('handshakeError', () => {
      this.#after('handshakeError')
      this.#handshakeErrors++
    })
    server.on('handlerError', (error) => this.#say(`handlerError: ${describe(error)}`))
    server.on('acceptError', (error) => this.#say(`acceptError: ${describe(error)}`))
    server.on('close', () => {
      if (this.#closed) this.#say("'close' came twice")
      if (this.#open.size > 0) this.#say(`'close' came before ${this.#open.size} of the 'disconnect' events`)
      this.#closed = true
    })
  }

  /** Whether the counters add up now. */
  check(): void {
    const { active, pending, accepted, dropped, handshakeErrors } = this.#server.stats()
    const sum = active + pending + dropped + handshakeErrors + this.#disconnects
    if (accepted !== sum)
      this.#say(
        `accepted ${accepted} is not active ${active} + pending ${pending} + dropped ${dropped} + handshakeErrors ${handshakeErrors} + over ${this.#disconnects}`,
      )
    if (active !== this.#open.size || active !== this.#server.connections.size)
      this.#say(`active ${active}, ${this.#server.connections.size} in connections, ${this.#open.size} without 'disconnect'`)
    if (dropped !== this.#drops) this.#say(`dropped ${dropped}, but ${this.#drops} 'drop' events`)
    if (handshakeErrors !== this.#handshakeErrors) this.#say(`handshakeErrors ${handshakeErrors}, but ${this.#handshakeErrors} events`)
  }

  /** Checks the counters after `close()` has resolved. */
  checkClosed(): void {
    this.check()
    const { active, pending, handlerErrors, bytesRead, bytesWritten } = this.#server.stats()
    if (!this.#closed) this.#say("close() has resolved before 'close'")
    if (active + pending > 0) this.#say(`closed with ${active} active and ${pending} pending`)
    if (handlerErrors > 0) this.#say(`${handlerErrors} handlerErrors`)
    if (bytesRead !== this.#read || bytesWritten !== this.#written)
      this.#say(`stats say ${bytesRead} and ${bytesWritten} bytes, the connections ${this.#read} and ${this.#written}`)
  }

  #opened(connection: Connection): void {
    this.#after('connection')
    if (this.#open.has(connection) || this.#over.has(connection)) this.#say("a second 'connection' for the same connection")
    this.#open.add(connection)
  }

  #ended(connection: Connection, info: CloseInfo): void {
    this.#after('disconnect')
    if (!this.#open.delete(connection)) this.#say("'disconnect' without 'connection', or a second one")
    this.#over.add(connection)
    this.#disconnects++
    this.#read += info.bytesRead
    this.#written += info.bytesWritten
  }

  #after(event: string): void {
    if (this.#closed) this.#say(`'${event}' behind 'close'`)
  }

  #say(text: string): void {
    problem(`${this.#name}: ${text}`)
  }
}
