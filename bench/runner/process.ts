// The processes of a run: each is pinned to its core, says one line when it is ready, and is gone before the next one
// starts, also when the runner is stopped. And what Linux tells of a process: its CPU time and its memory.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'

const STARTING = 30_000
const ENDING = 5_000
// What /proc counts in, on every Linux that Node runs on.
const TICK = 1 / 100

const running = new Set<ChildProcess>()

function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

process.on('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killAll()
    process.exit(1)
  })
}

/** A process of ours, which `stop` ends. */
export class Child {
  readonly process: ChildProcess
  /** What it said on stderr, for messages. */
  complaint = ''

  constructor(command: readonly string[]) {
    const [file, ...args] = command
    const child = spawn(file as string, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.process = child
    running.add(child)
    child.on('error', (error) => {
      this.complaint += error.message
    })
    child.on('close', () => running.delete(child))
    // It may have ended when its stdin is closed.
    child.stdin.on('error', () => {})
  }

  get pid(): number {
    return this.process.pid as number
  }

  get over(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  async stop(): Promise<void> {
    if (this.process.pid === undefined || this.over) return
    const gone = once(this.process, 'exit')
    this.process.kill('SIGTERM')
    const force = setTimeout(() => this.process.kill('SIGKILL'), ENDING)
    await gone
    clearTimeout(force)
  }
}

/** Starts a server and waits for the port that it prints. */
export async function startServer(command: readonly string[]): Promise<{ server: Child; port: number }> {
  const server = new Child(command)
  const { stdout, stderr } = server.process
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    server.complaint = (server.complaint + text).slice(-2000)
  })
  const port = await new Promise<number>((resolve, reject) => {
    const failed = (what: string): void => reject(new Error(`the server ${what}: ${server.complaint.trim()}`))
    const late = setTimeout(failed, STARTING, 'did not start')
    createInterface({ input: stdout as NonNullable<typeof stdout> }).once('line', (line) => {
      clearTimeout(late)
      if (/^\d+$/.test(line)) resolve(Number(line))
      else failed(`said '${line}'`)
    })
    server.process.once('close', () => {
      clearTimeout(late)
      failed('ended')
    })
  }).catch(async (error: unknown) => {
    await server.stop()
    throw error
  })
  return { server, port }
}

/** CPU time that all threads of a process have taken, in seconds. */
export async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  // The second field is the name, in parentheses, and may hold spaces; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK
}

/** Resident memory of a process, in bytes. */
export async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
}
