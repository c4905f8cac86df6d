// All rules, in the order in which they run. Rules that others depend on come first, so that the first failure is the one that
// says most about a fault.

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

/** Each rule: the sentence that states it, and the function that checks it. */
export const rules: readonly (readonly [sentence: string, check: Check])[] = groups.flatMap((group) => Object.entries(group))
