// The scenarios: the load of the generator, the contenders, the unit that is counted, and the contender to which ratios are taken.

import { MEMORY } from './memory.js'
import { COLLECTIONS, type Fresh, GARBAGE, START } from './starting.js'

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
const SLICE = 120
const PORT = '{port}'

// The passes that give a quartile range of a few hundredths, as far as fifteen minutes allow.
const MANY_PASSES = 40
const PASSES = 25

const LOOPS = ['linnet', 'linnet-lines']
const FORMS = [...LOOPS, 'linnet-try-line', 'linnet-try-until', 'linnet-framed', 'linnet-batches', 'linnet-batches-bytes']
const BY_HAND = ['N1', 'N2', 'N3', 'N4', 'floor', 'for-await', 'readline']
const PACKAGES = ['promise-socket', 'it-byte-stream']
const PEERS = ['tornado', 'asyncio', 'uvloop', 'bun', 'deno', 'go', 'c']

interface Echo {
  readonly name: string
  readonly group?: string
  readonly title: string
  readonly connections: number
  readonly inFlight?: number
  readonly size?: number
  readonly contenders: readonly string[]
  readonly quick?: readonly string[]
  readonly passes?: number
  readonly slice?: number
  readonly beyond?: number
  readonly warm: Load['warm']
}

function echo(of: Echo): Scenario {
  const { name, group = name, title, connections, inFlight = 1, size = 64, contenders, quick = ['linnet', 'N3'] } = of
  const { passes = PASSES, slice = SLICE, beyond = 5, warm } = of
  const generator: Load['generator'] = (count) => ['echo', PORT, String(count), String(inFlight), String(size)]
  const method: Load = { how: 'slices', server: ['echo'], generator, slice, beyond, warm }
  return { name, group, title, unit: 'message', reference: 'N3', contenders, quick, passes, connections, method }
}

