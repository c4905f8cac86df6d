// The settings and limits of a mail server, each with its reason. Connections are limited where the server listens; `writeTimeout` and
// `maxWriteBuffer` of linnet bound a client that does not read.

import type { Address } from 'linnet'

/** What is known of a message before its text: its sender and its recipients. */
export interface Envelope {
  /** The address that reports of failures go to; `''` for a message that is such a report. */
  readonly from: string
  readonly to: readonly string[]
  /** The name that the client gave itself. It proves nothing. */
  readonly client: string
  readonly remote: Address
  readonly tls: boolean
  /** The name that the client has proved by AUTH. */
  readonly user: string | undefined
}

export interface Settings {
  /** The name of this host. */
  readonly host: string
  /** Key and certificate for STARTTLS. Without them it is not offered. */
  readonly tls: { readonly key: string | Buffer; readonly cert: string | Buffer } | undefined
  /** Whether mail is refused before STARTTLS. RFC 3207 forbids it for a server that other servers deliver to. */
  readonly requireTls: boolean
  /** Checks a name and a password. With it AUTH is offered over TLS, and mail of those who are not known is refused. */
  readonly authenticate: ((user: string, password: string) => boolean | Promise<boolean>) | undefined
  /** Whether a recipient is one of this server. */
  readonly knows: (recipient: string, envelope: Envelope) => boolean | Promise<boolean>
  /** The most bytes of a message as it is sent. */
  readonly maxSize: number
  /** The most bytes of all messages that are being received, or not yet decided about. */
  readonly maxMemory: number
  /** The most recipients of a message. RFC 5321, section 4.5.3.1.8, asks for 100 at least. */
  readonly maxRecipients: number
  /** The most commands of a connection that are refused since its last message. */
  readonly maxErrors: number
  /** The longest wait for a command, and for one to be complete. RFC 5321, section 4.5.3.2.7, asks for 5 minutes. */
  readonly commandTimeout: number
  /** The longest wait for a line of a message. */
  readonly lineTimeout: number
  /** The longest that a whole message may take. */
  readonly messageTimeout: number
  /** The longest that the program may take to decide about a message. Clients wait for 10 minutes. */
  readonly decisionTimeout: number
  /** The time, in milliseconds. */
  readonly now: () => number
}

export const defaultSettings: Settings = {
  host: 'localhost',
  tls: undefined,
  requireTls: false,
  authenticate: undefined,
  knows: () => true,
  maxSize: 10_000_000,
  maxMemory: 256_000_000,
  maxRecipients: 100,
  maxErrors: 10,
  commandTimeout: 300_000,
  lineTimeout: 180_000,
  messageTimeout: 1_800_000,
  decisionTimeout: 300_000,
  now: Date.now,
}
