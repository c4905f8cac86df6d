// Passes of measurements that need a new process each: every contender runs once, in random order.

import { type Bench, type Entrant, explained } from './bench.js'
import { shuffled } from './order.js'
import type { Limits, Record } from './passes.js'
import { takesPartOften } from './plan.js'
import type { Scenario } from './scenario.js'
import type { Fresh } from './starting.js'

export async function measureFresh(
  bench: Bench,
  scenario: Scenario,
  method: Fresh,
  entrants: readonly Entrant[],
  limits: Limits,
  record: Record,
): Promise<void> {
  const failed = new Set<Entrant>()
  for (let pass = 0; pass < limits.passes && (pass === 0 || Date.now() < limits.until); pass++) {
    for (const entrant of shuffled(entrants, limits.random)) {
      if (failed.has(entrant) || (pass > 0 && !takesPartOften(scenario, entrant.contender.id))) continue
      try {
        record.measured(entrant, pass, await method.measure(bench, entrant))
      } catch (error) {
        record.failed(entrant, pass, explained(error))
        failed.add(entrant)
      }
    }
  }
}
