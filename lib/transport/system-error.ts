// Errors as Node makes them when a system call fails, for what is found out before the system is asked: a program asks for
// their `code`, wherever they come from.

import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** Such an error: `systemError('listen', 'EINVAL', path)` is "listen EINVAL: invalid argument …". */
export function systemError(syscall: string, code: string, address: string, cause?: unknown): NodeJS.ErrnoException {
  const errno = -(constants.errno as Record<string, number>)[code]! || 0
  const [, text = 'it failed'] = getSystemErrorMap().get(errno) ?? []
  const error = new Error(`${syscall} ${code}: ${text} ${address}`, cause === undefined ? undefined : { cause })
  return Object.assign(error, { errno, code, syscall, address })
}
