// Which clients are subscribed to which channels, and what they are sent.

import { glob, type Match } from './glob.js'
import { bulk, type Protocol, push } from './reply.js'

/** What is sent to several subscribers: made once for each version of the protocol. */
export interface Message {
  readonly text: string
  readonly bytes: Buffer
}

export interface Subscriber {
  readonly protocol: Protocol
  deliver(message: Message): void
}

export class Channels {
  readonly #channels = new Map<string, Set<Subscriber>>()
  readonly #patterns = new Map<string, { readonly match: Match; readonly subscribers: Set<Subscriber> }>()

  subscribe(channel: string, subscriber: Subscriber): void {
    this.#channels.set(channel, (this.#channels.get(channel) ?? new Set()).add(subscriber))
  }

  unsubscribe(channel: string, subscriber: Subscriber): void {
    const subscribers = this.#channels.get(channel)
    subscribers?.delete(subscriber)
    if (subscribers?.size === 0) this.#channels.delete(channel)
  }

  subscribePattern(pattern: string, subscriber: Subscriber): void {
    const entry = this.#patterns.get(pattern) ?? { match: glob(pattern), subscribers: new Set() }
    entry.subscribers.add(subscriber)
    this.#patterns.set(pattern, entry)
  }

  unsubscribePattern(pattern: string, subscriber: Subscriber): void {
    const subscribers = this.#patterns.get(pattern)?.subscribers
    subscribers?.delete(subscriber)
    if (subscribers?.size === 0) this.#patterns.delete(pattern)
  }

  /** Sends a message to all subscribers, and returns how many that were. It waits for none of them. */
  publish(channel: string, message: string): number {
    let receivers = deliver(this.#channels.get(channel) ?? [], [bulk('message'), bulk(channel), bulk(message)])
    for (const [pattern, { match, subscribers }] of this.#patterns) {
      if (match(channel)) receivers += deliver(subscribers, [bulk('pmessage'), bulk(pattern), bulk(channel), bulk(message)])
    }
    return receivers
  }
}

function deliver(subscribers: Iterable<Subscriber>, parts: readonly string[]): number {
  const made = new Map<Protocol, Message>()
  let count = 0
  for (const subscriber of subscribers) {
    const { protocol } = subscriber
    const message = made.get(protocol) ?? messageOf(push(parts, protocol))
    made.set(protocol, message)
    subscriber.deliver(message)
    count++
  }
  return count
}

function messageOf(text: string): Message {
  return { text, bytes: Buffer.from(text, 'latin1') }
}
