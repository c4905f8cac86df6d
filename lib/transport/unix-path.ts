// The longest path of a Unix socket. It is checked before listening and before connecting, because libuv truncates a longer
// path without an error before Node 24, and then binds the wrong file or reaches the wrong server.

import { systemError } from './system-error.js'

/** The size of `sun_path` less its NUL. */
/* c8 ignore next: only one of the two is true of a machine */
export const LONGEST_PATH: number = process.platform === 'linux' ? 107 : 103

/** Node's own error for a path that is too long, with the reason as its `cause`; undefined for any other path. */
export function pathTooLong(call: 'listen' | 'connect', path: string): Error | undefined {
  const bytes = Buffer.byteLength(path)
  if (bytes <= LONGEST_PATH) return undefined
  const cause = new Error(`the path has ${bytes} bytes, and that of a Unix socket has at most ${LONGEST_PATH}`)
  return systemError(call, 'EINVAL', path, cause)
}
