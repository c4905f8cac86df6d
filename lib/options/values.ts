// The kinds of value that options have: sizes, counts, times, flags and the few objects of Node. Each is one zod schema
// with one sentence that says what was expected, so that every message reads alike: "expected …, got …". A number of
// the right type that cannot be meant is marked as impossible, which is how a RangeError is told from a TypeError.
// Nothing here knows the name of an option, or its default.

import { inspect } from 'node:util'
import type * as z from 'zod/mini'
import { custom, pipe, refine, transform } from 'zod/mini'
import { hintFor, tagOf } from '../kind-of.js'
import { LONGEST_TIMER } from '../transport/clock.js'
import { type Lazy, once } from './once.js'

/** Marks an issue as "the right type, an impossible value". */
export const IMPOSSIBLE: { readonly impossible: true } = { impossible: true }

/** The longest piece of a string that a message quotes: enough to recognise it, not enough to flood a log. */
const QUOTED = 40

/** A value as a message shows it: scalars as they are, everything else by its kind only. Never throws, never dumps. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value.length > QUOTED ? `${inspect(value.slice(0, QUOTED))}…` : inspect(value)
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value !== 'object' || value === null) return inspect(value)
  const tag = tagOf(value)
  if (tag === 'Array') return 'an array'
  const words = [tag === 'Object' ? undefined : tag, hintFor(value)].filter((word) => word !== undefined)
  return words.length === 0 ? 'an object' : `an object (${words.join(': ')})`
}

/** How what does not fit is written right, where that can be known. */
type Meant = (input: unknown) => string | undefined

/** The sentence for a value that does not fit. */
export function mismatch(expected: string, meant?: Meant): (issue: { input?: unknown }) => string {
  return ({ input }) => {
    const instead = meant?.(input)
    return `expected ${expected}, got ${shown(input)}${instead === undefined ? '' : `; write ${instead}`}`
  }
}

/** A text that says a number, as the environment and the command line do. */
function meantNumber(input: unknown): string | undefined {
  const says = typeof input === 'string' && input.trim() !== '' && input.length <= QUOTED && !Number.isNaN(Number(input))
  return says ? `Number(${inspect(input)})` : undefined
}

/** A value that passes `is`. What throws while it is looked at (a getter, a Proxy) does not pass. */
export function value<T>(expected: string, is: (value: unknown) => boolean, meant?: Meant): z.ZodMiniType<T> {
  const passes = (value: unknown): boolean => {
    try {
      return is(value)
    } catch {
      return false
    }
  }
  return custom<T>(passes, { error: mismatch(expected, meant) })
}

/** A number for which `possible` holds; NaN is a number too, and an impossible one. */
export function number(expected: string, possible: (value: number) => boolean, meant: Meant = meantNumber): z.ZodMiniType<number> {
  const isNumber = value<number>(expected, (value) => typeof value === 'number', meant)
  return isNumber.check(refine(possible, { error: mismatch(expected, meant), params: IMPOSSIBLE }))
}

const numbers = new Map<string, z.ZodMiniType<number>>()

/** The same, one schema for all options that expect the same: each that is made costs some of the start. */
function shared(expected: string, possible: (value: number) => boolean): z.ZodMiniType<number> {
  const known = numbers.get(expected) ?? number(expected, possible)
  numbers.set(expected, known)
  return known
}

/** A whole number from `low` to `high`. */
export function whole(low: number, high: number): z.ZodMiniType<number> {
  return shared(`a whole number from ${low} to ${high}`, (value) => Number.isInteger(value) && value >= low && value <= high)
}

/** A whole number from `low` on. */
export function wholeFrom(low: number): z.ZodMiniType<number> {
  return shared(`a whole number, ${low} or more`, (value) => Number.isInteger(value) && value >= low)
}

/** A limit on bytes or on a count: a whole number from `low` on, or Infinity for none. */
export function limitFrom(low: number): z.ZodMiniType<number> {
  const possible = (value: number): boolean => (Number.isInteger(value) && value >= low) || value === Infinity
  return shared(`a whole number, ${low} or more, or Infinity`, possible)
}

// A timer of Node fires at once where its delay is beyond its range, the very opposite of what was asked for; so from
// here on every such time is Infinity, and the rest of the library asks `=== Infinity` alone.
const normalised = once(() => transform((ms: number) => (ms > LONGEST_TIMER ? Infinity : ms)))

/** A limit in milliseconds, fractions too; Infinity, or more than a timer can hold, means none. */
export const time: Lazy<z.ZodMiniType<number>> = once(() => {
  const positive = number('milliseconds, more than 0, or Infinity for no limit', (ms) => ms > 0)
  return pipe(positive, normalised())
})

/** The same, where no time at all makes sense. */
export const timeOrZero: Lazy<z.ZodMiniType<number>> = once(() => {
  const notNegative = number('milliseconds, 0 or more, or Infinity for no limit', (ms) => ms >= 0)
  return pipe(notNegative, normalised())
})

export const flag: Lazy<z.ZodMiniType<boolean>> = once(() => value('true or false', (value) => typeof value === 'boolean'))

// Not `instanceof`: a signal of another realm (a vm context, jsdom, a polyfill) does as well.
export const abortSignal: Lazy<z.ZodMiniType<AbortSignal>> = once(() =>
  value('an AbortSignal', (value) => {
    const signal = value as AbortSignal
    return typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function'
  }),
)
