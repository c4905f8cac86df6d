// Programs of their own: what a test asks of a whole process (its end, its exit code, what it prints, its descriptors) is
// asked of a child that imports the package by its name, as a program does. The loader that runs the tests would take it
// seconds to start; so the library is translated once, into a folder that stays for as long as the library does not change.

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import ts from 'typescript'
import { within } from './wait.js'

const DAY = 24 * 3600 * 1000
const root = fileURLToPath(new URL('../..', import.meta.url))

/** A folder that is the package: its package.json, and `dist`. Below the checkout, so that it finds what it depends on. */
function built(): string {
  const sources = fs.readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const files = ['package.json', ...sources.sort().map((file) => join('lib', file))].map(
    (file) => [file, fs.readFileSync(join(root, file), 'utf8')] as const,
  )
  const hash = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16)
  const place = join(root, '.tap', 'built', hash)
  if (fs.existsSync(place)) return place
  const draft = `${place}.${process.pid}`
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
  for (const [file, text] of files) {
    const target = join(draft, file.replace(/^lib/, 'dist').replace(/\.ts$/, '.js'))
    fs.mkdirSync(dirname(target), { recursive: true })
    fs.writeFileSync(target, file.endsWith('.ts') ? ts.transpileModule(text, { compilerOptions }).outputText : text)
  }
  // Those of yesterday's versions are of no use any more.
  for (const name of fs.readdirSync(dirname(place))) {
    const other = join(dirname(place), name)
    // It may be somebody's draft, and renamed by now.
    const age = Date.now() - (fs.statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY)
    if (age > DAY) fs.rmSync(other, { recursive: true, force: true })
  }
  try {
    fs.renameSync(draft, place)
  } catch {
    // Another test file was quicker.
    fs.rmSync(draft, { recursive: true })
  }
  return place
}

export interface ProgramOptions {
  /** The most descriptors it may have. */
  descriptors?: number
  /** Its environment, on top of ours. */
  env?: NodeJS.ProcessEnv
  /** Descriptors from 3 on. */
  inherit?: readonly number[]
  /** Loads `linnet` and `testing`, and binds these names. True by default. */
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

  /** Resolves once what it has printed matches; rejects if it ends before. */
  says(pattern: RegExp, ms = 20_000): Promise<RegExpExecArray> {
    const said = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.stdout)
        if (match !== null) resolve(match)
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

  /** Resolves with how it ended. */
  ends(ms = 20_000): Promise<number | NodeJS.Signals> {
    return within(this.exit, 'the end of a program', ms)
  }
}

/** Starts a module of its own; killed after the test. */
export function program(t: Test, code: string, { descriptors, env, inherit = [], library: loads = true }: ProgramOptions = {}): Program {
  const prelude = "const linnet = await import('linnet'); const testing = await import('linnet/testing');"
  const args = ['--input-type=module', '--eval', loads ? prelude + code : code]
  // A shell between, since tap has its own options put in front of every Node that is spawned.
  const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors}; `
  const child = spawn('sh', ['-c', `unset NODE_OPTIONS; ${limit}exec "$0" "$@"`, process.execPath, ...args], {
    cwd: built(),
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
