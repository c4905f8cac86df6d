// Listening sockets that somebody else opened: a parent process (`fd`), or systemd (LISTEN_FDS, as sd_listen_fds(3) says).
// They are looked at before they are taken, because Node closes a descriptor that it cannot listen on. Their files are
// not removed: libuv unlinks only what it bound itself.

import fs from 'node:fs'
import { InvalidOptionsError } from '../../errors.js'
import type { ResolvedEndpoint } from '../../options/listen.js'
import { systemError } from '../system-error.js'
import { networkTable, unixEntries } from './kernel-table.js'
import type { Intake, Listener, SocketDefaults } from './listener.js'
import { closeAll, ListeningSocket, listenerOf } from './listening-socket.js'
import { passedSockets } from './passed-sockets.js'

type DescriptorPlan = Extract<ResolvedEndpoint, { kind: 'fd' }>
type SystemdPlan = Extract<ResolvedEndpoint, { kind: 'systemd' }>

// SD_LISTEN_FDS_START: behind stdin, stdout and stderr.
const FIRST = 3

// Those of systemd's that a server has, or had. Its end closes the descriptor, and the number may be another file's then.
const taken = new Set<number>()

export async function bindDescriptor({ fd, backlog }: DescriptorPlan, intake: Intake, defaults: SocketDefaults): Promise<Listener> {
  return adopt([fd], [pathOf(fd)], { backlog, intake, defaults })
}

export async function bindSystemd({ name, backlog }: SystemdPlan, intake: Intake, defaults: SocketDefaults): Promise<Listener> {
  const descriptors = socketsOf(name)
  const names = descriptors.map(pathOf)
  for (const fd of descriptors) taken.add(fd)
  return adopt(descriptors, names, { backlog, intake, defaults })
}

interface Adopting {
  readonly backlog: number
  readonly intake: Intake
  readonly defaults: SocketDefaults
}

async function adopt(
  descriptors: readonly number[],
  names: readonly (string | undefined)[],
  { backlog, intake, defaults }: Adopting,
): Promise<Listener> {
  const listeningSockets: ListeningSocket[] = []
  try {
    for (const [index, fd] of descriptors.entries()) {
      const listeningSocket = new ListeningSocket(intake, defaults)
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

/** The descriptors that systemd passed, or those of them with that name. */
function socketsOf(name: string | undefined): number[] {
  const { pid, count, names } = passedSockets()
  if (pid === undefined || count === undefined) throw none('this process was given none (LISTEN_PID and LISTEN_FDS are not both set)')
  // The variables are inherited by every child, the sockets are not meant for it.
  if (pid !== String(process.pid)) throw none(`the sockets are for process ${pid} (LISTEN_PID), and this is ${process.pid}`)
  if (!/^[1-9]\d*$/.test(count)) throw none(`LISTEN_FDS says ${count}`)
  const called = names?.split(':') ?? []
  // A socket without a name is called that.
  const all = Array.from({ length: Number(count) }, (_, index) => ({ fd: FIRST + index, name: called[index] ?? 'unknown' }))
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

// --- what a descriptor is --------------------------------------------------------------------------------------------

/** The path of a Unix socket that listens, as far as that can be known. Throws for what certainly does not listen. */
function pathOf(fd: number): string | undefined {
  let target: string
  try {
    target = fs.readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    // No such descriptor, or a system that does not tell: Node will say.
    return undefined
  }
  const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
  if (inode === undefined) throw systemError('listen', 'ENOTSOCK', `descriptor ${fd}`)
  const entry = tcpEntry(inode, 'tcp') ?? tcpEntry(inode, 'tcp6') ?? unixEntry(inode)
  // In none of the tables: not bound yet, or opened in another network namespace.
  if (entry === undefined) return undefined
  if (!entry.listens) throw systemError('listen', 'EINVAL', `descriptor ${fd}`)
  return entry.path
}

interface Entry {
  listens: boolean
  path?: string
}

// Columns 3 and 9 of /proc/net/tcp: the state, in which 0A is TCP_LISTEN, and the inode.
function tcpEntry(inode: string, table: 'tcp' | 'tcp6'): Entry | undefined {
  for (const row of networkTable(table)) {
    const columns = row.trim().split(/\s+/, 10)
    if (columns[9] === inode) return { listens: columns[3] === '0A' }
  }
  return undefined
}

function unixEntry(inode: string): Entry | undefined {
  const found = unixEntries().find((entry) => entry.inode === inode)
  return found && { listens: found.listens, path: found.name }
}
