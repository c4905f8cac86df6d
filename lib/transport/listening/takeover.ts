// Moves a socket's file to its path, if no file is there or if it is the socket of a dead server. A client that connects meanwhile
// finds the old file or the new one. Of several processes that bind the same path exactly one succeeds.
// Decision: docs/decisions/a-unix-socket-is-taken-over-in-one-step.md

import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../../errors.js'
import { sleep, unixTime } from '../clock.js'
import { codedError } from '../system-error.js'

/** The identity of a file, independent of its name. */
export interface FileId {
  readonly dev: bigint
  readonly ino: bigint
}

// The lifetime of the lock, in ms. It is held for three system calls: an older one was left by a process that died within them.
const LOCK_LIFETIME = 500
// The wait for the lock is longer than its lifetime, so that a stale lock delays the bind and does not prevent it.
const PAUSE = 5
const TRIES = 200

// The errors of file systems without hard links.
const NO_LINKS = new Set<unknown>(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** Moves the socket `from` to `path`. Rejects with EADDRINUSE if the path is in use. `alive` resolves with whether a server listens at `path`. */
export async function moveInto(from: string, path: string, alive: () => Promise<boolean | undefined>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (linkTo(from, path)) return
    const found = fileAt(path)
    if (found !== undefined) {
      const listening = found.isSocket() ? await alive() : true
      if (listening === true) break
      if (listening === false && replace(from, path, found)) return
    }
    await sleep(PAUSE)
  }
  throw codedError('EADDRINUSE', `${path} is taken`)
}

/** Removes the file if it is still the same. Never throws: the next server replaces a file that cannot be removed. */
export function removeIfSame(path: string, file: FileId): void {
  try {
    if (same(fileAt(path), file)) fs.unlinkSync(path)
  } catch {
    // The directory is not writable, or the file was removed meanwhile.
  }
}

/** Moves the file if the path is free. `link` fails if a file exists, which `rename` would replace. */
function linkTo(from: string, path: string): boolean {
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
 * Replaces the file that was found. No system call replaces a file only if it has a certain identity: of two processes that found
 * the same dead file, the second might replace the file of the first. So they exclude each other by a lock, and compare the
 * file again under it.
 */
function replace(from: string, path: string, found: FileId | undefined): boolean {
  const lock = join(dirname(path), `.${basename(path)}.linnet-lock`)
  if (!acquire(lock)) return false
  try {
    if (!same(fileAt(path), found)) return false
    fs.renameSync(from, path)
    return true
  } finally {
    fs.rmSync(lock, { force: true })
  }
}

function acquire(lock: string): boolean {
  try {
    fs.closeSync(fs.openSync(lock, 'wx', 0o600))
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const held = fs.lstatSync(lock, { throwIfNoEntry: false })
    if (held !== undefined && unixTime() - held.mtimeMs > LOCK_LIFETIME) fs.rmSync(lock, { force: true })
    return false
  }
}

function fileAt(path: string): fs.BigIntStats | undefined {
  return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

function same(one: FileId | undefined, other: FileId | undefined): boolean {
  return one?.dev === other?.dev && one?.ino === other?.ino
}
