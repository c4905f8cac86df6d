// Unix listeners. The socket has its mode from the first connect, replaces the file of a dead server in one step and never that of
// a live one, and is removed only by the server that bound it.
//
// The socket is bound in a private directory beside the path, given its mode, and then moved into place. At close libuv unlinks
// the name that it has bound without checking the file. That name is gone by then.

import fs from 'node:fs'
import { join, resolve } from 'node:path'
import { codeOf } from '../../errors.js'
import { net } from '../../net.js'
import type { ResolvedEndpoint } from '../../options/listen.js'
import { withoutPrototype } from '../../options/own.js'
import type { SocketOptions } from '../socket.js'
import { systemError } from '../system-error.js'
import { LONGEST_PATH, pathTooLong } from '../unix-path.js'
import { listensFor, privatePrefix } from './kernel-table.js'
import type { Listener, ListenerSink } from './listener.js'
import { ListeningSocket, listenerOf } from './listening-socket.js'
import { type FileId, moveInto, removeIfSame } from './takeover.js'

type UnixEndpoint = Extract<ResolvedEndpoint, { kind: 'unix' }>

export async function bindUnix(endpoint: UnixEndpoint, sink: ListenerSink, defaults: SocketOptions): Promise<Listener> {
  const { path, backlog } = endpoint
  const refusal = pathTooLong('listen', path)
  if (refusal !== undefined) throw refusal
  const listeningSocket = new ListeningSocket(sink, defaults)
  // An abstract name is no file (nor is a pipe of Windows): it disappears with its socket.
  if (path.startsWith('\0') || process.platform === 'win32') {
    await listeningSocket.listen({ path, backlog, exclusive: true }, path)
    return listenerOf([listeningSocket])
  }
  // The program may change its working directory later.
  const absolute = resolve(path)
  let file: FileId
  try {
    file = await bindBeside(absolute, endpoint, listeningSocket)
  } catch (error) {
    await listeningSocket.close()
    throw systemError('listen', codeOf(error) ?? 'EINVAL', path, error)
  }
  return listenerOf([listeningSocket], () => removeIfSame(absolute, file))
}

/** Binds the listening socket and moves its file into place. Returns the identity of the file. */
async function bindBeside(absolute: string, { path, mode, backlog }: UnixEndpoint, listeningSocket: ListeningSocket): Promise<FileId> {
  const directory = fs.mkdtempSync(privatePrefix(absolute))
  try {
    const file = join(directory, 's')
    await bindIn(directory, file, listeningSocket, backlog, path)
    fs.chmodSync(file, mode)
    const id = fs.lstatSync(file, { bigint: true })
    await moveInto(file, absolute, () => isAlive(path, absolute))
    return id
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

// The private name may be too long although the path is not. Then the directory is opened and named by its descriptor, which
// Linux allows anywhere in a path. On other systems the bind fails with the system's error.
async function bindIn(directory: string, file: string, listeningSocket: ListeningSocket, backlog: number, name: string): Promise<void> {
  if (Buffer.byteLength(file) <= LONGEST_PATH) return listeningSocket.listen({ path: file, backlog, exclusive: true }, name)
  const descriptor = fs.openSync(directory, 'r')
  try {
    await listeningSocket.listen({ path: `/proc/self/fd/${descriptor}/s`, backlog, exclusive: true }, name)
  } finally {
    fs.closeSync(descriptor)
  }
}

/**
 * Whether a server listens at the path. Only a refused connection means that none does. Undefined if the file is gone. Bun also
 * reports a full queue as refused, so the kernel's table is checked too.
 */
function isAlive(path: string, absolute: string): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const probe = net().connect(withoutPrototype({ path }), () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', (error) => {
      if (codeOf(error) === 'ENOENT') resolve(undefined)
      else resolve(codeOf(error) !== 'ECONNREFUSED' || listensFor(absolute))
    })
  })
}
