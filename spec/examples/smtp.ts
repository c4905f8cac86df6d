// Conversations with the server of examples/smtp/, in memory: what a client sends byte by byte, what it gets, and what is received.

import type { Test } from 'tap'
import type { Mail } from '../../examples/smtp/server.js'
import type { Settings } from '../../examples/smtp/settings.js'
import type { Connection, Server } from '../../lib/index.js'
import { type MemoryServerOptions, memoryServer } from '../../lib/testing/index.js'
import { identityOf } from '../support/certificates.js'
import { turns, within } from '../support/wait.js'
import { importExample } from './in-process.js'

const { receiveMail } = await importExample<typeof import('../../examples/smtp/server.js')>('smtp/server')

/** Monday, 2026-11-30. */
export const TIME = Date.UTC(2026, 10, 30, 12)

export class Postbox {
  readonly server: Server
  readonly mail: Mail
  /** The texts that were received, without the line of the server in front. */
  readonly texts: string[] = []
  readonly #connect: () => Promise<Connection>

  /** `takes`: whether all messages are accepted as they come. */
  constructor(t: Test, settings: Partial<Settings> = {}, options: MemoryServerOptions = {}, takes = true) {
    const { server, connect } = memoryServer(options)
    this.server = server
    this.#connect = () => connect()
    this.mail = receiveMail(server, { now: () => TIME, ...settings })
    t.teardown(() => server.close({ grace: 0 }))
    if (takes) this.#takeAll().catch((error: unknown) => t.fail(String(error)))
  }

  async #takeAll(): Promise<void> {
    for await (const message of this.mail.messages) {
      this.texts.push(message.data.toString('latin1').replace(/^Received: .*?\r\n(?=\S|\r\n|$)/s, ''))
      message.accept()
    }
  }

  async dial(t: Test): Promise<Client> {
    const client = new Client(await this.#connect())
    t.teardown(() => client.connection.abort())
    return client
  }

  /** Sends the pieces, each in a turn of its own, and ends; resolves with all that comes back. */
  async ask(t: Test, ...pieces: readonly (string | Uint8Array)[]): Promise<string> {
    const { connection } = await this.dial(t)
    // The server may have closed before all is sent.
    const sending = (async () => {
      for (const piece of pieces) {
        await connection.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
        if (pieces.length > 1) await turns(1)
      }
      await connection.end()
    })().catch(() => {})
    const got = await within(connection.readToEnd('latin1'), `the replies to ${JSON.stringify(pieces).slice(0, 100)}`)
    await sending
    await connection.close()
    return got
  }
}

export class Client {
  readonly connection: Connection

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** The lines of the next reply. */
  async reply(): Promise<string> {
    for (let lines = ''; ; ) {
      const line = await within(this.connection.readLine({ delimiter: '\r\n' }), 'a reply')
      lines += `${line}\n`
      if (line[3] === ' ') return lines
    }
  }

  async ask(line: string): Promise<string> {
    await this.connection.write(`${line}\r\n`)
    return this.reply()
  }

  /** Up to the reply to DATA. */
  async begin(to: string = 'a@b.test'): Promise<string> {
    await this.reply()
    await this.ask('EHLO me')
    await this.ask('MAIL FROM:<me@here.test>')
    await this.ask(`RCPT TO:<${to}>`)
    return this.ask('DATA')
  }

  async startTls(): Promise<void> {
    await this.ask('STARTTLS')
    await this.connection.startTls({ ca: identityOf('DNS:localhost').cert, servername: 'localhost' })
  }
}

const { key, cert } = identityOf('DNS:localhost')
export const tls = { key, cert }

/** A whole session that sends this text, all at once. */
export const delivery = (text: string): string => `EHLO me\r\nMAIL FROM:<me@here.test>\r\nRCPT TO:<a@b.test>\r\nDATA\r\n${text}QUIT\r\n`

/** The codes of the replies, each once. */
export function codesOf(replies: string): string {
  return Array.from(replies.matchAll(/^(\d{3}) /gm), ([, code]) => code).join(' ')
}
