// The arguments of commands: keys, numbers, times, and what is wrong with them.

/** A command that cannot be carried out: the answer to it. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  /** Whether the connection has to be closed, because it is not known where the next command begins. */
  readonly fatal: boolean

  constructor(answer: string, fatal: boolean = false) {
    super(answer)
    this.fatal = fatal
  }
}

const badFormat = (): CommandError => new CommandError('CLIENT_ERROR bad command line format')

const LONGEST_KEY = 250
// Keys are bytes above the space; text here has one character a byte.
const KEY = /^[^\0-\x20\x7f]+$/

export function keyOf(text: string | undefined): string {
  if (text === undefined || text.length > LONGEST_KEY || !KEY.test(text)) throw badFormat()
  return text
}

/** A key that a meta command gives in base64, which may have any bytes. */
export function binaryKeyOf(text: string | undefined): string {
  const key = keyOf(text)
  const bytes = Buffer.from(key, 'base64')
  if (bytes.length === 0 || bytes.toString('base64') !== key) throw new CommandError('CLIENT_ERROR error decoding key')
  return bytes.toString('latin1')
}

const INTEGER = /^-?\d{1,15}$/

/** Whether it is an integer of at most fifteen digits. */
export function isInteger(text: string | undefined): text is string {
  return text !== undefined && INTEGER.test(text)
}

function integerOf(text: string | undefined): number {
  if (!isInteger(text)) throw badFormat()
  return Number(text)
}

export function flagsOf(text: string | undefined): number {
  const flags = integerOf(text)
  if (flags < 0 || flags > 0xffff_ffff) throw badFormat()
  return flags
}

const NUMBER = /^\d{1,20}$/
const MOST = 2n ** 64n

/** An unsigned number of 64 bits; undefined for other text. */
export function unsigned(text: string): bigint | undefined {
  const number = NUMBER.test(text) ? BigInt(text) : MOST
  return number < MOST ? number : undefined
}

export function casOf(text: string | undefined): bigint {
  const cas = unsigned(text ?? '')
  if (cas === undefined) throw badFormat()
  return cas
}

const SECOND = 1000
const MONTH = 60 * 60 * 24 * 30

/** When an item expires: 0 is never, a negative time is at once, up to thirty days are from now on, and more is a Unix time. */
export function expiryOf(text: string | undefined, now: number): number {
  const seconds = integerOf(text)
  if (seconds === 0) return Number.POSITIVE_INFINITY
  if (seconds < 0) return now
  return seconds <= MONTH ? now + seconds * SECOND : seconds * SECOND
}

export const LARGEST_VALUE: number = 1024 * 1024

/** Two values as one. */
export function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length + second.length > LARGEST_VALUE) throw new CommandError('SERVER_ERROR out of memory storing object')
  return Buffer.concat([first, second])
}

/** The length of a value. */
export function lengthOf(text: string | undefined): number {
  // Without it, the value would be taken for commands.
  if (text === undefined || !/^\d{1,10}$/.test(text)) throw new CommandError('CLIENT_ERROR bad data chunk', true)
  return Number(text)
}
