// Shared by the specs of Unix listeners: paths, rivals, and functions of `node:fs` that are replaced for one test.

import fs from 'node:fs'
import net from 'node:net'
import { basename, dirname, join } from 'node:path'
import type { Test } from 'tap'
import type { ResolvedEndpoint } from '../../../lib/options/listen.js'
import { next, scratch } from '../support.js'

export const unix = (path: string, mode = 0o600): ResolvedEndpoint => ({ kind: 'unix', path, mode, backlog: 511 })

let rooms = 0

/** A path in a directory of its own. */
export function fresh(): string {
  const room = scratch(`r${++rooms}`)
  fs.mkdirSync(room)
  return join(room, 's')
}

/** A path of `length` bytes, divided between the name of the file and that of its directory. */
export function long(length: number, name: string): string {
  let directory = dirname(fresh())
  // A directory's name has at most 255 bytes.
  for (let missing = length - name.length - directory.length - 2; missing > 0; missing = length - name.length - directory.length - 2) {
    directory = join(directory, 'd'.repeat(Math.min(missing, 20)))
  }
  fs.mkdirSync(directory, { recursive: true })
  const path = `${directory}/${name}`
  // One byte may be missing: a separator needs a name behind it.
  return path + 's'.repeat(length - path.length)
}

export async function rival(t: Test, path: string): Promise<net.Server> {
  const server = net.createServer((socket) => socket.on('error', () => {}).end('rival'))
  await new Promise<void>((resolve) => void server.listen({ path }, resolve))
  t.teardown(() => void server.close())
  return server
}

/** Leaves the socket file of a server that was killed. */
export async function stale(t: Test, path: string): Promise<void> {
  const server = await rival(t, `${path}.dead`)
  fs.renameSync(`${path}.dead`, path)
  server.close()
  await next(server, 'close')
}

/** Replaces a function of `node:fs` for one test. */
export function instead<K extends 'linkSync' | 'openSync' | 'renameSync' | 'lstatSync' | 'unlinkSync' | 'mkdtempSync'>(
  t: Test,
  name: K,
  make: (real: (typeof fs)[K]) => unknown,
): void {
  const real = fs[name]
  Object.assign(fs, { [name]: make(real) })
  t.teardown(() => void Object.assign(fs, { [name]: real }))
}

export const failure = (code: string): Error => Object.assign(new Error(code), { code })

/** The other files in the directory of a path. */
export const beside = (path: string): string[] => fs.readdirSync(dirname(path)).filter((name) => name !== basename(path))
