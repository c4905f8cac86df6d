// Errors with a `code`, for failures that are found without a system call. A program compares the `code`, whether the error
// is Node's or the library's.

import { os, util } from '../builtins.js'

/** An error as Node makes it when a system call fails: `systemError('listen', 'EINVAL', path)` is "listen EINVAL: invalid argument …". */
export function systemError(syscall: string, code: string, address: string, cause?: unknown): NodeJS.ErrnoException {
  const errno = -(os().constants.errno as Record<string, number>)[code]! || 0
  const [, text = 'it failed'] = util().getSystemErrorMap().get(errno) ?? []
  const error = new Error(`${syscall} ${code}: ${text} ${address}`, cause === undefined ? undefined : { cause })
  return Object.assign(error, { errno, code, syscall, address })
}

/** An error with that message and `code`, where no system call has failed. */
export function codedError(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code })
}