/** `bytes` of one transfer: about the number that is transferred in a slice. */
function bulk(direction: 'up' | 'down' | 'both', title: string, bytes: number): Scenario {
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

function drip(name: string, size: number, piece: number, title: string, beyond: number): Scenario {
  return {
    name,
    group: 'drip',
    title,
    unit: 'byte',
    reference: 'N1',
    contenders: [...LOOPS, 'N1', 'N3'],
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

const few = { group: 'connections', contenders: ['linnet', 'N1', 'N3', 'floor'], passes: MANY_PASSES }

export const scenarios: readonly Scenario[] = [
  echo({
    name: 'ping-pong',
    title: 'Ping-pong: 1 connection, one line of 64 bytes in flight',
    connections: 1,
    contenders: [...LOOPS, ...BY_HAND, ...PACKAGES, ...PEERS],
    warm: { units: 25_000, ms: 800 },
  }),
  echo({
    ...few,
    name: 'connections-4',
    title: '4 connections, one line of 64 bytes in flight on each',
    connections: 4,
    warm: { units: 30_000, ms: 800 },
  }),
  echo({
    ...few,
    name: 'connections-16',
    title: '16 connections, one line of 64 bytes in flight on each',
    connections: 16,
    warm: { units: 30_000, ms: 800 },
  }),
  echo({
    name: 'many',
    title: 'Many: 64 connections, one line of 64 bytes in flight on each',
    connections: 64,
    contenders: [...LOOPS, ...BY_HAND, ...PACKAGES, ...PEERS],
    warm: { units: 40_000, ms: 600 },
  }),
  echo({
    name: 'connections-1000',
    group: 'connections',
    title: '1,000 connections, one line of 64 bytes in flight on each',
    connections: 1000,
    contenders: ['linnet', 'N1', 'N3', 'floor', 'go'],
    passes: MANY_PASSES,
    beyond: 25,
    warm: { units: 40_000, ms: 800 },
  }),
  echo({
    name: 'connections-10000',
    group: 'connections',
    title: '10,000 connections, one line of 64 bytes in flight on each',
    connections: 10_000,
    contenders: ['linnet', 'N1', 'N3'],
    quick: [],
    // Each connection is served a few times in a slice.
    slice: 400,
    beyond: 250,
    warm: { units: 60_000, ms: 800 },
  }),
  echo({
    name: 'pipelined',
    title: 'Pipelined: 16 connections, 64 lines of 64 bytes in flight on each',
    connections: 16,
    inFlight: 64,
    contenders: [...FORMS, ...BY_HAND, 'N3-bytes', ...PACKAGES, ...PEERS],
    quick: [...FORMS, 'N1', 'N3', 'floor'],
    beyond: 10,
    warm: { units: 500_000, ms: 600 },
  }),
  echo({
    name: 'deep',
    title: 'Deep: 4 connections, 512 lines of 32 bytes in flight on each',
    connections: 4,
    inFlight: 512,
    size: 32,
    contenders: [...FORMS, ...BY_HAND, 'N3-bytes', ...PACKAGES, ...PEERS],
    quick: ['linnet', 'linnet-lines', 'linnet-batches', 'N3', 'floor'],
    beyond: 15,
    warm: { units: 500_000, ms: 600 },
  }),
  echo({
    name: 'large',
    title: 'Large lines: 8 connections, 4 lines of 64 KiB in flight on each',
    connections: 8,
    inFlight: 4,
    size: 64 * KIB,
    contenders: [...LOOPS, 'N1', 'N2', 'N3', 'N3-bytes', 'N4', 'floor', 'for-await', ...PEERS],
    quick: ['linnet', 'N1', 'N3'],
    beyond: 10,
    warm: { units: 8000, ms: 500 },
  }),
  {
    name: 'churn',
    group: 'churn',
    title: 'Churn: connect, one line of 64 bytes, its echo, close; 16 at a time',
    unit: 'connection',
    reference: 'N1',
    contenders: [...LOOPS, 'N1', 'for-await', 'readline', ...PACKAGES, ...PEERS],
    quick: ['linnet', 'N1'],
    passes: PASSES,
    connections: 16,
    method: {
      how: 'slices',
      server: ['echo'],
      generator: () => ['churn', PORT, '16', '64'],
      slice: SLICE,
      beyond: 5,
      warm: { units: 20_000, ms: 2000 },
    },
  },
  bulk('up', 'Bulk, up: one connection sends, the server drops it', 64 * MIB),
  bulk('down', 'Bulk, down: the server sends', 128 * MIB),
  bulk('both', 'Bulk, both ways: the server sends back what comes', 32 * MIB),
  drip('drip-1', MIB, KIB, 'Drip: lines of 1 MiB, one after the other, in pieces of 1 KiB', 5),
  drip('drip-16', 16 * MIB, KIB, 'Drip: lines of 16 MiB in pieces of 1 KiB', 40),
  drip('line-64', 64 * MIB, 64 * KIB, 'Lines of 64 MiB in pieces of 64 KiB', 120),
  {
    name: 'idle',
    group: 'idle',
    title: 'Idle: resident memory of a connection that has sent one line and sends nothing more',
    unit: 'idle',
    reference: 'N1',
    contenders: [...LOOPS, 'N1', 'for-await', 'readline', ...PACKAGES, ...PEERS],
    quick: ['linnet', 'N1'],
    passes: 5,
    often: ['linnet', 'N1'],
    connections: 5000,
    method: MEMORY,
  },
  {
    name: 'start',
    group: 'start',
    title: 'Start: a new process imports the library and listens',
    unit: 'start',
    reference: 'N1',
    contenders: ['linnet', 'N1'],
    quick: ['linnet', 'N1'],
    passes: PASSES,
    connections: 0,
    method: START,
  },
  {
    name: 'collections',
    group: 'large',
    title: 'Full collections of V8 while 512 MiB of lines of 64 KiB are echoed by a new process',
    unit: 'collection',
    reference: 'N3',
    contenders: ['linnet', 'N1', 'N3'],
    quick: ['linnet'],
    passes: 5,
    connections: 8,
    method: COLLECTIONS,
  },
  {
    name: 'garbage',
    group: 'many',
    title: 'Garbage a message: 64 connections, one line of 64 bytes in flight on each, in a new process',
    unit: 'garbage',
    reference: 'N3',
    contenders: [...LOOPS, 'N1', 'N3', 'floor'],
    quick: ['linnet'],
    passes: 3,
    connections: 64,
    method: GARBAGE,
  },
]
