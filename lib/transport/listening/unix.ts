// Unix sockets: a path that has the right mode from the first connect, that takes over from a dead server in one step and
// from a living one never, and that is removed by its owner only.
//
// The socket is bound in a private directory beside the path, given its mode, and only then moved into place. What it is
// bound by is therefore a name that is gone when libuv, at close, unlinks it without looking whose file it is.

import fs from 'node:fs'
import { join, resolve } from 'node:path'
import { codeOf } from '../../errors.js'
import { net } from '../../net.js'
import type { ResolvedEndpoint } from '../../options/listen.js'
import { bare } from '../../options/own.js'
import { systemError } from '../system-error.js'
import { LONGEST_PATH, pathTooLong } from '../unix-path.js'
import { listensFor, privatePrefix } from './kernel-table.js'
import type { Intake, Listener, SocketDefaults } from './listener.js'
import { ListeningSocket, listenerOf } from './listening-socket.js'
import { type FileId, moveInto, removeIfSame } from './takeover.js'

type UnixPlan = Extract<ResolvedEndpoint, { kind: 'unix' }>

export async function bindUnix(plan: UnixPlan, intake: Intake, defaults: SocketDefaults): Promise<Listener> {
  const { path, backlog } = plan
  const refusal = pathTooLong('listen', path)
  if (refusal !== undefined) throw refusal
  const listeningSocket = new ListeningSocket(intake, defaults)
  // An abstract name is no file (and a pipe of Windows is none either): it is free or taken, and gone with its socket.
  if (path.startsWith('\0') || process.platform === 'win32') {
    await listeningSocket.listen({ path, backlog, exclusive: true }, path)
    return listenerOf([listeningSocket])
  }
  // The program may change its directory later.
  const absolute = resolve(path)
  let file: FileId
  try {
    file = await bindBeside(absolute, plan, listeningSocket)
  } catch (error) {
    await listeningSocket.close()
    throw systemError('listen', codeOf(error) ?? 'EINVAL', path, error)
  }
  return listenerOf([listeningSocket], () => removeIfSame(absolute, file))
}

/** Binds the listening socket and moves its file into place; tells which file that is. */
async function bindBeside(absolute: string, { path, mode, backlog }: UnixPlan, listeningSocket: ListeningSocket): Promise<FileId> {
  const room = fs.mkdtempSync(privatePrefix(absolute))
  try {
    const file = join(room, 's')
    await bindIn(room, file, listeningSocket, backlog, path)
    fs.chmodSync(file, mode)
    const id = fs.lstatSync(file, { bigint: true })
    await moveInto(file, absolute, () => alive(path, absolute))
    return id
  } finally {
    fs.rmSync(room, { recursive: true, force: true })
  }
}

// The private name may be too long where the path itself is not. Then the directory is opened and named by its
// descriptor, which Linux allows anywhere in a path; elsewhere the system's own error says that it did not work.
async function bindIn(room: string, file: string, listeningSocket: ListeningSocket, backlog: number, name: string): Promise<void> {
  if (Buffer.byteLength(file) <= LONGEST_PATH) return listeningSocket.listen({ path: file, backlog, exclusive: true }, name)
  const directory = fs.openSync(room, 'r')
  try {
    await listeningSocket.listen({ path: `/proc/self/fd/${directory}/s`, backlog, exclusive: true }, name)
  } finally {
    fs.closeSync(directory)
  }
}

/**
 * Whether anybody listens there: only a refused connect says that nobody does. Undefined: it is gone. Bun says "refused" as well of
 * a server whose queue is full, so Linux is asked too.
 */
function alive(path: string, absolute: string): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const probe = net().connect(bare({ path }), () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', (error) => {
      if (codeOf(error) === 'ENOENT') resolve(undefined)
      else resolve(codeOf(error) !== 'ECONNREFUSED' || listensFor(absolute))
    })
  })
}
