// Assertions for the rules. Their messages name the call, the expected result and the actual one. A rule passes each promise
// that it does not await immediately to `begin`, so that a rule which fails early leaves no unhandled rejection.

import { inspect, isDeepStrictEqual } from 'node:util'
import { turns } from './time.js'

// biome-ignore lint/suspicious/noExplicitAny: the parameters of an error class are irrelevant here
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E

/** A promise whose state is known and whose rejection is handled. It may be awaited or ignored. */
export class Begun<T> implements PromiseLike<T> {
  state: 'pending' | 'resolved' | 'rejected' = 'pending'
  readonly #promise: Promise<T>

  constructor(promise: PromiseLike<T>) {
    this.#promise = Promise.resolve(promise)
    this.#promise.then(
      () => {
        this.state = 'resolved'
      },
      () => {
        this.state = 'rejected'
      },
    )
  }

  // biome-ignore lint/suspicious/noThenProperty: it is awaited like the promise that it wraps
  then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise.then(fulfilled, rejected)
  }
}

/** Wraps a promise that is awaited later, or never. */
export function begin<T>(promise: PromiseLike<T>): Begun<T> {
  return new Begun(promise)
}

/** Fails the rule. */
function broken(what: string): never {
  throw new Error(what)
}

/** Fails with the message `what` unless `condition` holds. */
export function expect(condition: boolean, what: string): asserts condition {
  if (!condition) broken(what)
}

/** Fails unless both values are deeply equal. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) broken(`${what}: expected ${show(expected)}, got ${show(actual)}`)
}

/** Fails unless `actual` is a Buffer with exactly these bytes, or those of a text in UTF-8. */
export function bytes(actual: unknown, expected: string | Buffer, what: string): void {
  const wanted = Buffer.from(expected as string)
  if (!Buffer.isBuffer(actual)) broken(`${what}: expected a Buffer, got ${show(actual)}`)
  if (!actual.equals(wanted)) broken(`${what}: expected ${show(wanted)}, got ${show(actual)}${difference(actual, wanted)}`)
}

function difference(actual: Buffer, wanted: Buffer): string {
  const at = actual.findIndex((byte, index) => byte !== wanted[index])
  return ` (they differ at byte ${at < 0 ? actual.length : at})`
}

/** Fails unless the promise rejects with an error of this class. Resolves with the error. */
export async function rejects<E extends Error>(promise: PromiseLike<unknown>, expected: ErrorClass<E>, what: string): Promise<E> {
  const reason = await rejection(promise, what, expected.name)
  if (!(reason instanceof expected)) broken(`${what}: expected a rejection with ${expected.name}, got ${show(reason)}`)
  return reason
}

/** Fails unless the promise rejects with this value (`===`). */
export async function rejectsWith(promise: PromiseLike<unknown>, expected: unknown, what: string): Promise<void> {
  const reason = await rejection(promise, what, show(expected))
  if (reason !== expected) broken(`${what}: expected a rejection with ${show(expected)}, got ${show(reason)}`)
}

async function rejection(promise: PromiseLike<unknown>, what: string, expected: string): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (reason) {
    return reason
  }
  return broken(`${what}: expected a rejection with ${expected}, but it resolved with ${show(value)}`)
}

/** Fails unless the call throws an error of this class. Returns the error. */
export function throws<E extends Error>(call: () => unknown, expected: ErrorClass<E>, what: string): E {
  let value: unknown
  try {
    value = call()
  } catch (error) {
    if (!(error instanceof expected)) broken(`${what}: expected it to throw ${expected.name}, but it threw ${show(error)}`)
    return error
  }
  return broken(`${what}: expected it to throw ${expected.name}, but it returned ${show(value)}`)
}

/** Fails unless the promise is still pending after some turns of the event loop. */
export async function stays(begun: Begun<unknown>, what: string): Promise<void> {
  await turns()
  if (begun.state === 'pending') return
  const outcome = await begun.then(
    (value) => `resolved with ${show(value)}`,
    (reason) => `rejected with ${show(reason)}`,
  )
  broken(`${what}: it should wait, but it ${outcome}`)
}

/** Formats a value for a message: bytes as text, and everything shortened. */
export function show(value: unknown): string {
  if (Buffer.isBuffer(value)) {
    const text = JSON.stringify(value.toString('latin1', 0, 60))
    return `<${value.length} bytes ${text}${value.length > 60 ? '…' : ''}>`
  }
  if (value instanceof Error) return `${value.name}: ${value.message}`
  return inspect(value, { depth: 4, maxStringLength: 100, breakLength: Number.POSITIVE_INFINITY })
}
