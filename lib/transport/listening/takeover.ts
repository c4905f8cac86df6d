// Moving a socket's file to its path: where there is none, or in place of one that a dead server left behind, and of
// nothing else. Whoever connects meanwhile finds the old file or the new one, never none. Of several processes that want
// the same path exactly one gets it.

import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../../errors.js'
import { sleep, unixTime } from '../clock.js'

/** Which file it is, whatever it is called. */
export interface FileId {
  readonly dev: bigint
  readonly ino: bigint
}

// The lock below is held for three system calls. One that is older was left by a process that died within them.
const LOCK_LIFE = 500
// Waiting for the lock: longer than its life in all, so that a lock left behind delays and does not prevent.
const PAUSE = 5
const TRIES = 200

// File systems that know no hard links say one of these.
const NO_LINKS = new Set<unknown>(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** Moves the socket `from` to `path`. Rejects with EADDRINUSE where that is somebody's. `alive` asks whether anybody listens at `path`. */
export async function moveInto(from: string, path: string, alive: () => Promise<boolean | undefined>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (place(from, path)) return
    const found = fileAt(path)
    if (found !== undefined) {
      const listening = found.isSocket() ? await alive() : true
      if (listening === true) break
      if (listening === false && replace(from, path, found)) return
    }
    await sleep(PAUSE)
  }
  throw Object.assign(new Error(`${path} is taken`), { code: 'EADDRINUSE' })
}

/** Removes the file if it is still that one. Never throws: a file that cannot be removed is found stale by the next server. */
export function removeIfSame(path: string, file: FileId): void {
  try {
    if (same(fileAt(path), file)) fs.unlinkSync(path)
  } catch {
    // The directory was closed to us, or the file went in between.
  }
}

/** Where there is none: `link` fails if there is one, which `rename` would replace. */
function place(from: string, path: string): boolean {
  try {
    fs.linkSync(from, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    if (NO_LINKS.has(codeOf(error))) return fileAt(path) === undefined && replace(from, path, undefined)
    throw error
  }
}

/**
 * In place of the file that was found. No system call replaces a file only if it is a certain one, so that a second
 * process might replace the file of the first, which has found the same dead one: they exclude each other by a lock, and
 * look again.
 */
function replace(from: string, path: string, found: FileId | undefined): boolean {
  const lock = join(dirname(path), `.${basename(path)}.linnet-lock`)
  if (!locked(lock)) return false
  try {
    if (!same(fileAt(path), found)) return false
    fs.renameSync(from, path)
    return true
  } finally {
    fs.rmSync(lock, { force: true })
  }
}

function locked(lock: string): boolean {
  try {
    fs.closeSync(fs.openSync(lock, 'wx', 0o600))
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const held = fs.lstatSync(lock, { throwIfNoEntry: false })
    if (held !== undefined && unixTime() - held.mtimeMs > LOCK_LIFE) fs.rmSync(lock, { force: true })
    return false
  }
}

function fileAt(path: string): fs.BigIntStats | undefined {
  return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

function same(one: FileId | undefined, other: FileId | undefined): boolean {
  return one?.dev === other?.dev && one?.ino === other?.ino
}
