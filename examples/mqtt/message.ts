// An application message: what is published, retained and queued, and what a will has.

/** The levels of delivery to subscribers: at most once, and at least once. */
export type QoS = 0 | 1

export class Message {
  readonly topic: string
  /** The topic in UTF-8. */
  readonly topicBytes: Buffer
  readonly payload: Buffer
  readonly qos: QoS
  /** Whether it is kept as the last one of its topic. */
  readonly retain: boolean
  #shared: Buffer | undefined

  /** `payload` is copied: it may be a part of a larger buffer, which a message that is kept would keep too. */
  constructor(topic: string, payload: Uint8Array, { qos = 0, retain = false }: { qos?: QoS; retain?: boolean } = {}) {
    this.topic = topic
    this.topicBytes = Buffer.from(topic)
    this.payload = Buffer.from(payload)
    this.qos = qos
    this.retain = retain
  }

  get size(): number {
    return this.topicBytes.length + this.payload.length
  }

  /** The bytes of a packet that is the same for all subscribers: those that get the message with QoS 0. Made once, by `make`. */
  shared(make: () => Buffer): Buffer {
    this.#shared ??= make()
    return this.#shared
  }
}
