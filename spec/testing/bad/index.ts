// All bad connections, by name.

import { arriving } from './arriving.js'
import { breaks } from './breaks.js'
import { drains } from './drains.js'
import { ends } from './ends.js'
import { finding } from './finding.js'
import { iterating } from './iterating.js'
import { limits } from './limits.js'
import { messages } from './messages.js'
import { others } from './others.js'
import { pressure } from './pressure.js'
import { reads } from './reads.js'
import { refused } from './refused.js'
import type { BadConnection } from './spoil.js'
import { writes } from './writes.js'

export const badConnections: Record<string, BadConnection> = {
  ...arriving,
  ...reads,
  ...finding,
  ...iterating,
  ...limits,
  ...refused,
  ...messages,
  ...writes,
  ...ends,
  ...breaks,
  ...pressure,
  ...drains,
  ...others,
}
