// A mail server as a program sees it: messages, and a decision about each.
//
//   const mail = receiveMail(server, { host: 'mx.example.org' })
//   for await (const message of mail.messages) {
//     await store(message)
//     message.accept()
//   }

import { createSecureContext } from 'node:tls'
import type { Server } from 'linnet'
import { Budget } from './data.js'
import { Messages } from './messages.js'
import { Session } from './session.js'
import { defaultSettings, type Settings } from './settings.js'

export interface Mail {
  /** What is received. The iterator ends when the server has closed; a program that leaves the loop closes the server. */
  readonly messages: Messages
  /** Resolves when the server has closed and no client is left. */
  readonly closed: Promise<void>
}

/** Serves the clients of a server. Throws if the key or the certificate cannot be used. */
export function receiveMail(server: Server, options: Partial<Settings> = {}): Mail {
  const settings = { ...defaultSettings, ...options }
  // Here, and not when the first client asks for TLS.
  if (settings.tls !== undefined) createSecureContext(settings.tls)
  const budget = new Budget(settings.maxMemory)
  const messages = new Messages(() => void server.close())
  const closed = server.serve((connection) => new Session(connection, settings, budget, messages).run()).finally(() => messages.end())
  return { messages, closed }
}
