// `checkConnection`: every rule of reading, writing and ending that is not specific to a transport, tried on connections
// that a program makes. Each rule is a function under a sentence, in the files of `check/`; here they are run, each on
// two fresh pairs, since each side is to keep it, and within a bound on silence, since a broken connection may well
// never answer. Only public methods are used, as found on the objects.

import { setTimeout } from 'node:timers/promises'
import type { Connection } from '../connection/connection.js'
import { rules } from './check/rules.js'
import type { Check } from './check/speak.js'

/** Makes the two ends of one connection, a new one each time. */
export type MakePair = () => readonly [Connection, Connection] | PromiseLike<readonly [Connection, Connection]>

/** How long nothing may happen before a rule counts as broken, in milliseconds: far longer than any of them waits. */
const SILENCE = 2000
/** How often it may be looked again because bytes have moved: a rule that never ends is broken too. */
const LOOKS = 8
/** How long `makePair` may take, in milliseconds: a handshake on a machine that is busy. */
const MAKING = 5000

/**
 * Checks that connections keep every rule of reading, writing and ending which is not specific to a transport: for a
 * carrier, a wrapper or a `Connection.from` of your own. Resolves when they do, within a few seconds.
 *
 * @param makePair - makes the two ends of a new connection; called twice for each rule, the second time to try it the
 *   other way round. Both are aborted afterwards.
 * @throws Error (as a rejection) at the first rule that is broken, or for a pair that could not be made: its message
 *   begins with the rule, its `cause` is what went wrong.
 * @throws TypeError (as a rejection) if `makePair` is no function.
 * @example
 * await checkConnection(() => pair({ maxChunk: 100 }))
 */
export async function checkConnection(makePair: MakePair): Promise<void> {
  if (typeof makePair !== 'function') throw new TypeError(`makePair must be a function that makes two connections, not ${typeof makePair}`)
  for (const [rule, check] of rules) await keeps(rule, check, makePair)
}

/** Tries one rule, both ways round at once. */
export async function keeps(rule: string, check: Check, makePair: MakePair): Promise<void> {
  const sides: Connection[] = []
  try {
    try {
      // One after the other: what accepts and what connects may meet only if there is one of each.
      for (let pairs = 0; pairs < 2; pairs++) sides.push(...(await fresh(makePair)))
      const [a, b, c, d] = sides as [Connection, Connection, Connection, Connection]
      const outcomes = await Promise.allSettled([within(check, a, b), within(check, d, c)])
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    } finally {
      for (const side of sides) side.abort()
    }
  } catch (cause) {
    throw new Error(`${rule}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

async function fresh(makePair: MakePair): Promise<readonly [Connection, Connection]> {
  const stop = new AbortController()
  const late = setTimeout(MAKING, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`makePair has made no pair within ${MAKING} ms`)
  })
  try {
    const pair: unknown = await Promise.race([(async () => makePair())(), late])
    if (!isPair(pair)) throw new TypeError('makePair must make two connections: [a, b]')
    return pair
  } finally {
    stop.abort()
  }
}

/** Whether it may be one: a wrapper of a connection is as welcome as a connection. */
function isPair(pair: unknown): pair is [Connection, Connection] {
  return Array.isArray(pair) && pair.length === 2 && pair.every((side) => typeof side?.abort === 'function')
}

/** Settles as the rule does, or rejects once nothing has moved for too long. */
async function within(check: Check, a: Connection, b: Connection): Promise<void> {
  const stop = new AbortController()
  try {
    await Promise.race([check(a, b), silence(a, b, stop.signal)])
  } finally {
    stop.abort()
  }
}

async function silence(a: Connection, b: Connection, signal: AbortSignal): Promise<never> {
  let moved = -1
  for (let looks = 0; looks < LOOKS; looks++) {
    const now = a.bytesRead + a.bytesWritten + b.bytesRead + b.bytesWritten
    if (now === moved) break
    moved = now
    await setTimeout(SILENCE, undefined, { signal })
  }
  const waits = [a, b].map((side) => side.waiting?.operation).filter((operation) => operation !== undefined)
  throw new Error(`it did not come to an end; ${waits.length === 0 ? 'no side waits for anything' : `what waits: ${waits.join(', ')}`}`)
}
