// Checks a process for leaks after all connections are closed: compares its handles and requests, descriptors and signal listeners with
// those at its start.

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

/** Takes the baseline after a delay, because the channel to the parent is counted only after some use. */
export async function takeBaseline(): Promise<void> {
  // Reading them opens them.
  if (!process.stdout.writable || !process.stderr.writable) throw new Error('no output')
  await sleep(300)
  baseline = holding()
}

/** The resources beyond the baseline, after a wait for their release; empty if none. */
export async function leftovers(): Promise<string[]> {
  let found: string[] = []
  await until(() => {
    found = beyond(baseline as Holding, holding())
    return found.length === 0
  }, PATIENCE)
  if (found.length > 0) found.push(...sockets())
  return found
}

// Properties of a socket that explain why it is open.
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

/** Details of the open sockets, from undocumented properties of Node. */
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
    // The timer of this wait.
    const allowed = (before.resources.get(name) ?? 0) + (name === 'Timeout' ? 1 : 0)
    if (count > allowed) found.push(`${count - allowed} of ${name}`)
  }
  if (now.descriptors > before.descriptors) found.push(`${now.descriptors - before.descriptors} descriptors`)
  if (now.listeners > before.listeners) found.push(`${now.listeners - before.listeners} listeners on signals`)
  return found
}
