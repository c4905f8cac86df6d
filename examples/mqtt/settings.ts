// The limits of the broker. Whatever a client may let grow has one here, or is a limit of linnet's own.

export interface Settings {
  /** The most bytes of a packet behind its fixed header. A longer one is refused when its length has arrived. */
  readonly maxPacket: number
  /** The time in which a client has to send CONNECT, in milliseconds. */
  readonly connectTimeout: number
  /** The time for the rest of a packet whose first byte has arrived. */
  readonly readTimeout: number
  /** The most bytes of a client identifier. */
  readonly maxClientId: number
  /** The most topic filters of a session. The next one is refused with 0x80. */
  readonly maxSubscriptions: number
  /** The most messages of QoS 1 that were sent to a client and not acknowledged, and of QoS 2 that a client has not released. */
  readonly maxInFlight: number
  /** The most messages that wait for a client, and their bytes. Beyond, a client is disconnected, and an absent one misses messages. */
  readonly maxQueued: number
  readonly maxQueuedBytes: number
  /** The most bytes of messages that are queued or in flight for all clients together. */
  readonly maxQueuedInAll: number
  /** The most sessions that are kept for absent clients, and for how long. Beyond, the oldest ones are dropped. */
  readonly maxAbsent: number
  readonly sessionExpiry: number
  /** The most retained messages, and their bytes. */
  readonly maxRetained: number
  readonly maxRetainedBytes: number
  /** Whether a client may connect. Without it every client may. */
  readonly authenticate?: (login: Login) => boolean | PromiseLike<boolean>
}

/** What a client identifies itself with. */
export interface Login {
  readonly clientId: string
  readonly userName: string | undefined
  readonly password: Buffer | undefined
}

export const defaultSettings: Settings = {
  maxPacket: 262_144,
  connectTimeout: 10_000,
  readTimeout: 30_000,
  maxClientId: 256,
  maxSubscriptions: 100,
  maxInFlight: 20,
  maxQueued: 1000,
  maxQueuedBytes: 4_194_304,
  maxQueuedInAll: 268_435_456,
  maxAbsent: 10_000,
  sessionExpiry: 86_400_000,
  maxRetained: 10_000,
  maxRetainedBytes: 67_108_864,
}
