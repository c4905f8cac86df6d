// Listening sockets that another process opened: a parent process (`fd`), or systemd (LISTEN_FDS, see sd_listen_fds(3)). They
// are checked before Node takes them, because Node closes a descriptor that it cannot listen on. Their files are not removed:
// libuv unlinks only the files that it has bound.

import fs from 'node:fs'
import { InvalidOptionsError } from '../../errors.js'
import type { ResolvedEndpoint } from '../../options/listen.js'
import type { SocketOptions } from '../socket.js'
import { systemError } from '../system-error.js'
import { networkTable, unixSockets } from './kernel-table.js'
import type { Listener, ListenerSink } from './listener.js'
import { closeAll, ListeningSocket, listenerOf } from './listening-socket.js'
import { passedSockets } from './passed-sockets.js'

type DescriptorEndpoint = Extract<ResolvedEndpoint, { kind: 'fd' }>
type SystemdEndpoint = Extract<ResolvedEndpoint, { kind: 'systemd' }>

// SD_LISTEN_FDS_START: behind stdin, stdout and stderr.
const FIRST_DESCRIPTOR = 3

// Descriptors of systemd that a server has taken. The server closes them, and the numbers may belong to other files then.
const taken = new Set<number>()

export async function bindDescriptor({ fd, backlog }: DescriptorEndpoint, sink: ListenerSink, defaults: SocketOptions): Promise<Listener> {
  return adopt([fd], [pathOf(fd)], { backlog, sink, defaults })
}

export async function bindSystemd({ name, backlog }: SystemdEndpoint, sink: ListenerSink, defaults: SocketOptions): Promise<Listener> {
  const descriptors = socketsOf(name)
  const names = descriptors.map(pathOf)
  for (const fd of descriptors) taken.add(fd)
  return adopt(descriptors, names, { backlog, sink, defaults })
}

interface AdoptOptions {
  readonly backlog: number
  readonly sink: ListenerSink
  readonly defaults: SocketOptions
}

async function adopt(
  descriptors: readonly number[],
  names: readonly (string | undefined)[],
  { backlog, sink, defaults }: AdoptOptions,
): Promise<Listener> {
  const listeningSockets: ListeningSocket[] = []
  try {
    for (const [index, fd] of descriptors.entries()) {
      const listeningSocket = new ListeningSocket(sink, defaults)
      await listeningSocket.listen({ fd, backlog, exclusive: true }, names[index])
      listeningSockets.push(listeningSocket)
    }
  } catch (error) {
    await closeAll(listeningSockets)
    throw error
  }
  return listenerOf(listeningSockets)
}

// --- systemd ---------------------------------------------------------------------------------------------------------

/** The descriptors that systemd passed, or those with that name. */
function socketsOf(name: string | undefined): number[] {
  const { pid, count, names } = passedSockets()
  if (pid === undefined || count === undefined) throw none('this process was given none (LISTEN_PID and LISTEN_FDS are not both set)')
  // Every child process inherits the variables, but the sockets are meant for one process.
  if (pid !== String(process.pid)) throw none(`the sockets are for process ${pid} (LISTEN_PID), and this is ${process.pid}`)
  if (!/^[1-9]\d*$/.test(count)) throw none(`LISTEN_FDS says ${count}`)
  const list = names?.split(':') ?? []
  // systemd's own word for a socket without a name.
  const all = Array.from({ length: Number(count) }, (_, index) => ({ fd: FIRST_DESCRIPTOR + index, name: list[index] ?? 'unknown' }))
  const chosen = all.filter((socket) => name === undefined || socket.name === name)
  if (chosen.length === 0) throw none(`none is called ${name} (LISTEN_FDNAMES says ${names ?? 'nothing'})`)
  const gone = chosen.find(({ fd }) => taken.has(fd))
  if (gone !== undefined)
    throw none(
      `an earlier \`listen\` took ${gone.name} (descriptor ${gone.fd}), which is closed with its server: Node cannot duplicate a descriptor`,
    )
  return chosen.map(({ fd }) => fd)
}

function none(what: string): InvalidOptionsError {
  return new InvalidOptionsError({ issues: [{ path: ['systemd'], message: `expected sockets from systemd: ${what}` }] })
}

// --- the state of a descriptor --------------------------------------------------------------------------------------------

/** The path of a listening Unix socket; undefined if it is unknown. Throws for a descriptor that certainly does not listen. */
function pathOf(fd: number): string | undefined {
  let target: string
  try {
    target = fs.readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    // No such descriptor, or a system without /proc: Node's own error follows.
    return undefined
  }
  const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
  if (inode === undefined) throw systemError('listen', 'ENOTSOCK', `descriptor ${fd}`)
  const socket = tcpSocket(inode, 'tcp') ?? tcpSocket(inode, 'tcp6') ?? unixSocket(inode)
  // In none of the tables: not bound yet, or opened in another network namespace.
  if (socket === undefined) return undefined
  if (!socket.listens) throw systemError('listen', 'EINVAL', `descriptor ${fd}`)
  return socket.path
}

interface SocketState {
  listens: boolean
  path?: string
}

// Columns 3 and 9 of /proc/net/tcp: the state, in which 0A is TCP_LISTEN, and the inode.
function tcpSocket(inode: string, table: 'tcp' | 'tcp6'): SocketState | undefined {
  for (const row of networkTable(table)) {
    const columns = row.trim().split(/\s+/, 10)
    if (columns[9] === inode) return { listens: columns[3] === '0A' }
  }
  return undefined
}

function unixSocket(inode: string): SocketState | undefined {
  const found = unixSockets().find((socket) => socket.inode === inode)
  return found && { listens: found.listens, path: found.name }
}
