// How long a connection waits for bytes, and when it is told that it need not: the time limits of what waits, a read or a
// message of several, and the drain that ends a wait for a new message. The clock is the connection's deadlines'.

import { DrainingError, TimeoutError, type TimeoutKind, untraced } from '../../errors.js'
import { afterTurn } from '../../turn.js'
import type { DeadlineKind } from '../deadlines.js'
import type { PendingOperation } from './pending-read.js'
import type { ReadHalfHost } from './read-half.js'

type TimerHost = Pick<ReadHalfHost, 'limit' | 'own' | 'holding'>

/** The limit of what waits: its own, or the connection's for a new message, or that for the rest of one. */
function limitOf({ plan, limits, idle }: PendingOperation): number {
  return plan.timeout ?? (idle ? limits.idleTimeout : limits.readTimeout)
}

function kindOf({ plan, idle }: PendingOperation): TimeoutKind {
  return plan.timeout !== undefined ? 'call' : idle ? 'idle' : 'read'
}

/** Starts the time limit of what begins to wait. */
export function startTimer(host: TimerHost, waiting: PendingOperation, slot: DeadlineKind): void {
  host.limit(slot, limitOf(waiting))
}

/** The first byte of what was waited for as idle has come: from here on it is a message that takes its time. */
export function firstByteArrived(host: TimerHost, waiting: PendingOperation, slot: DeadlineKind): void {
  waiting.idle = false
  if (waiting.plan.timeout === undefined) startTimer(host, waiting, slot)
}

/** The time of a read, or of a message, ran out. */
export function expired(host: TimerHost, waiting: PendingOperation): void {
  const { operation } = waiting
  waiting.fail(host.own(untraced(operation, () => new TimeoutError({ operation, timeout: limitOf(waiting), kind: kindOf(waiting) }))))
}

/**
 * The connection is asked to finish: what waits for a new message is told so after a turn, if it still does. What has
 * arrived by then counts as arrived.
 */
export function drainSoon(host: TimerHost, waiting: PendingOperation, waits: () => boolean): void {
  afterTurn(() => {
    if (!waits() || !waiting.idle) return
    // They arrived, and this connection's turn has not come yet.
    if (host.holding) drainSoon(host, waiting, waits)
    else waiting.fail(host.own(untraced(waiting.operation, () => new DrainingError())))
  })
}
