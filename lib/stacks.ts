// The call sites of reads that reject later. An event rejects such a read, with no frame of the program on the stack.
// Capturing the stack at each call costs more than a short read, so it is done only with LINNET_STACKS=1 or NODE_DEBUG=linnet
// in the environment.
// Decision: docs/decisions/an-end-has-no-trace.md

import type { Address } from './address.js'
import { isLinnetError } from './errors.js'

/** Whether an environment enables stacks. `util.debuglog` does not report that on every runtime. */
export function enablesStacks({ LINNET_STACKS = '', NODE_DEBUG = '' }: NodeJS.ProcessEnv): boolean {
  return (LINNET_STACKS !== '' && LINNET_STACKS !== '0') || NODE_DEBUG.split(/[\s,]+/).some((name) => /^(linnet|\*)$/i.test(name))
}

/** Read once, since reading `process.env` costs as much as a read of a connection. */
export const stacks: { enabled: boolean } = { enabled: enablesStacks(process.env) }

/** A pending operation. */
export interface PendingCall {
  readonly operation: string
}

/** The connection of an operation. */
export interface ConnectionLabel {
  readonly id: number
  readonly remote: Address
}

const callers = new WeakMap<PendingCall, string>()
/** Errors whose stack shows a caller already: one error may reject a read and the message that the read is part of. */
const shown = new WeakSet<Error>()

/** Captures the stack of a call, without the frame of `method` and those above it. */
export function captureCaller(call: PendingCall, method: (...args: never[]) => unknown): void {
  const holder = { stack: '' }
  Error.captureStackTrace(holder, method)
  callers.set(call, String(holder.stack).split('\n').slice(1).join('\n'))
}

/** Replaces the stack of an error by the operation that it rejects, its connection, and the captured call site. */
export function attachCaller(error: unknown, call: PendingCall, { id, remote }: ConnectionLabel): void {
  // An error of the program, such as the reason of a signal, has a stack of its own.
  if (!isLinnetError(error) || shown.has(error)) return
  shown.add(error)
  const whose = `connection ${id}${remote.address === '' ? '' : ` (${remote})`}`
  error.stack = `${error.name}: ${error.message}\n    at ${call.operation} on ${whose}, called from:\n${callers.get(call)}`
}
