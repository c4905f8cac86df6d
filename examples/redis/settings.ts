// What a program sets, and the limits on what a client may send before any of it is gathered.

export interface Settings {
  /** The password that clients need; undefined for none. */
  readonly password: string | undefined
  /** The memory of all keys and values, as they are counted, in bytes. Commands that need more are refused. */
  readonly memory: number
  /** The longest silence between two commands, in milliseconds. Subscribers and clients that wait for an element may be silent. */
  readonly idle: number
  /** The longest time for a command to arrive, in milliseconds. */
  readonly command: number
  /** Unix time in milliseconds. */
  readonly now: () => number
}

export const defaults: Settings = {
  password: undefined,
  memory: 256 * 1024 * 1024,
  idle: 600_000,
  command: 60_000,
  now: Date.now,
}

/** What a client may send. */
export interface Limits {
  /** The words of a command. */
  readonly words: number
  /** One word, and a value that grows. */
  readonly word: number
  /** A whole command, with 16 bytes for each word. A transaction has the same limit. */
  readonly command: number
  /** Begins the error for a length above a limit. */
  readonly kind: 'invalid' | 'unauthenticated'
}

export const LIMITS: Limits = { words: 1024 * 1024, word: 16 * 1024 * 1024, command: 64 * 1024 * 1024, kind: 'invalid' }

/** Those of a client that has not sent the password. */
export const STRANGER: Limits = { words: 10, word: 16 * 1024, command: 64 * 1024, kind: 'unauthenticated' }

/** The channels and patterns of one client. */
export const MOST_SUBSCRIPTIONS = 10_000

/** A command in one line, or a length. */
export const LONGEST_LINE = 64 * 1024
