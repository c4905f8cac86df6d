// The messages that a server has received: an async iterator for the program, which decides about each. Until it has decided, the client
// waits for its reply and no further message of it is read: that is the back-pressure.

import type { Envelope } from './settings.js'

const LATER = '451 4.3.0 try again later'
const TAKEN = '2.0.0 accepted'
const CLOSING = '451 4.3.2 the server is closing'
const REJECTION = /^[45]\d\d [\x20-\x7e]{1,500}$/

export class Message {
  readonly envelope: Envelope
  /** All of it, with a `Received:` line in front; lines end with CR LF. */
  readonly data: Buffer
  /** The reply that the client gets. Resolves once it is decided. */
  readonly reply: Promise<string>
  #decide: ((reply: string) => void) | undefined

  constructor(envelope: Envelope, data: Buffer) {
    this.envelope = envelope
    this.data = data
    this.reply = new Promise((resolve) => {
      this.#decide = resolve
    })
  }

  /** Whether the client's reply is decided, by the program, by the time, or because the client has left. */
  get decided(): boolean {
    return this.#decide === undefined
  }

  /**
   * Takes the message over: the client deletes it. To be called when it is stored for good. Returns whether it was not decided before;
   * if it was, the client sends the message again.
   */
  accept(text: string = TAKEN): boolean {
    return this.#settle(`250 ${text}`)
  }

  /** Leaves the message to the client, which tries again after a reply of 4xx, and reports a failure after 5xx. */
  reject(reply: string = LATER): boolean {
    if (!REJECTION.test(reply)) throw new RangeError(`a rejection is a reply of 4xx or 5xx, not ${JSON.stringify(reply)}`)
    return this.#settle(reply)
  }

  #settle(reply: string): boolean {
    const decide = this.#decide
    this.#decide = undefined
    decide?.(reply)
    return decide !== undefined
  }
}

type Taker = (result: IteratorResult<Message, undefined>) => void

export class Messages implements AsyncIterableIterator<Message, undefined> {
  readonly #leave: () => void
  /** Those that the program has not taken yet. */
  readonly #queue = new Set<Message>()
  readonly #undecided = new Set<Message>()
  readonly #takers: Taker[] = []
  #ended = false

  /** `leave` is called when the program leaves the loop. */
  constructor(leave: () => void) {
    this.#leave = leave
  }

  /** Gives a message to the program. Resolves with the reply to the client: after `timeout`, or when the client has left, a rejection. */
  async offer(message: Message, timeout: number, signal: AbortSignal): Promise<string> {
    if (this.#ended) return CLOSING
    const tooLate = (): void => void message.reject()
    const timer = setTimeout(tooLate, timeout)
    signal.addEventListener('abort', tooLate, { once: true })
    if (signal.aborted) tooLate()
    else this.#add(message)
    try {
      return await message.reply
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', tooLate)
      this.#queue.delete(message)
      this.#undecided.delete(message)
    }
  }

  #add(message: Message): void {
    this.#undecided.add(message)
    const taker = this.#takers.shift()
    if (taker === undefined) this.#queue.add(message)
    else taker({ done: false, value: message })
  }

  /** No more messages come: the iterator ends behind those that are there. */
  end(): void {
    this.#ended = true
    for (const taker of this.#takers.splice(0)) taker({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    for (const message of this.#queue) {
      this.#queue.delete(message)
      // One that was decided in this turn is on its way out.
      if (!message.decided) return Promise.resolve({ done: false, value: message })
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#takers.push(resolve))
  }

  /** The program leaves the loop: clients whose messages are not decided are asked to come again, and the server closes. */
  return(): Promise<IteratorResult<Message, undefined>> {
    this.end()
    for (const message of this.#undecided) message.reject(CLOSING)
    this.#leave()
    return Promise.resolve({ done: true, value: undefined })
  }
}
