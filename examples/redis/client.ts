// One client: what its commands have set, and the way to it.

import type { Connection } from 'linnet'
import type { Message, Subscriber } from './channels.js'
import type { Database } from './database.js'
import { Parser } from './parser.js'
import type { Protocol } from './reply.js'
import type { Redis } from './server.js'
import { LIMITS, STRANGER } from './settings.js'

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII has them
const ASCII = /^[\x00-\x7f]*$/

/** The commands between MULTI and EXEC. */
export interface Transaction {
  /** Each gives its answer. */
  readonly commands: (() => string)[]
  /** The size of all, counted as that of a command is. */
  bytes: number
  /** One of them was refused: EXEC carries out none. */
  aborted: boolean
}

export class Client implements Subscriber {
  /** Counted from 1. */
  readonly id: number
  readonly connection: Connection
  readonly redis: Redis
  readonly parser: Parser
  readonly channels = new Set<string>()
  readonly patterns = new Set<string>()
  protocol: Protocol = 2
  database: Database
  name = ''
  authenticated = false
  transaction: Transaction | undefined
  /** True in EXEC: a command that would wait does not. */
  executing = false
  /** When the command began of which only a part has arrived. */
  begun: number | undefined
  /** The connection ends after the answers. */
  quitting = false
  /** The answers of commands that arrived together: they leave together. */
  answers = ''
  /** True while such commands are carried out. */
  answering = false

  constructor(connection: Connection, redis: Redis) {
    this.connection = connection
    this.redis = redis
    this.database = redis.databases[0] as Database
    this.parser = new Parser(STRANGER)
    if (redis.settings.password === undefined) this.authenticate()
    redis.clients++
    this.id = ++redis.connections
  }

  authenticate(): void {
    this.authenticated = true
    this.parser.limits = LIMITS
  }

  get subscriptions(): number {
    return this.channels.size + this.patterns.size
  }

  /** Sends the answers so far, unless the client has not taken earlier ones: then `send` waits for that. */
  trySend(): boolean {
    this.answering = false
    if (this.answers !== '' && !this.connection.tryWrite(this.#bytes())) return false
    this.answers = ''
    return true
  }

  async send(): Promise<void> {
    const bytes = this.#bytes()
    this.answers = ''
    await this.connection.write(bytes)
  }

  /** Text of ASCII is sent faster, and has the same bytes. */
  #bytes(): string | Buffer {
    return ASCII.test(this.answers) ? this.answers : Buffer.from(this.answers, 'latin1')
  }

  /**
   * Sends a message to a subscriber, and does not wait. A subscriber so slow that `maxWriteBuffer` bytes are queued for it is cut off by
   * that limit. A client's own message is sent in front of the answer to its PUBLISH.
   */
  deliver({ text, bytes }: Message): void {
    if (this.answering) this.answers += text
    else void this.connection.write(bytes)
  }

  /** Ends its subscriptions. */
  unsubscribe(): void {
    const { channels } = this.redis
    for (const channel of this.channels) channels.unsubscribe(channel, this)
    for (const pattern of this.patterns) channels.unsubscribePattern(pattern, this)
    this.channels.clear()
    this.patterns.clear()
  }

  /** Makes it a client that has just come (RESET). */
  reset(): void {
    this.unsubscribe()
    this.transaction = undefined
    this.protocol = 2
    this.database = this.redis.databases[0] as Database
    this.name = ''
    if (this.redis.settings.password !== undefined) {
      this.authenticated = false
      this.parser.limits = STRANGER
    }
  }

  leave(): void {
    this.unsubscribe()
    this.redis.clients--
  }
}
