// What the specs of this folder share: attempts that a test settles, servers that do not answer, and a count of what this
// process holds open.

import dns from 'node:dns'
import { readdirSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import type { Test } from 'tap'
import type { Attempt } from '../../lib/transport/attempt.js'
import { program } from '../support/program.js'
import { turns } from '../support/wait.js'

/** An attempt that a test settles. */
export class Held<T> implements Attempt<T> {
  readonly done: Promise<T>
  resolve!: (value: T) => void
  reject!: (error: Error) => void
  /** How often it was cut. */
  cuts = 0

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  cut(): void {
    this.cuts++
  }
}

/** What this process holds open: descriptors as the system counts them, and what Node waits for. */
function open(): Record<string, number> {
  const count: Record<string, number> = { descriptors: readdirSync('/proc/self/fd').length }
  for (const name of process.getActiveResourcesInfo()) {
    if (/TCP|Timeout|Immediate/.test(name)) count[name] = (count[name] ?? 0) + 1
  }
  return count
}

/** What is held open before a test begins, when all of the last one has gone. */
export async function held(): Promise<Record<string, number>> {
  await turns(20)
  return open()
}

/** Checks that nothing is held but what was, once the loop has gone round. */
export async function nothingLeft(t: Test, before: Record<string, number>): Promise<void> {
  const more = (): Record<string, number> =>
    Object.fromEntries(Object.entries(open()).filter(([what, count]) => count > (before[what] ?? 0)))
  for (let n = 0; n < 200 && Object.keys(more()).length > 0; n++) await turns(2)
  t.strictSame(more(), {}, 'nothing is left open')
}

/** A raw server, closed after the test. `sockets` are those that it accepted. */
export interface RawServer {
  readonly port: number
  readonly sockets: net.Socket[]
  readonly server: net.Server
}

export async function rawServer(
  t: Test,
  where: net.ListenOptions = {},
  onSocket: (socket: net.Socket) => void = () => {},
): Promise<RawServer> {
  const sockets: net.Socket[] = []
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  const place = where.path === undefined ? { port: 0, host: '127.0.0.1', ...where } : where
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(place, resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return { port: address !== null && typeof address === 'object' ? address.port : 0, sockets, server }
}

/** A port without a listener. */
export async function closedPort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/**
 * A port that does not answer, as a machine that is down: its server accepts nothing, its queue in the system is full, and
 * the system drops further clients.
 */
export async function silentPort(t: Test): Promise<number> {
  const code = `
    const server = (await import('node:net')).createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      console.log('port', server.address().port)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const run = program(t, code, { library: false })
  const port = Number((await run.says(/^port (\d+)$/m))[1])
  for (let n = 0; n < 2; n++) {
    const socket = net.connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    socket.removeAllListeners('error').on('error', () => {})
  }
  return port
}

/** Lets a name have these addresses, in this order, until the end of the test. */
export function name(t: Test, host: string, addresses: readonly string[]): void {
  const { lookup } = dns
  const found = addresses.map((address) => ({ address, family: net.isIP(address) }))
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of Node
  dns.lookup = ((asked: string, options: any, callback: any) =>
    asked === host ? process.nextTick(callback, null, found) : lookup(asked, options, callback)) as unknown as typeof dns.lookup
  syncBuiltinESMExports()
  t.teardown(() => {
    dns.lookup = lookup
    syncBuiltinESMExports()
  })
}
