// What is sent, in RESP2 and RESP3 (https://redis.io/docs/latest/develop/reference/protocol-spec/). Answers are text that has one
// character a byte. Joined texts cost nothing until they are sent, so an answer is made of as many as reads well.

import { CommandError } from './error.js'

/** The version of the protocol that a client has asked for by HELLO. */
export type Protocol = 2 | 3

export const OK = '+OK\r\n'
export const QUEUED = '+QUEUED\r\n'

/** The largest answer: what a client asks for may be larger than what it sends, by far. */
const LARGEST = 256 * 1024 * 1024

export function simple(text: string): string {
  return `+${text}\r\n`
}

/** An error has one line, whatever a client has sent that is quoted in it. */
export function errorReply(message: string): string {
  return `-${message.replace(/[\r\n]/g, ' ')}\r\n`
}

export function integer(value: number | bigint): string {
  return `:${value}\r\n`
}

export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}

export function nothing(protocol: Protocol): string {
  return protocol === 2 ? '$-1\r\n' : '_\r\n'
}

/** Of a command whose answer is an array otherwise. */
export function noArray(protocol: Protocol): string {
  return protocol === 2 ? '*-1\r\n' : '_\r\n'
}

export function bulkOrNothing(text: string | undefined, protocol: Protocol): string {
  return text === undefined ? nothing(protocol) : bulk(text)
}

/** An array of answers. */
export function array(replies: readonly string[]): string {
  return joined(`*${replies.length}\r\n`, replies)
}

export function bulks(texts: Iterable<string>): string {
  return array(Array.from(texts, bulk))
}

/** A set of answers, whose order means nothing. */
export function set(replies: readonly string[], protocol: Protocol): string {
  return joined(`${protocol === 2 ? '*' : '~'}${replies.length}\r\n`, replies)
}

/** A map: in RESP2 an array of keys and values in turn. */
export function map(entries: readonly (readonly [string, string])[], protocol: Protocol): string {
  const head = protocol === 2 ? `*${2 * entries.length}\r\n` : `%${entries.length}\r\n`
  return joined(
    head,
    entries.map(([key, reply]) => bulk(key) + reply),
  )
}

/** What is sent to a subscriber: in RESP3 it is marked, so that a client can distinguish it from an answer. */
export function push(replies: readonly string[], protocol: Protocol): string {
  return `${protocol === 2 ? '*' : '>'}${replies.length}\r\n${replies.join('')}`
}

/** A text for people, which a client may show as it is. */
export function verbatim(text: string, protocol: Protocol): string {
  return protocol === 2 ? bulk(text) : `=${text.length + 4}\r\ntxt:${text}\r\n`
}

function joined(head: string, replies: readonly string[]): string {
  let size = 0
  for (const reply of replies) size += reply.length
  if (size > LARGEST) throw new CommandError(`ERR the answer is larger than ${LARGEST} bytes`)
  return head + replies.join('')
}
