// All rules, in the order in which they are tried: what others stand on comes first, so that a fault is found by the
// rule that says most about it.

import { aborting } from './aborting.js'
import { bridging } from './bridging.js'
import { cancelling } from './cancelling.js'
import { draining } from './draining.js'
import { ending } from './ending.js'
import { facts } from './facts.js'
import { finding } from './finding.js'
import { iterating } from './iterating.js'
import { limits } from './limits.js'
import { messages } from './messages.js'
import { pressing } from './pressing.js'
import { reading } from './reading.js'
import { refusing } from './refusing.js'
import { running } from './running.js'
import type { Check } from './speak.js'
import { writing } from './writing.js'

const groups = [
  reading,
  finding,
  iterating,
  limits,
  cancelling,
  messages,
  writing,
  ending,
  pressing,
  aborting,
  draining,
  facts,
  refusing,
  running,
  bridging,
]

/** Each rule: the sentence that names it, and what tries it. */
export const rules: readonly (readonly [sentence: string, check: Check])[] = groups.flatMap((group) => Object.entries(group))
