// Real peers, each in a process of its own: HAProxy and nginx in front of a server of linnet, and OpenSSL's client. Tests wait for
// the first connection through a proxy and for the output of the client, never for time.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { until } from '../support/wait.js'

const { CI } = process.env

/** Why tests with this program cannot run here, or false. In CI the lack is a failure instead. */
function lack(there: boolean, install: string): string | false {
  if (there) return false
  if (CI === 'true') throw new Error(`needs apt-get install ${install}`)
  return `needs ${install}: apt-get install ${install}`
}

/** The output of a program about itself; empty if it is not installed. */
function said(program: string, flag: string): string {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' })
  return `${stdout ?? ''}${stderr ?? ''}`
}

const nginxFlags = said('nginx', '-V')

export const noOpenssl: string | false = lack(said('openssl', 'version').startsWith('OpenSSL'), 'openssl')
export const noHaproxy: string | false = lack(/^HA-?Proxy version/m.test(said('haproxy', '-v')), 'haproxy')

// nginx has its stream module built in, or as a file, which may be another package.
const module = `${/--modules-path=(\S+)/.exec(nginxFlags)?.[1]}/ngx_stream_module.so`
const builtIn = /--with-stream(\s|$)/.test(nginxFlags)
export const noNginx: string | false = lack(builtIn || existsSync(module), 'nginx libnginx-mod-stream')
export const nginxModule: string = builtIn ? '' : `load_module ${module};`

/** A port that was free a moment ago. These programs cannot pick one themselves. */
async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A running proxy. */
export interface Front {
  port: number
  child: ChildProcess
  /** Its output so far, with the reason if it ended. */
  heard: string
}

/** Starts a program with the configuration for a port. It ends with the test. */
export async function proxy(
  t: Test,
  program: 'haproxy' | 'nginx',
  configuration: (port: number, directory: string) => string,
): Promise<Front> {
  const directory = mkdtempSync(join(tmpdir(), 'linnet-proxy-'))
  const port = await freePort()
  const file = join(directory, 'configuration')
  writeFileSync(file, configuration(port, directory))
  const flags = program === 'haproxy' ? ['-db', '-f', file] : ['-c', file, '-p', directory, '-e', 'stderr']
  const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(directory, { recursive: true, force: true })
  })
  const running: Front = { port, child, heard: '' }
  for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (text) => void (running.heard += text))
  return running
}

/** The beginning of each configuration of HAProxy. */
export const haproxyDefaults = `
defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
`

/** HAProxy that terminates TLS with this key and certificate. `behind` is the server in HAProxy's notation. */
export function haproxyTls(t: Test, pem: string, behind: string): Promise<Front> {
  return proxy(t, 'haproxy', (port, directory) => {
    const file = join(directory, 'both.pem')
    writeFileSync(file, pem)
    return `${haproxyDefaults}listen all
  bind 127.0.0.1:${port} ssl crt ${file}
  server one ${behind}
`
  })
}

/** A client of a proxy, on its port or a Unix socket, once the proxy listens. */
export async function through(t: Test, front: Front, path?: string): Promise<net.Socket> {
  const at = path === undefined ? { port: front.port, host: '127.0.0.1' } : { path }
  for (;;) {
    const socket = net.connect({ ...at, allowHalfOpen: true })
    t.teardown(() => socket.destroy())
    const code = await new Promise<string | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined))
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    })
    if (code === undefined) return socket.on('error', () => {})
    if (front.child.exitCode !== null || !['ECONNREFUSED', 'ENOENT'].includes(String(code))) throw new Error(`${code}: ${front.heard}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** `openssl s_client`, at a terminal. */
export class OpensslClient {
  readonly child: ChildProcess
  /** Its output so far, of the handshake and of the data behind it. */
  heard = ''
  #code: number | null | undefined

  /** `flags` as for s_client. It ends with its input, and with the server. */
  constructor(t: Test, { port }: { port: number | undefined }, ...flags: string[]) {
    this.child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...flags], { stdio: 'pipe' })
    for (const output of [this.child.stdout, this.child.stderr]) output?.setEncoding('utf8').on('data', (text) => void (this.heard += text))
    this.child.stdin?.on('error', () => {}) // it may have gone already
    const ended = new Promise<void>((resolve) => this.child.once('close', (code) => resolve(void (this.#code = code))))
    t.teardown(() => {
      this.child.kill('SIGKILL')
      return ended
    })
  }

  says(text: string): void {
    this.child.stdin?.write(text)
  }

  async hears(text: string): Promise<void> {
    await until(() => this.heard.includes(text) || this.#code !== undefined, `'${text}' of s_client`)
    if (!this.heard.includes(text)) throw new Error(`it ended without '${text}': ${this.heard}`)
  }

  /** Its exit code. */
  async ended(): Promise<number | null | undefined> {
    await until(() => this.#code !== undefined, 'the end of s_client')
    return this.#code
  }
}
