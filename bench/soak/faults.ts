// The faults that the proxy injects into a conversation, drawn for each direction. About a third of the conversations have none, and must be
// complete.

import type { Random } from './random.js'

/**
 * How bytes are forwarded:
 * - `whole`: unchanged;
 * - `pieces`: in pieces of any size;
 * - `bytes`: one by one, for the first few hundred, then in small pieces;
 * - `joined`: collected for some milliseconds.
 */
export type Handling = 'whole' | 'pieces' | 'bytes' | 'joined'

export interface DirectionFaults {
  readonly handling: Handling
  /** The longest that a piece is kept, in milliseconds. */
  readonly delay: number
  /** Forwarding stalls after so many bytes. */
  readonly stall: { readonly after: number; readonly time: number } | undefined
  /** The delay of the end of this direction, in milliseconds. */
  readonly endDelay: number
}

/** An early break. `end`: this direction ends as if the sender had ended it. `reset`: both sides are reset. */
export interface Break {
  readonly kind: 'reset' | 'end'
  readonly direction: 'up' | 'down'
  /** The number of bytes of that direction before the break. */
  readonly after: number
  /** Whether earlier bytes are forwarded in the same turn. */
  readonly flushed: boolean
}

export interface Faults {
  readonly up: DirectionFaults
  readonly down: DirectionFaults
  readonly break: Break | undefined
}

/** `bytes`: the estimated bytes of each direction, so that a break is not at its end. */
export function faultsOf(random: Random, bytes: number): Faults {
  const gentle = random.chance(0.2)
  const breaks = random.chance(0.22)
  return {
    up: directionOf(random, bytes, gentle),
    down: directionOf(random, bytes, gentle),
    break: breaks
      ? {
          kind: random.weighted({ reset: 3, end: 1 }),
          direction: random.pick(['up', 'down']),
          after: random.chance(0.3) ? random.int(0, 200) : random.int(0, Math.ceil(bytes * 1.5)),
          flushed: random.chance(0.5),
        }
      : undefined,
  }
}

function directionOf(random: Random, bytes: number, gentle: boolean): DirectionFaults {
  if (gentle) return { handling: 'whole', delay: 0, stall: undefined, endDelay: 0 }
  return {
    handling: random.weighted({ whole: 2, pieces: 4, bytes: 2, joined: 1 }),
    delay: random.chance(0.5) ? random.int(1, 8) : 0,
    stall: random.chance(0.15) ? { after: random.int(0, Math.ceil(bytes)), time: random.int(100, 1500) } : undefined,
    endDelay: random.chance(0.2) ? random.int(1, 200) : 0,
  }
}
