// What Linux says of Unix sockets (/proc/net/unix): which names listen. The name is the one that a socket was bound by, so one
// that linnet has moved into place stands there by its private name, which begins with the tag of the path.

import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { crypto } from '../../builtins.js'

/** The lines of a table of the network; none where there is no such table. */
export function networkTable(table: string): string[] {
  try {
    return fs.readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n')
  } catch /* c8 ignore start: a system without IPv6, or another than Linux, has no such table, and this one has */ {
    return []
  } /* c8 ignore stop */
}

/** A Unix socket that is open on this system. */
export interface UnixEntry {
  readonly inode: string
  readonly listens: boolean
  /** As it was bound; an abstract one begins with a NUL. */
  readonly name: string
}

// Columns 3 and 6: the flags, of which 0x10000 is __SO_ACCEPTCON, and the inode; then the name, in which the kernel shows NULs, also
// that of an abstract name, as @.
export function unixEntries(): UnixEntry[] {
  return networkTable('unix').flatMap((row) => {
    const [, flags = '', inode, name = ''] = /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+) ?(.*)$/.exec(row) ?? []
    if (inode === undefined) return []
    const listens = (Number.parseInt(flags, 16) & 0x10000) !== 0
    return [{ inode, listens, name: name.startsWith('@') ? name.replaceAll('@', '\0') : name }]
  })
}

/** What the private directory begins with in which the socket for `path` is bound. */
export function privatePrefix(path: string): string {
  const tag = crypto().createHash('sha256').update(basename(path)).digest('base64url').slice(0, 6)
  return join(dirname(path), `.linnet-${tag}-`)
}

/** Whether a socket that was bound for `path`, which is absolute, listens. */
export function listensFor(path: string): boolean {
  const names = [path, join(fs.realpathSync(dirname(path)), basename(path))]
  const prefixes = names.map(privatePrefix)
  // While its directory is there a socket has not been moved: it is one of those that want the path, such as our own.
  const isMoved = (name: string): boolean => prefixes.some((prefix) => name.startsWith(prefix)) && !fs.existsSync(dirname(name))
  return unixEntries().some(({ listens, name }) => listens && (names.includes(name) || isMoved(name)))
}
