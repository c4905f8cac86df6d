// The sessions of all clients, their subscriptions, and the retained messages. All of it is in memory: it ends with the process.

import type { Connection } from 'linnet'
import { REFUSED } from './encode.js'
import type { Message, QoS } from './message.js'
import { type Budget, Session } from './session.js'
import type { Settings } from './settings.js'
import { TopicTree } from './topics.js'

/** A client that is connected. */
export interface Client {
  readonly connection: Connection
  readonly session: Session
  /** Published when the client is lost: it has not sent DISCONNECT. */
  will: Message | undefined
}

export class Broker {
  readonly settings: Settings
  readonly #sessions = new Map<string, Session>()
  readonly #clients = new Map<string, Client>()
  /** When the client of a session left, the earliest one first. */
  readonly #absent = new Map<Session, number>()
  readonly #subscribers = new TopicTree<Map<Session, QoS>>()
  readonly #retained = new TopicTree<Message>()
  #retainedCount = 0
  #retainedBytes = 0
  readonly #budget: Budget = { used: 0 }

  constructor(settings: Settings) {
    this.settings = settings
  }

  /** Takes a client in. An earlier connection with its identifier is cut (MQTT-3.1.4-2). */
  enter(connection: Connection, clientId: string, clean: boolean, will: Message | undefined): { client: Client; sessionPresent: boolean } {
    const earlier = this.#clients.get(clientId)
    if (earlier !== undefined) {
      this.leave(earlier)
      earlier.connection.abort(new Error('the client has connected again'))
    }
    this.#expire()
    let session = this.#sessions.get(clientId)
    const sessionPresent = session !== undefined && !clean
    if (session !== undefined && clean) this.#discard(session) // MQTT-3.1.2-6
    if (session === undefined || clean) session = new Session(clientId, clean, this.settings, this.#budget)
    this.#absent.delete(session)
    this.#sessions.set(clientId, session)
    const client = { connection, session, will }
    this.#clients.set(clientId, client)
    return { client, sessionPresent }
  }

  /** The connection of a client has ended. Does nothing if another one has replaced it. */
  leave(client: Client): void {
    const { session, will } = client
    if (this.#clients.get(session.clientId) !== client) return
    this.#clients.delete(session.clientId)
    session.detach()
    if (session.clean) this.#discard(session)
    else {
      this.#absent.set(session, performance.now())
      this.#expire()
    }
    if (will !== undefined) this.publish(will)
  }

  /** Whether the message can be kept, if it is one to be retained. */
  hasRoomFor({ retain, payload, topic, size }: Message): boolean {
    if (!retain || payload.length === 0) return true
    const old = this.#retained.get(topic)
    const { maxRetained, maxRetainedBytes } = this.settings
    return this.#retainedCount - (old ? 1 : 0) < maxRetained && this.#retainedBytes - (old?.size ?? 0) + size <= maxRetainedBytes
  }

  /** Delivers a message, once to each session that has subscribed to it: with the highest QoS of its filters (MQTT-3.3.5-1). */
  publish(message: Message): void {
    // Topics of the server itself, of which this one has none.
    if (message.topic === '$SYS' || message.topic.startsWith('$SYS/')) return
    if (message.retain) this.#retain(message)
    const targets = new Map<Session, QoS>()
    this.#subscribers.match(message.topic, (sessions) => {
      for (const [session, qos] of sessions) if (targets.get(session) !== 1) targets.set(session, qos)
    })
    for (const [session, qos] of targets) session.deliver(message, qos === 0 ? 0 : message.qos)
  }

  /** Returns the code for SUBACK. The retained messages that the filter matches go to the session (MQTT-3.8.4-3). */
  subscribe(session: Session, filter: string, qos: QoS): number {
    if (!session.subscriptions.has(filter) && session.subscriptions.size >= this.settings.maxSubscriptions) return REFUSED
    session.subscriptions.set(filter, qos)
    const sessions = this.#subscribers.get(filter)
    if (sessions === undefined) this.#subscribers.set(filter, new Map([[session, qos]]))
    else sessions.set(session, qos)
    session.deliverRetained(filter, qos, this.#retained.matching(filter))
    return qos
  }

  unsubscribe(session: Session, filter: string): void {
    session.unsubscribe(filter)
    const sessions = this.#subscribers.get(filter)
    if (sessions?.delete(session) && sessions.size === 0) this.#subscribers.delete(filter)
  }

  #retain(message: Message): void {
    const keeps = message.payload.length > 0 && this.hasRoomFor(message)
    const old = this.#retained.get(message.topic)
    if (old !== undefined) {
      this.#retainedCount--
      this.#retainedBytes -= old.size
      this.#retained.delete(message.topic) // MQTT-3.3.1-10, MQTT-3.3.1-7
    }
    if (!keeps) return
    this.#retained.set(message.topic, message)
    this.#retainedCount++
    this.#retainedBytes += message.size
  }

  #discard(session: Session): void {
    for (const filter of [...session.subscriptions.keys()]) this.unsubscribe(session, filter)
    session.discard()
    this.#absent.delete(session)
    if (this.#sessions.get(session.clientId) === session) this.#sessions.delete(session.clientId)
  }

  /** Sessions of clients that are absent for too long, or too many, end. */
  #expire(): void {
    const { maxAbsent, sessionExpiry } = this.settings
    const latest = performance.now() - sessionExpiry
    for (const [session, since] of this.#absent) {
      if (since > latest && this.#absent.size <= maxAbsent) return
      this.#discard(session)
    }
  }
}
