// The plan of a conversation, drawn from the run's seed and the conversation's number alone. The client, the server, the fault proxy and the
// parent each compute the same plan, so no plan is sent.

import { type Faults, faultsOf } from './faults.js'
import { Random } from './random.js'

export type Side = 'client' | 'server'
/** From the client, or to it. */
export type Direction = 'up' | 'down'
export type Transport = 'tcp4' | 'tcp6' | 'unix'
export type Format = 'line' | 'crlf' | 'block' | 'frame'
export type Size = 'small' | 'medium' | 'large' | 'bulk'

/** A part of a conversation, in which both sides send. Between two phases the connection is upgraded to TLS. */
export interface Phase {
  /** The number of the first message of this phase, in either direction. */
  readonly first: Readonly<Record<Direction, number>>
  /** How many messages each direction has. */
  readonly count: Readonly<Record<Direction, number>>
  /** Undefined: each message has its own. */
  readonly format: Format | undefined
  readonly size: Size
  /** How many messages a client may be ahead of the answers; each has one then. Infinity: the directions are independent. */
  readonly window: number
  /** The server sends back what it got. */
  readonly echo: boolean
}

/**
 * What a side does when it has sent its messages:
 * - `end`: ends its side and reads until the peer ends;
 * - `wait`: reads until the peer ends, then closes;
 * - `leave`: closes without reading what the peer still sends;
 * - `abort`: resets the connection.
 */
export type EndKind = 'end' | 'wait' | 'leave' | 'abort'

export interface Ending {
  readonly kind: EndKind
  /** Before which message it does that: the last phase's count of messages is not always sent. */
  readonly before: number
}

export interface Plan {
  readonly seed: number
  readonly id: number
  readonly transport: Transport
  /** `optional`: the server takes TLS and plain text on this endpoint. */
  readonly endpoint: 'plain' | 'tls' | 'optional'
  readonly tls: boolean
  readonly header: 0 | 1 | 2
  /** Through a relay of linnet's `pipe` between the fault proxy and the server. */
  readonly relay: boolean
  /** Whether the client uses `connection.run`, as the server always does. */
  readonly run: boolean
  /** Sleeps before some of the reads of a side. */
  readonly slow: Readonly<Record<Side, boolean>>
  readonly phases: readonly Phase[]
  readonly ending: Readonly<Record<Side, Ending>>
  readonly faults: Faults
}

/** The plan of a conversation. */
export function planOf(seed: number, id: number): Plan {
  const random = new Random(seed, id, 'plan')
  const endpoint = random.weighted({ plain: 5, tls: 3, optional: 2 })
  const tls = endpoint === 'tls' || (endpoint === 'optional' && random.chance(0.5))
  const phases = phasesOf(random, !tls && random.chance(0.3) ? 2 : 1)
  return {
    seed,
    id,
    transport: random.weighted({ tcp4: 5, tcp6: 2, unix: 2 }),
    endpoint,
    tls,
    header: random.chance(0.25) ? (random.int(1, 2) as 1 | 2) : 0,
    relay: random.chance(0.25),
    run: random.chance(0.5),
    slow: { client: random.chance(0.15), server: random.chance(0.15) },
    phases,
    ending: endingsOf(random, phases.at(-1) as Phase),
    faults: faultsOf(random, phases.reduce((sum, { size, count }) => sum + averageSize[size] * (count.up + count.down), 0) / 2),
  }
}

const averageSize = { small: 60, medium: 600, large: 8000, bulk: 400_000 }

function phasesOf(random: Random, count: number): Phase[] {
  const phases: Phase[] = []
  const first = { up: 0, down: 0 }
  for (let i = 0; i < count; i++) {
    const size = random.weighted<Size>({ small: 5, medium: 4, large: 2, bulk: 0.4 })
    const most = { small: 150, medium: 80, large: 25, bulk: 6 }[size]
    const window = random.weighted({ 1: 3, 8: 2, 64: 2, Infinity: 4 })
    const up = random.int(0, window === '1' ? Math.min(most, 30) : most)
    const down = window === 'Infinity' ? random.int(0, most) : up
    phases.push({
      first: { ...first },
      count: { up, down },
      format: random.chance(0.5) ? random.pick<Format>(['line', 'crlf', 'block', 'frame']) : undefined,
      size,
      window: Number(window),
      echo: window !== 'Infinity' && random.chance(0.5),
    })
    first.up += up
    first.down += down
  }
  return phases
}

function endingsOf(random: Random, last: Phase): Record<Side, Ending> {
  const client = endingOf(random, last.count.up)
  const server = endingOf(random, last.count.down)
  // One of them has to begin.
  if (client.kind === 'wait' && server.kind === 'wait') return { client: { ...client, kind: 'end' }, server }
  return { client, server }
}

function endingOf(random: Random, count: number): Ending {
  const kind = random.weighted<EndKind>({ end: 10, wait: 5, leave: 1, abort: 1 })
  // An early `end` is a half-close: the other side goes on.
  const early = random.chance(kind === 'abort' ? 0.8 : kind === 'wait' ? 0 : 0.25)
  return { kind, before: early ? random.int(0, count) : count }
}

/** The server's endpoint, and that of the relay in front of it: `tcp4-tls-header`. */
export function placeOf({ transport, endpoint, header }: Plan): string {
  return `${transport}-${endpoint}-${header === 0 ? 'bare' : 'header'}`
}

export const sendsOf: Readonly<Record<Side, Direction>> = { client: 'up', server: 'down' }
export const receivesOf: Readonly<Record<Side, Direction>> = { client: 'down', server: 'up' }
