// The output of `console.log(server)`: its addresses, its state and its counters.

import type { InspectOptions } from 'node:util'
import { shownAs } from '../shown-as.js'
import type { ServerCore } from './core.js'

export function inspectServer(core: ServerCore, depth: number, options: InspectOptions): string {
  const { active, pending, ...counters } = core.stats
  const facts = { addresses: core.listeners.addresses.map(String), state: stateOf(core), connections: active, pending, ...counters }
  return shownAs('Server', facts, depth, options)
}

function stateOf({ phase, stopping }: ServerCore): string {
  return phase === 'open' ? (stopping ? 'stopping' : 'listening') : phase
}
