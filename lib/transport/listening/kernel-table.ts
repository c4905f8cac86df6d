// The Unix sockets of a Linux system, from /proc/net/unix. The table shows the name by which a socket was bound. linnet binds a
// socket by a private name and moves the file, so the table shows the private name, which begins with the tag of the path.

import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { crypto } from '../../builtins.js'

/** The lines of a table in /proc/self/net; none where there is no such table. */
export function networkTable(table: string): string[] {
  try {
    return fs.readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n')
  } catch /* c8 ignore start: a system without IPv6, or a system other than Linux, has no such table, and this one has */ {
    return []
  } /* c8 ignore stop */
}

/** A Unix socket that is open on this system. */
export interface UnixSocket {
  readonly inode: string
  readonly listens: boolean
  /** The name by which it was bound. An abstract name begins with a NUL. */
  readonly name: string
}

// Columns 3 and 6: the flags, of which 0x10000 is __SO_ACCEPTCON, and the inode; then the name, in which the kernel prints NULs,
// also that of an abstract name, as @.
export function unixSockets(): UnixSocket[] {
  return networkTable('unix').flatMap((row) => {
    const [, flags = '', inode, name = ''] = /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+) ?(.*)$/.exec(row) ?? []
    if (inode === undefined) return []
    const listens = (Number.parseInt(flags, 16) & 0x10000) !== 0
    return [{ inode, listens, name: name.startsWith('@') ? name.replaceAll('@', '\0') : name }]
  })
}

/** The prefix of the private directory in which the socket for `path` is bound. */
export function privatePrefix(path: string): string {
  const tag = crypto().createHash('sha256').update(basename(path)).digest('base64url').slice(0, 6)
  return join(dirname(path), `.linnet-${tag}-`)
}

/** Whether a socket listens that was bound for `path`, an absolute path. */
export function listensFor(path: string): boolean {
  const names = [path, join(fs.realpathSync(dirname(path)), basename(path))]
  const prefixes = names.map(privatePrefix)
  // A socket whose directory still exists has not been moved: it is a candidate for the path, such as this process's own.
  const isMoved = (name: string): boolean => prefixes.some((prefix) => name.startsWith(prefix)) && !fs.existsSync(dirname(name))
  return unixSockets().some(({ listens, name }) => listens && (names.includes(name) || isMoved(name)))
}
