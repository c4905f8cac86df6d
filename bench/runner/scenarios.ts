// The scenarios: what the generator does, who takes part, what is counted, and who the others are compared with.

import type { Contender } from './contenders.js'

/** What a run may choose. */
export interface Scale {
  readonly seconds: number
  readonly warm: number
  readonly bulkBytes: number
  readonly idleConnections: number
}

export interface Scenario {
  readonly name: string
  /** Several scenarios that are chosen together. */
  readonly group: string
  readonly title: string
  /** What is counted; the rate of the idle scenario is bytes a connection. */
  readonly unit: 'message' | 'connection' | 'byte' | 'idle'
  /** Whom ratios are taken to. */
  readonly reference: string | undefined
  takesPart(contender: Contender): boolean
  /** Who takes part in a quick run. */
  readonly quick: readonly string[]
  /** Arguments of the server. */
  server(scale: Scale): string[]
  /** Arguments of the generator; {port} stands for the server's. */
  load(scale: Scale): string[]
}

const KIB = 1024
const MIB = 1024 * KIB
const PORT = '{port}'
const ms = (seconds: number): string => String(Math.round(seconds * 1000))

// A program is warm when its code is compiled, which takes a number of messages, and not of seconds: these are the times of
// the run's warm-up that the scenarios with the fewest take.
const ONE_BY_ONE = 2
const COMING_AND_GOING = 6

const echoing = ({ id }: Contender): boolean => !id.endsWith('-bulk')
// Those differ in how they answer many lines at once, not in what a connection costs.
const variants = new Set(['linnet-try-line', 'linnet-try-until', 'N2', 'N3', 'N3-bytes', 'N4', 'floor'])

const FORMS = ['linnet', 'linnet-lines', 'linnet-try-line', 'linnet-try-until']

function echo(name: string, connections: number, inFlight: number, size: number, title: string, quick: readonly string[]): Scenario {
  const times = inFlight === 1 ? ONE_BY_ONE : 1
  return {
    name,
    group: name,
    title,
    unit: 'message',
    reference: 'N3',
    takesPart: echoing,
    quick,
    server: () => ['echo'],
    load: ({ warm, seconds }) => ['echo', PORT, String(connections), String(inFlight), String(size), ms(warm * times), ms(seconds)],
  }
}

function bulk(direction: 'up' | 'down' | 'both', title: string): Scenario {
  return {
    name: `bulk-${direction}`,
    group: 'bulk',
    title,
    unit: 'byte',
    reference: 'N1-bulk',
    takesPart: ({ id }) => id.endsWith('-bulk'),
    quick: ['linnet-bulk', 'N1-bulk'],
    server: ({ bulkBytes }) => [direction, String(bulkBytes)],
    load: ({ bulkBytes }) => ['bulk', PORT, '1', String(bulkBytes), direction],
  }
}

/** The same number of bytes whatever the size of a line, so that the times are those of a byte. */
function drip(name: string, size: number, piece: number, times: number, title: string): Scenario {
  const ids = ['linnet', 'linnet-lines', 'N1', 'N3']
  return {
    name,
    group: 'drip',
    title,
    unit: 'byte',
    reference: 'N1',
    takesPart: ({ id }) => ids.includes(id),
    quick: ['linnet'],
    server: () => ['long'],
    load: () => ['drip', PORT, String(size), String(piece), String(times)],
  }
}

export const scenarios: readonly Scenario[] = [
  echo('ping-pong', 1, 1, 64, 'Ping-pong: 1 connection, one line of 64 bytes in flight', ['linnet', 'N3']),
  echo('many', 64, 1, 64, 'Many: 64 connections, one line of 64 bytes in flight on each', ['linnet', 'N3']),
  echo('pipelined', 16, 64, 64, 'Pipelined: 16 connections, 64 lines of 64 bytes in flight on each', [...FORMS, 'N1', 'N2', 'N3']),
  echo('deep', 4, 512, 32, 'Deep: 4 connections, 512 lines of 32 bytes in flight on each', [...FORMS, 'N3']),
  echo('large', 8, 4, 64 * KIB, 'Large lines: 8 connections, 4 lines of 64 KiB in flight on each', ['linnet', 'N3']),
  {
    name: 'churn',
    group: 'churn',
    title: 'Churn: connect, one line of 64 bytes, its echo, close; 16 at a time',
    unit: 'connection',
    reference: 'N1',
    takesPart: (contender) => echoing(contender) && !variants.has(contender.id),
    quick: ['linnet', 'N1'],
    server: () => ['echo'],
    load: ({ warm, seconds }) => ['churn', PORT, '16', '64', ms(warm * COMING_AND_GOING), ms(seconds)],
  },
  bulk('up', 'Bulk, up: one connection sends, the server drops it'),
  bulk('down', 'Bulk, down: the server sends'),
  bulk('both', 'Bulk, both ways: the server sends back what comes'),
  {
    name: 'idle',
    group: 'idle',
    title: 'Idle: resident memory of a connection that has sent one line and says nothing more',
    unit: 'idle',
    reference: 'N1',
    takesPart: (contender) => echoing(contender) && !variants.has(contender.id),
    quick: ['linnet', 'N1'],
    server: () => ['echo'],
    load: ({ idleConnections }) => ['idle', PORT, String(idleConnections)],
  },
  drip('drip-1', MIB, KIB, 16, 'Drip: 16 lines of 1 MiB, one after the other, in pieces of 1 KiB'),
  drip('drip-16', 16 * MIB, KIB, 1, 'Drip: one line of 16 MiB in pieces of 1 KiB'),
  drip('line-64', 64 * MIB, 64 * KIB, 1, 'One line of 64 MiB'),
]
