// What a process holds, compared with what it held before it did anything: handles and requests, descriptors, listeners on
// signals. A test of what a library leaves behind when everything is closed.

import { readdirSync } from 'node:fs'
import { Socket } from 'node:net'
import { sleep, until } from './sleep.js'

const PATIENCE = 5_000
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

interface Holding {
  readonly resources: ReadonlyMap<string, number>
  readonly descriptors: number
  readonly listeners: number
}

let baseline: Holding | undefined

/** After a moment, since the channel to the parent is counted only once it has been used for a while. */
export async function takeBaseline(): Promise<void> {
  // They are opened when they are first looked at.
  if (!process.stdout.writable || !process.stderr.writable) throw new Error('no output')
  await sleep(300)
  baseline = holding()
}

/** What is held beyond the baseline, after a while of waiting for it to go; empty if nothing is. */
export async function leftovers(): Promise<string[]> {
  let found: string[] = []
  await until(() => {
    found = beyond(baseline as Holding, holding())
    return found.length === 0
  }, PATIENCE)
  if (found.length > 0) found.push(...sockets())
  return found
}

// What tells of a socket why it is still there.
const SHOWN = [
  'localPort',
  'remotePort',
  'destroyed',
  'errored',
  'readableEnded',
  'writableEnded',
  'writableFinished',
  'writableLength',
  'bytesRead',
  'bytesWritten',
]

/** What Node shows of the sockets that are left, to find where they come from. It documents no way to ask. */
function sockets(): string[] {
  const handles = (process as { _getActiveHandles?: () => unknown[] })._getActiveHandles?.() ?? []
  return handles
    .filter((handle) => handle instanceof Socket)
    .filter(({ remoteFamily }) => remoteFamily !== undefined)
    .map((socket) => `a ${socket.constructor.name} ${JSON.stringify(socket, SHOWN)}`)
}

function holding(): Holding {
  const resources = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) resources.set(name, (resources.get(name) ?? 0) + 1)
  return {
    resources,
    descriptors: descriptors(),
    listeners: signals.reduce((sum, signal) => sum + process.listenerCount(signal), 0),
  }
}

function descriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

function beyond(before: Holding, now: Holding): string[] {
  const found: string[] = []
  for (const [name, count] of now.resources) {
    // The timer of this very waiting.
    const allowed = (before.resources.get(name) ?? 0) + (name === 'Timeout' ? 1 : 0)
    if (count > allowed) found.push(`${count - allowed} of ${name}`)
  }
  if (now.descriptors > before.descriptors) found.push(`${now.descriptors - before.descriptors} descriptors`)
  if (now.listeners > before.listeners) found.push(`${now.listeners - before.listeners} listeners on signals`)
  return found
}
