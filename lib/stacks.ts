// Where a read that rejects later was called from. An event rejects it, and then no frame of the program is on the stack; to
// remember them at each call costs more than a short read does. So they are remembered only where the environment asks for
// it: LINNET_STACKS=1, or NODE_DEBUG=linnet.

import type { Address } from './address.js'
import { isLinnetError } from './errors.js'

/** Whether an environment asks for stacks. Not by `util.debuglog`, which does not say so on every runtime. */
export function wantsStacks({ LINNET_STACKS = '', NODE_DEBUG = '' }: NodeJS.ProcessEnv): boolean {
  return (LINNET_STACKS !== '' && LINNET_STACKS !== '0') || NODE_DEBUG.split(/[\s,]+/).some((name) => /^(linnet|\*)$/i.test(name))
}

/** Asked once: looking at the environment costs as much as a read. */
export const stacks: { wanted: boolean } = { wanted: wantsStacks(process.env) }

/** What waits, and the connection it waits for. */
export interface Called {
  readonly operation: string
}
export interface Whose {
  readonly id: number
  readonly remote: Address
}

const callers = new WeakMap<Called, string>()
/** Errors that show a caller already: one error may reject a read and the message that it is part of. */
const shown = new WeakSet<Error>()

/** Remembers who has called. Frames of `method`, and of what it has called, are left out. */
export function rememberCaller(called: Called, method: (...args: never[]) => unknown): void {
  const holder = { stack: '' }
  Error.captureStackTrace(holder, method)
  callers.set(called, String(holder.stack).split('\n').slice(1).join('\n'))
}

/** Shows in the stack of an error which read it rejects, on which connection, and who has called that. */
export function showCaller(error: unknown, called: Called, { id, remote }: Whose): void {
  // What is not ours (the reason of a signal) has a stack of its own.
  if (!isLinnetError(error) || shown.has(error)) return
  shown.add(error)
  const whose = `connection ${id}${remote.address === '' ? '' : ` (${remote})`}`
  error.stack = `${error.name}: ${error.message}\n    at ${called.operation} on ${whose}, called from:\n${callers.get(called)}`
}
