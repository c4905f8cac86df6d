// Child processes, for tests of a whole process: its end, its exit code, its output, its descriptors. A child imports the package by
// its name as a program does, and gets `dist/`.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { within } from './wait.js'

/** The checkout, seen from `build/spec/support/`. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url))

/** The arguments before the text of a module on this runtime's command line. */
export const moduleFlags: readonly string[] = 'deno' in process.versions ? ['eval', '--ext=mjs'] : ['--input-type=module', '--eval']

/**
 * Sends a signal to a child. On Deno `child.kill` sends one signal only, ends the child's standard input, and later reports that signal
 * as the end of the child, whatever its exit code is.
 */
export function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) throw new Error('the child has not started')
  process.kill(pid, name)
}

export interface ProgramOptions {
  /** The limit of its descriptors. */
  descriptors?: number
  /** Variables of its environment beside those of this process. */
  env?: NodeJS.ProcessEnv
  /** Flags of the runtime. */
  flags?: readonly string[]
  /** Descriptors from 3 on. */
  inherit?: readonly number[]
  /** Whether it begins with imports of `linnet` and `testing`. True by default. */
  library?: boolean
}

export class Program {
  stdout = ''
  stderr = ''
  /** Its exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>
  readonly child: ChildProcess

  constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      this.stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.stderr += text
    })
    this.exit = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? (signal as NodeJS.Signals))))
  }

  /** Resolves with the match once its output matches. Rejects if it ends before. */
  says(pattern: RegExp, ms = 20_000): Promise<RegExpExecArray> {
    const said = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.stdout)
        if (match === null) return
        this.child.stdout?.off('data', look)
        resolve(match)
      }
      this.child.stdout?.on('data', look)
      void this.exit.then((end) => {
        look()
        reject(new Error(`it ended (${end}) without saying ${pattern}: ${this.stdout} ${this.stderr}`))
      })
      look()
    })
    return within(said, `${pattern} of a program`, ms)
  }

  signal(name: NodeJS.Signals): void {
    signal(this.child, name)
  }

  /** Resolves with its exit code or signal. */
  ends(ms = 20_000): Promise<number | NodeJS.Signals> {
    return within(this.exit, 'the end of a program', ms)
  }
}

/** Starts a module in a process of its own, which is killed after the test. */
export function program(
  t: Test,
  code: string,
  { descriptors, env, flags = [], inherit = [], library: loads = true }: ProgramOptions = {},
): Program {
  const prelude = "const linnet = await import('linnet'); const testing = await import('linnet/testing');"
  const args = [...flags, ...moduleFlags, loads ? prelude + code : code]
  // Through a shell, since tap adds options to every Node that is spawned directly.
  const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors}; `
  const child = spawn('sh', ['-c', `unset NODE_OPTIONS; ${limit}exec "$0" "$@"`, process.execPath, ...args], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe', ...inherit],
    env: { ...process.env, ...env },
  })
  const started = new Program(child)
  t.teardown(() => {
    child.kill('SIGKILL')
    return started.exit
  })
  return started
}
