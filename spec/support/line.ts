// Two connections to be piped, for the specs of `pipe`.

import type { Test } from 'tap'
import type { Connection } from '../../lib/index.js'
import { memory } from './fixture.js'

/** Two connections to be piped, and the peer of each. */
export interface Line {
  a: Connection
  b: Connection
  left: Connection
  right: Connection
}

export const inMemory = (t: Test, options: Parameters<typeof memory>[1] = {}): Line => {
  const { a: left, b: a } = memory(t, options)
  const { a: right, b } = memory(t, options)
  return { a, b, left, right }
}
