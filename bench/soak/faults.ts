// What the fault proxy does to a conversation. It stands between both sides, so what it does to one direction is drawn for
// each. About a third of the conversations are left alone: of these nothing may be missing.

import type { Random } from './random.js'

/**
 * How bytes are handed on:
 * - `whole`: as they come;
 * - `pieces`: in pieces of any size;
 * - `bytes`: one by one, for the first few hundred, then in small pieces;
 * - `joined`: gathered for some milliseconds.
 */
export type Handling = 'whole' | 'pieces' | 'bytes' | 'joined'

export interface DirectionFaults {
  readonly handling: Handling
  /** The longest that a piece is kept, in milliseconds. */
  readonly delay: number
  /** Nothing is handed on for a while once so many bytes were. */
  readonly stall: { readonly after: number; readonly time: number } | undefined
  /** How long the end of this direction is kept back, in milliseconds. */
  readonly endDelay: number
}

/** A break in the middle. `end`: this direction is ended as if the sender had ended it. `reset`: both sides are reset. */
export interface Break {
  readonly kind: 'reset' | 'end'
  readonly direction: 'up' | 'down'
  /** After how many bytes of that direction. */
  readonly after: number
  /** Whether what has arrived before it is handed on in the same turn. */
  readonly flushed: boolean
}

export interface Faults {
  readonly up: DirectionFaults
  readonly down: DirectionFaults
  readonly break: Break | undefined
}

/** `bytes`: about how many bytes each direction will have, so that a break falls into the middle. */
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
