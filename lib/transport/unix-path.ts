// How long the name of a Unix socket may be. Asked by whoever listens and by whoever connects, since libuv cuts a longer one
// in silence before Node 24, and then the wrong file is bound or the wrong server reached.

import { systemError } from './system-error.js'

/** The size of `sun_path` less its NUL. */
/* c8 ignore next: only one of the two is true of a machine */
export const LONGEST_PATH: number = process.platform === 'linux' ? 107 : 103

/** Node's own error for a name that is too long, whose `cause` says so; undefined for one that is not. */
export function pathTooLong(call: 'listen' | 'connect', path: string): Error | undefined {
  const bytes = Buffer.byteLength(path)
  if (bytes <= LONGEST_PATH) return undefined
  const cause = new Error(`the path has ${bytes} bytes, and that of a Unix socket has at most ${LONGEST_PATH}`)
  return systemError(call, 'EINVAL', path, cause)
}
