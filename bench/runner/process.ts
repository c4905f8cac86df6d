// The processes of a run: each is pinned to its core, prints one line when it is ready, and ends with the runner, even if the runner is
// stopped. Also the CPU time and memory of a process, as Linux reports them.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'

const STARTING = 30_000
const ENDING = 5_000
const NANO = 1e-9
const MOST_COMPLAINT = 2000

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

/** A started process, which `stop` ends. */
export class Child {
  readonly process: ChildProcess
  /** The beginning of what it printed on stderr, for messages. */
  complaint = ''

  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [file, ...args] = command
    const child = spawn(file as string, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    this.process = child
    running.add(child)
    child.on('error', (error) => {
      this.complaint += error.message
    })
    child.on('close', () => running.delete(child))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaint = (this.complaint + text).slice(0, MOST_COMPLAINT)
    })
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
    const gone = once(this.process, 'close')
    this.process.kill('SIGTERM')
    const force = setTimeout(() => this.process.kill('SIGKILL'), ENDING)
    await gone
    clearTimeout(force)
  }
}

/** A running server, and its output after the port: V8's lines on collections, if they are enabled. */
export interface Server {
  readonly child: Child
  readonly port: number
  readonly printed: string[]
}

/** Starts a server and waits for the port that it prints. */
export async function startServer(command: readonly string[], env: Readonly<Record<string, string>>): Promise<Server> {
  const child = new Child(command, env)
  const { stdout } = child.process
  const printed: string[] = []
  const port = await new Promise<number>((resolve, reject) => {
    const failed = (what: string): void => reject(new Error(`the server ${what}: ${child.complaint.trim()}`))
    const late = setTimeout(failed, STARTING, 'did not start')
    createInterface({ input: stdout as NonNullable<typeof stdout> }).on('line', (line) => {
      if (!/^\d+$/.test(line)) {
        printed.push(line)
        return
      }
      clearTimeout(late)
      resolve(Number(line))
    })
    child.process.once('close', () => {
      clearTimeout(late)
      failed('ended')
    })
  }).catch(async (error: unknown) => {
    await child.stop()
    throw error
  })
  return { child, port, printed }
}

/** The CPU time of all threads of a process, in seconds. Exact, except for a thread that is running. */
export async function cpuOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`)
  const times = await Promise.all(
    threads.map(async (thread) => {
      // The thread may have ended meanwhile.
      const line = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').catch(() => '0')
      return Number(line.split(' ')[0])
    }),
  )
  return times.reduce((sum, time) => sum + time, 0) * NANO
}

/** Resident memory of a process, in bytes. */
export async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
}
