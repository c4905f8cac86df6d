// What becomes of a command: it is refused, kept until EXEC, or carried out.

import type { Client, Transaction } from './client.js'
import { type Answer, type Command, fits, perform } from './command.js'
import { commandOf } from './commands/index.js'
import { unknownCommand, wrongArity } from './error.js'
import { errorReply, QUEUED } from './reply.js'
import { LIMITS } from './settings.js'
import { compact } from './text.js'

/** What a subscriber may send in RESP2, where an answer could be taken for a message. */
const WHILE_SUBSCRIBED = new Set(['ping', 'subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe', 'quit', 'reset'])

/** Carries out a command, and returns its answer, or what the client has to wait for. */
export function execute(words: readonly string[], client: Client): Answer {
  const { redis, transaction } = client
  redis.commands++
  const command = commandOf(words[0] as string)
  if (command === undefined) {
    // The lines of an HTTP request, which a web page may have made a browser send: the rest of it is not carried out.
    if (/^(?:post|host:)$/i.test(words[0] as string)) client.quitting = true
    return refuse(client, unknownCommand(words).message)
  }
  const { name, arity } = command
  if (!fits(arity, words)) {
    const { message } = wrongArity(name)
    if (name !== 'exec') return refuse(client, message)
    client.transaction = undefined
    return errorReply(`EXECABORT Transaction discarded because of: ${message.slice('ERR '.length)}`)
  }
  if (!client.authenticated && !command.flags.includes('no_auth')) return refuse(client, 'NOAUTH Authentication required.')
  if (client.protocol === 2 && client.subscriptions > 0 && !WHILE_SUBSCRIBED.has(name)) {
    const allowed = '(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET'
    return refuse(client, `ERR Can't execute '${name}': only ${allowed} are allowed in this context`)
  }
  if (transaction !== undefined && !command.flags.includes('no_multi')) return queue(transaction, command, words, client)
  const answer = perform(command, words, client)
  if (redis.waiting.ready) redis.waiting.serve()
  return answer
}

/** A transaction of which a command is refused is not carried out. */
function refuse({ transaction }: Client, message: string): string {
  if (transaction !== undefined) abort(transaction)
  return errorReply(message)
}

function abort(transaction: Transaction): void {
  transaction.aborted = true
  transaction.commands.length = 0
}

function queue(transaction: Transaction, command: Command, words: readonly string[], client: Client): string {
  for (const word of words) transaction.bytes += word.length + 16
  if (transaction.bytes > LIMITS.command) return refuse(client, `ERR a transaction has at most ${LIMITS.command} bytes`)
  if (transaction.aborted) return QUEUED
  const kept = words.map(compact)
  // In EXEC no command waits, so each has an answer.
  transaction.commands.push(() => perform(command, kept, client) as string)
  return QUEUED
}
