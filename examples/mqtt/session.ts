// What the broker has of one client: its subscriptions, and the messages for it. A session may outlive its connections (section 3.1.2.4).
//
// A message of QoS 0 is sent at once, or dropped: if the client is absent, or does not take what was sent before. One of QoS 1 waits in the
// queue until the window of messages in flight has room, is in flight until the client acknowledges it, and is sent again on the next
// connection. Retained messages that answer a subscription are taken from the broker's tree as the client takes them.

import type { Connection } from 'linnet'
import { publish } from './encode.js'
import type { Message, QoS } from './message.js'
import type { Settings } from './settings.js'

/** The bytes of the messages for all sessions. */
export interface Budget {
  used: number
}

interface InFlight {
  readonly id: number
  readonly message: Message
  readonly retained: boolean
}

const MOST_IDS = 65_535

export class Session {
  readonly clientId: string
  /** Whether it ends with its connection. */
  readonly clean: boolean
  readonly subscriptions = new Map<string, QoS>()
  /** Messages of QoS 2 from the client that it has not released. A second one with such a number is the same message. */
  readonly received = new Set<number>()
  readonly #settings: Settings
  readonly #budget: Budget
  #connection: Connection | undefined
  /** Its limit of bytes that wait to be sent. */
  #highWaterMark = 0
  /** In the order in which they were sent first. */
  readonly #inFlight = new Map<number, InFlight>()
  readonly #queue: Message[] = []
  /** The bytes of both. */
  #bytes = 0
  #lastId = 0
  /** Messages in flight that were sent on an earlier connection, and not yet on this one. */
  #resent: InFlight[] = []
  /** Retained messages that are still to be sent, by the filter that asked for them. */
  readonly #retained = new Map<string, { readonly qos: QoS; readonly messages: Iterator<Message, void> }>()
  /** Whether `send` waits until the client has taken what was sent. */
  #waits = false

  constructor(clientId: string, clean: boolean, settings: Settings, budget: Budget) {
    this.clientId = clientId
    this.clean = clean
    this.#settings = settings
    this.#budget = budget
  }

  /** Whether the client has to acknowledge messages. */
  get unacknowledged(): boolean {
    return this.#inFlight.size > 0
  }

  /** Messages go to this connection from now on. What an earlier one has not acknowledged comes first (MQTT-4.4.0-1, MQTT-4.6.0-1). */
  attach(connection: Connection): void {
    this.#connection = connection
    this.#highWaterMark = connection.limits.writeHighWaterMark
    this.#resent = [...this.#inFlight.values()]
    this.#waits = false
    this.send()
  }

  detach(): void {
    this.#connection = undefined
  }

  /** Ends the session: nothing is delivered any more. */
  discard(): void {
    this.#budget.used -= this.#bytes
    this.#bytes = 0
    this.#queue.length = 0
    this.#inFlight.clear()
    this.#retained.clear()
  }

  deliver(message: Message, qos: QoS): void {
    if (qos === 0) {
      this.#connection?.tryWrite(message.shared(() => publish(message, 0, 0)))
      return
    }
    const { maxQueued, maxQueuedBytes, maxQueuedInAll } = this.#settings
    const { size } = message
    if (this.#queue.length >= maxQueued || this.#bytes + size > maxQueuedBytes || this.#budget.used + size > maxQueuedInAll) {
      this.#connection?.abort(new Error('the client does not acknowledge its messages, or too slowly'))
      return
    }
    this.#count(size)
    this.#queue.push(message)
    this.send()
  }

  /** Sends retained messages, each with the lower one of its own QoS and `qos`. Messages of an earlier call for the filter end. */
  deliverRetained(filter: string, qos: QoS, messages: Iterator<Message, void>): void {
    this.#retained.set(filter, { qos, messages })
  }

  unsubscribe(filter: string): void {
    this.subscriptions.delete(filter)
    this.#retained.delete(filter)
  }

  acknowledge(id: number): void {
    const acknowledged = this.#inFlight.get(id)
    if (acknowledged === undefined) return
    this.#inFlight.delete(id)
    this.#count(-acknowledged.message.size)
    this.send()
  }

  /** Sends what can be sent: as long as the connection takes it, and the window has room. */
  send(): void {
    const connection = this.#connection
    if (connection === undefined || this.#waits) return
    while (connection.queued < this.#highWaterMark) {
      const packet = this.#next()
      if (packet === undefined) return
      void connection.write(packet)
    }
    this.#waits = true
    const goOn = (): void => {
      if (this.#connection !== connection) return
      this.#waits = false
      this.send()
    }
    // It rejects if the connection is lost: the handler, which reads, ends then too.
    connection.flush().then(goOn, () => {})
  }

  #next(): Buffer | undefined {
    const again = this.#resent.shift()
    if (again !== undefined) return this.#inFlight.has(again.id) ? this.#encode(again, true) : this.#next()
    const hasRoom = this.#inFlight.size < this.#settings.maxInFlight
    for (const [filter, { qos, messages }] of this.#retained) {
      if (qos === 1 && !hasRoom) continue
      const { value: message } = messages.next()
      if (message !== undefined) {
        if (qos === 0 || message.qos === 0) return publish(message, 0, 0, { retained: true })
        this.#count(message.size)
        return this.#encode(this.#start(message, true), false)
      }
      this.#retained.delete(filter)
    }
    const message = hasRoom ? this.#queue.shift() : undefined
    return message && this.#encode(this.#start(message, false), false)
  }

  #start(message: Message, retained: boolean): InFlight {
    // There are far more numbers than messages in flight.
    do this.#lastId = (this.#lastId % MOST_IDS) + 1
    while (this.#inFlight.has(this.#lastId))
    const entry = { id: this.#lastId, message, retained }
    this.#inFlight.set(entry.id, entry)
    return entry
  }

  #encode({ id, message, retained }: InFlight, duplicate: boolean): Buffer {
    return publish(message, 1, id, { retained, duplicate })
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#budget.used += bytes
  }
}
