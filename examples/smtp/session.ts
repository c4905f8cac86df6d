// One client: its commands are read and answered one after the other (RFC 5321, section 4.1). Replies to commands that have arrived
// together leave together, because linnet sends what was written when the next read has to wait.

import { type Connection, DrainingError, PlaintextBufferedError, TimeoutError } from 'linnet'
import { AuthError, credentialsOf, MECHANISMS } from './auth.js'
import { type Budget, NO_ROOM, readText, Text, TOO_LARGE } from './data.js'
import { LineError, type LineLimits, readLine, takeLine } from './lines.js'
import { Message, type Messages } from './messages.js'
import { isMailbox, parsePath } from './paths.js'
import type { Envelope, Settings } from './settings.js'
import { traceOf } from './trace.js'

/** RFC 4954, section 4: lines of AUTH have 12,288 bytes at most. */
const LONGEST_COMMAND = 12_288
/** The name of a client: a domain, an address in brackets, and the underscores of the careless. */
const CLIENT = /^[\w.:[\]-]{1,255}$/
/** HTTP, which a browser may be made to send to this port. */
const FOREIGN = new Set(['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'CONNECT', 'HOST:'])

const UNKNOWN = '500 5.5.2 unknown command'
const SYNTAX = '501 5.5.4 malformed argument'
const SEQUENCE = '503 5.5.1 not now'
const ENOUGH = '421 4.7.0 too many errors'

/** What ends a connection: the last reply. */
function farewell(error: unknown): string | undefined {
  if (error instanceof LineError) return error.message
  if (error instanceof DrainingError) return '421 4.3.2 the server is closing'
  if (error instanceof TimeoutError) return '421 4.4.2 that took too long'
  // Commands in plain text that came with STARTTLS, and would count as sent over TLS: RFC 3207, section 4.2.
  if (error instanceof PlaintextBufferedError) return '554 5.5.1 nothing may follow STARTTLS before TLS'
  return undefined
}

export class Session {
  readonly #connection: Connection
  readonly #settings: Settings
  readonly #budget: Budget
  readonly #messages: Messages
  #client = ''
  #extended = false
  #user: string | undefined
  /** The message that is on its way: from MAIL to the reply to its text. */
  #from: string | undefined
  #to: string[] = []
  #errors = 0
  /** The connection is closed after this reply. */
  #last = false

  constructor(connection: Connection, settings: Settings, budget: Budget, messages: Messages) {
    this.#connection = connection
    this.#settings = settings
    this.#budget = budget
    this.#messages = messages
  }

  /** The whole conversation. */
  async run(): Promise<void> {
    try {
      await this.#reply(`220 ${this.#settings.host} ESMTP`)
      while (!this.#last) await this.#next()
    } catch (error) {
      const reply = farewell(error)
      if (reply === undefined) throw error
      await this.#reply(reply)
    }
  }

  async #next(): Promise<void> {
    // A message that has begun is waited for while the server drains.
    const line = await this.#line(this.#from === undefined)
    const [, verb = '', argument = ''] = /^(\S*) ?(.*)$/s.exec(line ?? '') ?? []
    const name = verb.toUpperCase()
    if (FOREIGN.has(name)) this.#last = true
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    const reply =
      line === undefined ? '500 5.5.2 the line is too long' : command === undefined ? UNKNOWN : await command.call(this, argument.trim())
    if (reply === undefined) return
    await this.#reply(reply)
    if (reply.startsWith('5') && ++this.#errors >= this.#settings.maxErrors) {
      this.#last = true
      await this.#reply(ENOUGH)
    }
  }

  /** The next line without its end, with a character for each byte; undefined for one that was too long. */
  async #line(idle: boolean): Promise<string | undefined> {
    const timeout = (): number => this.#settings.commandTimeout
    const limits: LineLimits = { maxBytes: LONGEST_COMMAND, maxDropped: 65_536, idle, timeout }
    const line = takeLine(this.#connection, limits) ?? (await readLine(this.#connection, limits))
    return typeof line === 'number' ? undefined : line.toString('latin1', 0, line.length - 2)
  }

  /** Sends the lines of a reply. A client that does not read them is not read from. */
  #reply(text: string): Promise<void> {
    return this.#connection.write(`${text}\r\n`)
  }

  #reset(): void {
    this.#from = undefined
    this.#to = []
  }

  get #envelope(): Envelope {
    const { remote, tls } = this.#connection
    return { from: this.#from ?? '', to: this.#to, client: this.#client, remote, tls: tls !== undefined, user: this.#user }
  }

  helo(client: string, extended: boolean): string {
    if (!CLIENT.test(client)) return SYNTAX
    this.#reset()
    this.#client = client
    this.#extended = extended
    const { host, maxSize, tls, authenticate } = this.#settings
    if (!extended) return `250 ${host}`
    const offers = [host, `SIZE ${maxSize}`, 'PIPELINING', '8BITMIME', 'ENHANCEDSTATUSCODES']
    if (this.#connection.tls === undefined && tls !== undefined) offers.push('STARTTLS')
    if (this.#connection.tls !== undefined && authenticate !== undefined) offers.push(`AUTH ${MECHANISMS}`)
    return offers.map((offer, at) => `250${at < offers.length - 1 ? '-' : ' '}${offer}`).join('\r\n')
  }

  async startTls(argument: string): Promise<string | undefined> {
    const { tls } = this.#settings
    if (argument !== '') return SYNTAX
    if (this.#connection.tls !== undefined) return SEQUENCE
    if (tls === undefined) return '502 5.5.1 TLS is not offered'
    await this.#connection.startTls({ ...tls, reply: '220 2.0.0 go ahead\r\n' })
    // What was sent before TLS may be an attacker's: RFC 3207, section 4.2.
    this.#reset()
    this.#client = ''
    this.#extended = false
    return undefined
  }

  async auth(argument: string): Promise<string> {
    const { authenticate } = this.#settings
    if (authenticate === undefined) return '502 5.5.1 AUTH is not offered'
    if (this.#connection.tls === undefined) return '538 5.7.11 AUTH needs TLS'
    if (!this.#extended || this.#user !== undefined || this.#from !== undefined) return SEQUENCE
    const ask = async (challenge: string): Promise<string> => {
      await this.#reply(`334 ${challenge}`)
      const answer = await this.#line(false)
      if (answer === undefined) throw new AuthError('500 5.5.6 the line is too long')
      return answer
    }
    try {
      const { user, password } = await credentialsOf(argument, ask)
      if (!(await authenticate(user, password))) return '535 5.7.8 wrong name or password'
      this.#user = user
      return '235 2.7.0 welcome'
    } catch (error) {
      if (error instanceof AuthError) return error.message
      throw error
    }
  }

  mail(argument: string): string {
    const { tls, requireTls, authenticate, maxSize } = this.#settings
    if (requireTls && tls !== undefined && this.#connection.tls === undefined) return '530 5.7.0 say STARTTLS first'
    if (authenticate !== undefined && this.#user === undefined) return '530 5.7.0 say AUTH first'
    if (this.#client === '' || this.#from !== undefined) return SEQUENCE
    const path = parsePath('FROM', argument)
    if (path === undefined || (path.mailbox !== '' && !isMailbox(path.mailbox))) return SYNTAX
    for (const [name, value] of path.parameters) {
      if (name === 'SIZE' && /^\d{1,20}$/.test(value)) {
        if (Number(value) > maxSize) return TOO_LARGE
      } else if (name === 'BODY' && /^(?:7BIT|8BITMIME)$/i.test(value)) continue
      // The user on whose behalf another server sends it (RFC 4954, section 5): taken, and not trusted.
      else if (name === 'AUTH' && authenticate !== undefined && value !== '') continue
      else return '555 5.5.4 not that parameter'
    }
    this.#from = path.mailbox
    return '250 2.1.0 ok'
  }

  async rcpt(argument: string): Promise<string> {
    if (this.#from === undefined) return SEQUENCE
    const path = parsePath('TO', argument)
    if (path === undefined || !(isMailbox(path.mailbox) || /^postmaster$/i.test(path.mailbox))) return SYNTAX
    if (path.parameters.size > 0) return '555 5.5.4 not that parameter'
    if (this.#to.length >= this.#settings.maxRecipients) return '452 4.5.3 too many recipients'
    if (!(await this.#settings.knows(path.mailbox, this.#envelope))) return '550 5.1.1 no such mailbox here'
    this.#to.push(path.mailbox)
    return '250 2.1.5 ok'
  }

  async data(argument: string): Promise<string> {
    if (argument !== '') return SYNTAX
    if (this.#from === undefined || this.#to.length === 0) return SEQUENCE
    const text = new Text(this.#budget)
    try {
      await this.#reply('354 end it with a single dot')
      const { host, decisionTimeout, now } = this.#settings
      const isFull = !text.add(Buffer.from(traceOf(this.#envelope, this.#extended, host, now())))
      const { refusal = isFull ? NO_ROOM : undefined, cut } = await readText(this.#connection, text, this.#settings)
      this.#last = cut
      if (refusal !== undefined) return refusal
      const message = new Message(this.#envelope, text.bytes)
      this.#errors = 0
      return await this.#messages.offer(message, decisionTimeout, this.#connection.signal)
    } finally {
      text.drop()
      this.#reset()
    }
  }

  rset(): string {
    this.#reset()
    return '250 2.0.0 ok'
  }

  quit(): string {
    this.#last = true
    return '221 2.0.0 bye'
  }
}

/** A command: its reply, or undefined if it has replied. */
type Command = (this: Session, argument: string) => string | undefined | Promise<string | undefined>

const commands: Readonly<Record<string, Command>> = {
  HELO(client) {
    return this.helo(client, false)
  },
  EHLO(client) {
    return this.helo(client, true)
  },
  STARTTLS(argument) {
    return this.startTls(argument)
  },
  AUTH(argument) {
    return this.auth(argument)
  },
  MAIL(argument) {
    return this.mail(argument)
  },
  RCPT(argument) {
    return this.rcpt(argument)
  },
  DATA(argument) {
    return this.data(argument)
  },
  RSET() {
    return this.rset()
  },
  NOOP: () => '250 2.0.0 ok',
  // It does not help those who collect addresses.
  VRFY: () => '252 2.1.5 send to it, and see',
  EXPN: () => '502 5.5.1 lists are not shown',
  HELP: () => '214 2.0.0 see RFC 5321',
  QUIT() {
    return this.quit()
  },
}
