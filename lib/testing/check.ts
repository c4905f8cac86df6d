// `checkConnection`: a conformance check of connections that a program makes, by every rule of reading, writing and ending that
// is independent of the transport. The rules are in `check/`. Each one runs on two new pairs, once in each direction, and under
// a limit on inactivity, since a broken connection may never answer. Only public methods of the objects are called.

import { setTimeout } from 'node:timers/promises'
import type { Connection } from '../connection/connection.js'
import { rules } from './check/rules.js'
import type { Check } from './check/speak.js'

/** Makes the two ends of a new connection. */
export type MakePair = () => readonly [Connection, Connection] | PromiseLike<readonly [Connection, Connection]>

/** A rule fails when no byte has moved for this time, in milliseconds: far longer than any rule waits. */
const INACTIVITY = 2000
/** A rule fails after this many such periods even if bytes move. */
const MOST_PERIODS = 8
/** How long `makePair` may take, in milliseconds: enough for a handshake on a busy machine. */
const MAKING = 5000

/**
 * Checks that connections conform to every rule of reading, writing and ending that is independent of the transport: for a
 * carrier, a wrapper or a `Connection.from` of your own.
 *
 * **Resolves** when all rules hold, within a few seconds.
 *
 * **Rejects** with an Error at the first rule that fails, or if a pair cannot be made: its message begins with the rule, and
 * its `cause` is the failure. Rejects with TypeError if `makePair` is not a function. All connections are aborted.
 *
 * @param makePair - makes the two ends of a new connection; called twice for each rule, which runs in both directions
 * @example
 * await checkConnection(() => pair({ maxChunk: 100 }))
 */
export async function checkConnection(makePair: MakePair): Promise<void> {
  if (typeof makePair !== 'function') throw new TypeError(`makePair must be a function that makes two connections, not ${typeof makePair}`)
  for (const [rule, check] of rules) await keeps(rule, check, makePair)
}

/** Runs one rule in both directions at the same time. */
export async function keeps(rule: string, check: Check, makePair: MakePair): Promise<void> {
  const sides: Connection[] = []
  try {
    try {
      // One after the other: with several attempts in progress, `makePair` might match the wrong two ends.
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

/** Whether a value looks like two connections. Wrappers are allowed. */
function isPair(pair: unknown): pair is [Connection, Connection] {
  return Array.isArray(pair) && pair.length === 2 && pair.every((side) => typeof side?.abort === 'function')
}

/** Settles as the rule does, or rejects after the limit on inactivity. */
async function within(check: Check, a: Connection, b: Connection): Promise<void> {
  const stop = new AbortController()
  try {
    await Promise.race([check(a, b), inactivity(a, b, stop.signal)])
  } finally {
    stop.abort()
  }
}

async function inactivity(a: Connection, b: Connection, signal: AbortSignal): Promise<never> {
  let moved = -1
  for (let periods = 0; periods < MOST_PERIODS; periods++) {
    const now = a.bytesRead + a.bytesWritten + b.bytesRead + b.bytesWritten
    if (now === moved) break
    moved = now
    await setTimeout(INACTIVITY, undefined, { signal })
  }
  const waits = [a, b].map((side) => side.waiting?.operation).filter((operation) => operation !== undefined)
  throw new Error(`it did not come to an end; ${waits.length === 0 ? 'no side waits for anything' : `what waits: ${waits.join(', ')}`}`)
}
