// The bytes that V8 reports to have allocated between collections.

import t from 'tap'
import { allocated } from '../../bench/runner/starting.js'

const MB = 1024 * 1024

t.test('what was allocated is the growth of the heap between two collections', async (t) => {
  const printed = [
    '[12:0x5f2e]      210 ms: Scavenge 6.0 (8.2) -> 5.0 (9.2) MB, 0.4 / 0.0 ms  (average mu = 1.000, current mu = 1.000) task; ',
    'something that the program printed',
    '[12:0x5f2e]      220 ms: Scavenge (interleaved) 7.0 (9.2) -> 5.5 (9.2) MB, 0.4 / 0.0 ms  allocation failure; ',
    '[12:0x5f2e]      230 ms: Mark-Compact (reduce) 8.0 (9.2) -> 4.0 (8.0) MB, 2.4 / 0.0 ms  (average mu = 1.000) task; ',
    '[12:0x5f2e]      240 ms: Mark-Compact 4.5 (9.2) -> 4.0 (8.0) MB, 2.4 / 0.0 ms  (average mu = 1.000) task; ',
  ]
  t.equal(allocated(printed), (2 + 2.5 + 0.5) * MB)
  t.equal(allocated(printed.slice(0, 1)), 0, 'nothing is known before the first collection')
  t.equal(allocated([]), 0)
})
