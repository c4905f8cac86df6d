// Who may come in, and how many: the options of `listen` that the server itself keeps, not the single connection, and
// what `server.setLimits` and `server.close` are told later. It says what the rules are; `lib/server/` applies them,
// and works out the two limits that depend on the machine.

import type { BlockList } from 'node:net'
import type * as z from 'zod/mini'
import type { Address } from '../address.js'
import { net } from '../net.js'
import type { ProxyInfo } from '../proxy-protocol/header.js'
import { checkArgument } from './check.js'
import { meantValue } from './meant.js'
import { type Lazy, once } from './once.js'
import { record, type Shape } from './record.js'
import { limitFrom, timeOrZero, value } from './values.js'

/** Who asks to come in, as `admit` sees it. */
export interface Candidate {
  /** The real client's address: the peer's, or what its PROXY header says. */
  readonly remote: Address
  /** The address that it connected to. */
  readonly local: Address
  /** What its PROXY header said, if it sent one. */
  readonly proxy: ProxyInfo | undefined
}

/** The options of `listen` about who may come in. */
export interface AdmissionOptions {
  /**
   * Asked for each connection, before its TLS handshake. Anything but `true` refuses it; so does a throw, which is an
   * `acceptError` too, and an answer later than `handshakeTimeout`. Default: all may come.
   */
  admit?: ((candidate: Candidate) => boolean | Promise<boolean>) | undefined
  /** Addresses that may not come in; checked by the library itself. It may be added to at any time. Default: none. */
  blockList?: BlockList | undefined
  /**
   * Connections yielded and not over; the next ones wait in order. A whole number ≥ 1, or Infinity. Default: eight tenths
   * of the descriptors that are free when it listens, where that can be known, and at most one for each 128 KiB of memory
   * (the machine's, or what a control group allows): running out of descriptors is silent on Node, so the limit stays below
   * it and leaves some to the program.
   */
  maxConnections?: number | undefined
  /**
   * Connections that may wait for room, or for a loop that asks; one more is dropped. A whole number ≥ 0, or Infinity.
   * Default: 1024, but at most one tenth of the free descriptors: a burst waits, a flood does not take the machine.
   */
  maxPending?: number | undefined
  /**
   * Connections of one IP address that are accepted and not over; one more is dropped. A whole number ≥ 1, or Infinity.
   * Default: Infinity, since many clients may share an address (a NAT, a proxy), and only the program knows.
   */
  maxConnectionsPerAddress?: number | undefined
}

/** Who may come in. A limit of undefined is worked out from the free descriptors. */
export interface ResolvedAdmissionOptions {
  maxConnections: number | undefined
  maxPending: number | undefined
  maxConnectionsPerAddress: number
  admit: ((candidate: Candidate) => unknown) | undefined
  blockList: BlockList | undefined
}

/** What `server.setLimits` takes; what is left out, or `undefined`, stays as it is. */
export interface AdmissionChanges {
  /** A whole number ≥ 1, or Infinity. */
  maxConnections?: number | undefined
  /** A whole number ≥ 0, or Infinity. */
  maxPending?: number | undefined
  /** A whole number ≥ 1, or Infinity. */
  maxConnectionsPerAddress?: number | undefined
}

type Counts = { maxConnections: number; maxPending: number; maxConnectionsPerAddress: number }

const counts: Lazy<Shape<Counts>> = once(() => ({
  maxConnections: limitFrom(1),
  // 0: nobody waits, what finds no room is dropped.
  maxPending: limitFrom(0),
  maxConnectionsPerAddress: limitFrom(1),
}))

/** The options about who may come in, when each is given. */
export interface AdmissionInput extends Counts {
  admit: (candidate: Candidate) => unknown
  blockList: BlockList
}

/** The schemas of these options. */
export const admissionShape: Lazy<Shape<AdmissionInput>> = once(() => ({
  ...counts(),
  admit: value('a function', (value) => typeof value === 'function'),
  // Node's own class and no likeness of it: a list that is asked wrongly lets everybody in.
  blockList: value('a net.BlockList', (value) => value instanceof net().BlockList),
}))

/** The plan of what was checked; other properties of `given` are left aside. */
export function admissionOf(given: Partial<AdmissionInput>): ResolvedAdmissionOptions {
  const { maxConnections, maxPending, maxConnectionsPerAddress = Infinity, admit, blockList } = given
  return { maxConnections, maxPending, maxConnectionsPerAddress, admit, blockList }
}

const countChanges: Lazy<z.ZodMiniType<Partial<Counts>>> = once(() => record(counts()))

/**
 * What `server.setLimits(changes)` changes: only what was given.
 *
 * @throws TypeError for what is no object, a wrong type or an unknown key
 * @throws RangeError for a value that cannot be meant
 */
export function changedAdmission(changes: unknown): Partial<Counts> {
  return checkArgument(countChanges(), changes)
}

/** What `server.close` takes. */
export interface CloseOptions {
  /**
   * How long connections may take to reach the end of their message, in ms, ≥ 0; what is left then is aborted. Default:
   * 10 000: a third of what Kubernetes gives a process to stop in, a ninth of what systemd does.
   */
  grace?: number | undefined
}

const GRACE = 10_000

const closing: Lazy<z.ZodMiniType<Partial<{ grace: number }>>> = once(() => record({ grace: timeOrZero() }, undefined, meantValue('grace')))

/**
 * The grace of `server.close(options)`, in ms; Infinity is none.
 *
 * @throws TypeError for what is no object, a wrong type or an unknown key
 * @throws RangeError for a value that cannot be meant
 */
export function closeGrace(options: unknown): number {
  return options === undefined ? GRACE : (checkArgument(closing(), options).grace ?? GRACE)
}
