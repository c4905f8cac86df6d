// Runs a built example in a process of its own, with OpenBSD's netcat as a client. Tests wait for output and for ends of processes,
// never for time.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { signal } from '../support/program.js'

const { CI } = process.env

/** Why tests that need a program cannot run here, or false. In CI the lack is a failure instead. */
function lacks(found: boolean, what: string): string | false {
  if (!found && CI === 'true') throw new Error(what)
  return found ? false : what
}

const netcat = String(spawnSync('nc', ['-h'], { encoding: 'utf8' }).stderr).includes('OpenBSD netcat')
export const skip: string | false = lacks(netcat, "needs OpenBSD's netcat: apt-get install netcat-openbsd")
export const withoutCurl: string | false = lacks(spawnSync('curl', ['--version']).status === 0, 'needs curl: apt-get install curl')
export const withoutSwaks: string | false = lacks(spawnSync('swaks', ['--version']).status === 0, 'needs swaks: apt-get install swaks')
export const withoutMemccapable: string | false = lacks(
  spawnSync('memccapable', ['-h']).error === undefined,
  'needs memccapable: apt-get install libmemcached-tools',
)
export const withoutMosquitto: string | false = lacks(
  spawnSync('mosquitto_pub', ['--help']).error === undefined,
  'needs mosquitto_pub: apt-get install mosquitto-clients',
)
export const withoutRedisTools: string | false = lacks(
  ['redis-cli', 'redis-benchmark'].every((program) => spawnSync(program, ['--version']).error === undefined),
  'needs redis-cli and redis-benchmark: apt-get install redis-tools',
)
export const withoutRedisServer: string | false = lacks(
  spawnSync('redis-server', ['--version']).error === undefined,
  'needs redis-server: apt-get install redis-server',
)
export const withoutWrk: string | false = lacks(spawnSync('wrk', ['-v']).error === undefined, 'needs wrk: apt-get install wrk')

// Examples run the built library. Through the source maps tap would count that as coverage of lib/, with other branches for the same
// lines.
const env = { ...process.env, PORT: '0', _TAPJS_PROCESSINFO_COVERAGE_: '0' }

/** A process, and its output. */
export class Running {
  readonly child: ChildProcess
  /** Its standard output so far. */
  heard = ''
  /** Its standard error so far. */
  complained = ''
  /** Where `hears` goes on: behind its last match. */
  #from = 0
  readonly #closed: Promise<unknown[]>

  constructor(t: Test, child: ChildProcess) {
    this.child = child
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      this.heard += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.complained += text
    })
    // Also for a process that could not be started, or that has ended before.
    this.#closed = once(child, 'close')
    this.#closed.catch(() => {})
    t.teardown(() => child.kill('SIGKILL'))
  }

  /** Resolves once its output contains this, behind the match of the call before. */
  async hears(text: string): Promise<void> {
    for (let at = -1; ; ) {
      at = this.heard.indexOf(text, this.#from)
      if (at >= 0) {
        this.#from = at + text.length
        return
      }
      if (this.child.stdout?.readableEnded)
        throw new Error(`it ended without '${text}', having said: ${this.heard.slice(this.#from)} ${this.complained}`)
      await Promise.race([once(this.child.stdout as NodeJS.ReadableStream, 'data'), this.#closed])
    }
  }

  /** Its whole standard output, once it has ended. */
  async toEnd(): Promise<string> {
    await this.#closed
    return this.heard
  }

  signal(name: NodeJS.Signals): void {
    signal(this.child, name)
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.signal('SIGINT')
  }

  /** Its exit code and signal, once it has ended. */
  async ended(): Promise<{ code: unknown; signal: unknown }> {
    const [code, signal] = await this.#closed
    return { code, signal }
  }
}

function fileOf(name: string): string {
  const file = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url))
  if (!existsSync(file)) throw new Error(`${file} is not built: npm run build:all`)
  return file
}

/** An example that connects. */
export class ClientExample extends Running {
  static start(t: Test, name: string, variables: NodeJS.ProcessEnv, ...args: string[]): ClientExample {
    return new ClientExample(
      t,
      spawn(process.execPath, [fileOf(name), ...args], { env: { ...env, ...variables }, stdio: ['ignore', 'pipe', 'pipe'] }),
    )
  }
}

/** An example that connects, and reads its standard input. */
export class FedExample extends Running {
  static start(t: Test, name: string, variables: NodeJS.ProcessEnv, ...args: string[]): FedExample {
    const example = new FedExample(t, spawn(process.execPath, [fileOf(name), ...args], { env: { ...env, ...variables } }))
    // It may end before its input does.
    example.child.stdin?.on('error', () => {})
    return example
  }

  says(text: string): void {
    this.child.stdin?.write(text)
  }

  ends(text?: string): void {
    this.child.stdin?.end(text)
  }
}

/** An example that needs neither peers nor input. */
export function runExample(t: Test, name: string): Running {
  return new Running(t, spawn(process.execPath, [fileOf(name)], { env, stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** An example that listens. */
export class Example extends Running {
  port = 0

  static async start(t: Test, name: string, variables: NodeJS.ProcessEnv = {}): Promise<Example> {
    const child = spawn(process.execPath, [fileOf(name)], { env: { ...env, ...variables }, stdio: ['ignore', 'pipe', 'pipe'] })
    const example = new Example(t, child)
    await example.hears('\n')
    example.port = Number(/(?:nc 127\.0\.0\.1 |localhost:)(\d+)/.exec(example.heard)?.[1])
    return example
  }
}

/** curl, which requests a page. */
export class Curl extends Running {
  /** `https://NAME:PORT/PATH`, with the name at 127.0.0.1 and a certificate that is trusted. */
  static get(t: Test, url: string, trusted: string): Curl {
    const { hostname, port } = new URL(url)
    const flags = ['--silent', '--show-error', '--no-buffer', '--max-time', '20', '--cacert', trusted]
    const child = spawn('curl', [...flags, '--resolve', `${hostname}:${port}:127.0.0.1`, url], { stdio: ['ignore', 'pipe', 'ignore'] })
    return new Curl(t, child)
  }
}

/** Netcat as a client at a terminal. */
export class Netcat extends Running {
  /** `flags` as for nc: with `-N` it ends when its own input and the server have ended; with `-d` it sends nothing, and ends with the server. */
  static connect(t: Test, { port }: Example, ...flags: string[]): Netcat {
    return new Netcat(t, spawn('nc', [...flags, '127.0.0.1', String(port)], { stdio: ['pipe', 'pipe', 'inherit'] }))
  }

  says(text: string): void {
    this.child.stdin?.write(text)
  }

  ends(text?: string): void {
    this.child.stdin?.end(text)
  }
}
