// What the specs of `pair` share.

import type { Test } from 'tap'
import type { Connection } from '../../lib/index.js'
import { type PairOptions, pair } from '../../lib/testing/index.js'

/** A pair whose sides are aborted after the test. */
export function made(t: Test, options?: PairOptions): [Connection, Connection] {
  const sides = pair(options)
  t.teardown(() => {
    for (const side of sides) side.abort()
  })
  return sides
}
