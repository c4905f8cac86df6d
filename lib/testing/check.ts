// `checkConnection`: every rule of reading, writing and ending that is not specific to a transport, tried on connections
// that a program makes. Each rule is a function under a sentence, in the files of `check/`; here they are run, each on
// two fresh pairs, since each side is to keep it, and within a bound on silence, since a broken connection may well
// never answer. Only public methods are used, as found on the objects.

import { setTimeout } from 'node:timers/promises'
import type { Connection } from '../connection/connection.js'
import { aborting } from './check/aborting.js'
import { bridging } from './check/bridging.js'
import { cancelling } from './check/cancelling.js'
import { draining } from './check/draining.js'
import { ending } from './check/ending.js'
import { facts } from './check/facts.js'
import { finding } from './check/finding.js'
import { iterating } from './check/iterating.js'
import { limits } from './check/limits.js'
import { messages } from './check/messages.js'
import { pressing } from './check/pressing.js'
import { reading } from './check/reading.js'
import { refusing } from './check/refusing.js'
import { running } from './check/running.js'
import type { Check } from './check/speak.js'
import { writing } from './check/writing.js'

/** Makes the two ends of one connection, a new one each time. */
export type MakePair = () => readonly [Connection, Connection] | PromiseLike<readonly [Connection, Connection]>

// In this order a fault is found by the rule that says most about it: what others stand on comes first.
const groups = [finding, reading, iterating, limits, cancelling, messages, writing, pressing, ending, aborting, draining, facts, refusing, running, bridging]

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
 * @throws Error (as a rejection) at the first rule that is broken, or for a pair that could not be made: its message begins with the rule, its `cause` is what
 *   went wrong.
 * @throws TypeError (as a rejection) if `makePair` is no function.
 * @example
 * await checkConnection(() => pair({ maxChunk: 100 }))
 */
export async function checkConnection(makePair: MakePair): Promise<void> {
  if (typeof makePair !== 'function') throw new TypeError(`makePair must be a function that makes two connections, not ${typeof makePair}`)
  for (const rules of groups) {
    for (const [rule, check] of Object.entries(rules)) {
      await keeps(rule, check, makePair, false)
      await keeps(rule, check, makePair, true)
    }
  }
}

/** Tries one rule on a fresh pair, one way round. */
async function keeps(rule: string, check: Check, makePair: MakePair, swapped: boolean): Promise<void> {
  try {
    const [first, second] = await fresh(makePair)
    try {
      await within(check, ...(swapped ? ([second, first] as const) : ([first, second] as const)))
    } finally {
      first.abort()
      second.abort()
    }
  } catch (cause) {
    throw new Error(`${rule}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

async function fresh(makePair: MakePair): Promise<readonly [Connection, Connection]> {
  const stop = new AbortController()
  const late = setTimeout(MAKING, undefined, { signal: stop.signal }).then(() => {
    throw new Error('makePair made no pair in time')
  })
  try {
    const pair: unknown = await Promise.race([(async () => makePair())(), late])
    if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError('makePair must make two connections: [a, b]')
    return pair as unknown as readonly [Connection, Connection]
  } finally {
    stop.abort()
  }
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
