// What a scenario is, and how those of a kind are made: messages that are echoed, bulk data, and long lines in pieces.

import type { Fresh } from './starting.js'

/** A load that is applied in slices, to servers that run through all passes. */
export interface Load {
  readonly how: 'slices'
  /** Arguments of the server. */
  readonly server: readonly string[]
  /** Arguments of the generator with that many connections; {port} is replaced by the server's port. */
  readonly generator: (connections: number) => readonly string[]
  /** The length of one slice, in milliseconds. */
  readonly slice: number
  /** The additional time of a slice, for estimates: until all connections have been served once, and until all are answered. */
  readonly beyond: number
  /** A contender is warm after so many units, or after so many milliseconds of CPU time. */
  readonly warm: { readonly units: number; readonly ms: number }
}

export interface Scenario {
  readonly name: string
  /** A group of scenarios that can be selected together. */
  readonly group: string
  readonly title: string
  /** The unit that is counted. */
  readonly unit: 'message' | 'connection' | 'byte' | 'idle' | 'start' | 'collection' | 'garbage'
  /** The contender to which ratios are taken. */
  readonly reference: string
  /** The contenders, and those of a quick run. */
  readonly contenders: readonly string[]
  readonly quick: readonly string[]
  /** Passes of a whole run. */
  readonly passes: number
  /** The contenders that run in all passes, not only in the first; all, if there is no list. */
  readonly often?: readonly string[]
  /** Connections that are open at once. */
  readonly connections: number
  readonly method: Load | Fresh
}

const KIB = 1024
const MIB = 1024 * KIB
export const SLICE = 120
export const PORT = '{port}'

// The passes that give a quartile range of a few hundredths, as far as fifteen minutes allow: less of them where many contenders take
// part, few where the messages themselves cost more than the loop.
export const MANY_PASSES = 40
export const PASSES = 25
export const LESS_PASSES = 20
export const FEW_PASSES = 15

/** Messages that the server returns. */
interface Echo {
  readonly name: string
  readonly group?: string
  readonly title: string
  readonly connections: number
  readonly inFlight?: number
  readonly size?: number
  /** The form of a message, as the generator's `FORM`; default `line`. */
  readonly form?: 'length' | 'json'
  readonly reference?: string
  readonly contenders: readonly string[]
  readonly quick?: readonly string[]
  readonly passes?: number
  readonly slice?: number
  readonly beyond?: number
  readonly warm: Load['warm']
}

export function echo(of: Echo): Scenario {
  const { name, group = name, title, connections, inFlight = 1, size = 64, form = 'line', contenders, quick = ['linnet', 'N3'] } = of
  const { reference = 'N3', passes = PASSES, slice = SLICE, beyond = 5, warm } = of
  const generator: Load['generator'] = (count) => ['echo', PORT, String(count), String(inFlight), String(size), form]
  const method: Load = { how: 'slices', server: ['echo'], generator, slice, beyond, warm }
  return { name, group, title, unit: 'message', reference, contenders, quick, passes, connections, method }
}

/** Bulk data. `bytes` of one transfer: about the number that is transferred in a slice. */
export function bulk(direction: 'up' | 'down' | 'both', title: string, bytes: number): Scenario {
  return {
    name: `bulk-${direction}`,
    group: 'bulk',
    title,
    unit: 'byte',
    reference: 'N1-bulk',
    contenders: ['linnet-bulk', 'N1-bulk'],
    quick: ['linnet-bulk', 'N1-bulk'],
    passes: MANY_PASSES,
    connections: 1,
    method: {
      how: 'slices',
      server: [direction, String(bytes)],
      generator: () => ['bulk', PORT, String(bytes), direction],
      slice: SLICE,
      beyond: 30,
      warm: { units: 1024 * MIB, ms: 1000 },
    },
  }
}

/** Long lines in pieces. */
export function drip(name: string, size: number, piece: number, title: string, beyond: number): Scenario {
  return {
    name,
    group: 'drip',
    title,
    unit: 'byte',
    reference: 'N1',
    contenders: ['linnet', 'linnet-lines', 'N1', 'N3'],
    quick: ['linnet', 'N1'],
    passes: PASSES,
    connections: 1,
    method: {
      how: 'slices',
      server: ['long'],
      generator: () => ['drip', PORT, String(size), String(piece)],
      slice: SLICE,
      beyond,
      warm: { units: 256 * MIB, ms: 700 },
    },
  }
}
