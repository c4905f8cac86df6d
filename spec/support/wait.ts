// Waiting for events and conditions, each with a time limit that only a failing test reaches.

import { inspect } from 'node:util'

/** Settles as `promise`, or rejects after `ms`. Only a failing test waits that long. */
export async function within<T>(promise: Promise<T>, what = 'it', ms = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

// Deno polls the system after 61 passes of its loop, if not before: see lib/turn.ts.
const PASSES = 'Deno' in globalThis ? 64 : 1

/** One turn of the event loop, in which it polls the system. */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    const pass = (left: number): void => void setImmediate(() => (left > 1 ? pass(left - 1) : resolve()))
    pass(PASSES)
  })

/** One pass of the event loop, for what happens within the process. */
export const nextPass = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Some turns, after which bytes in flight on the loopback or in memory have arrived. */
export async function turns(n = 6): Promise<void> {
  for (let done = 0; done < n; done++) await turn()
}

/** Resolves once `condition` holds. */
export async function until(condition: () => boolean, what = String(condition), ms = 10_000): Promise<void> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what} did not hold within ${ms} ms`)
    await turn()
  }
}

/** What `promise` rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`it should have rejected, but resolved with ${inspect(value)}`)
}

/** Whether `promise` is still pending after some turns. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  promise.then(note, note)
  await turns()
  return !settled
}

/** Every way to cut `data` into two pieces. */
export function* cuts(data: string | Buffer): Generator<[Buffer, Buffer]> {
  const bytes = Buffer.from(data as string)
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
}

/** `size` bytes in which a lost, repeated or swapped piece shows. */
export function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  const period = Math.min(size, 65_521)
  let value = 7
  for (let at = 0; at < period; at++) {
    value = (Math.imul(value, 1_103_515_245) + 12_345) & 0x7fffffff
    bytes[at] = value >>> 16
  }
  for (let at = period; at < size; at += period) bytes.copyWithin(at, 0, Math.min(period, size - at))
  return bytes
}
