// How long a connection waits for bytes, and when it is told that it need not: the time limits of what waits, a read or a
// message of several, and the drain that ends a wait for a new message. The clock is the connection's deadlines'.

import { DrainingError, TimeoutError, type TimeoutKind, untraced } from '../../errors.js'
import { afterTurn } from '../../turn.js'
import type { Slot } from '../deadlines.js'
import type { Waiting } from './pending-read.js'
import type { InboxHost } from './read-half.js'

type PatienceHost = Pick<InboxHost, 'limit' | 'own' | 'holding'>

/** The limit of what waits: its own, or the connection's for a new message, or that for the rest of one. */
function limitOf({ plan, limits, awaitsFirst }: Waiting): number {
  return plan.timeout ?? (awaitsFirst ? limits.idleTimeout : limits.readTimeout)
}

function kindOf({ plan, awaitsFirst }: Waiting): TimeoutKind {
  return plan.timeout !== undefined ? 'call' : awaitsFirst ? 'idle' : 'read'
}

/** Starts the time limit of what begins to wait. */
export function arm(host: PatienceHost, waiting: Waiting, slot: Slot): void {
  host.limit(slot, limitOf(waiting))
}

/** The first byte of what was waited for as idle has come: from here on it is a message that takes its time. */
export function begun(host: PatienceHost, waiting: Waiting, slot: Slot): void {
  waiting.awaitsFirst = false
  if (waiting.plan.timeout === undefined) arm(host, waiting, slot)
}

/** The time of a read, or of a message, ran out. */
export function expired(host: PatienceHost, waiting: Waiting): void {
  const { operation } = waiting
  waiting.fail(host.own(untraced(operation, () => new TimeoutError({ operation, timeout: limitOf(waiting), kind: kindOf(waiting) }))))
}

/**
 * The connection is asked to finish: what waits for a new message is told so after a turn, if it still does. What has
 * arrived by then counts as arrived.
 */
export function drainSoon(host: PatienceHost, waiting: Waiting, waits: () => boolean): void {
  afterTurn(() => {
    if (!waits() || !waiting.awaitsFirst) return
    // They arrived, and this connection's turn has not come yet.
    if (host.holding) drainSoon(host, waiting, waits)
    else waiting.fail(host.own(untraced(waiting.operation, () => new DrainingError())))
  })
}
