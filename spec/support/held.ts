// The memory that a server holds while clients reach its limits. The server is a process of its own, which prints its counters and
// the bytes that it holds after a garbage collection.

import net from 'node:net'
import type { Test } from 'tap'
import { identityOf } from './certificates.js'
import { COLLECT } from './collect.js'
import { program } from './program.js'

export const KIB = 1024
export const CLIENTS = 40

/** The objects of any connection, of linnet and of Node, in bytes. */
export const OBJECTS: number = 40 * KIB

/** A program with a server. `handler` and `options` may use the program's `sleep` and `kept`. */
export const server = (options: string, handler: string): string =>
  `
  const { setTimeout: sleep } = await import('node:timers/promises')
  const gc = ${COLLECT}
  const kept = []
  const held = () => { gc(); gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external }
  const server = await linnet.listen({ port: 0, host: '127.0.0.1', ${options} })
  server.on('drop', () => {}).on('handshakeError', () => {})
  void server.serve(${handler})
  // One connection first, so that code is loaded and compiled before the count begins.
  const warm = (await import('node:net')).default.connect(server.port, '127.0.0.1')
  warm.on('error', () => {})
  await new Promise((resolve) => warm.once('connect', resolve))
  warm.destroy()
  const before = held()
  console.log('port', server.port)
  let asked = 0
  process.stdin.on('data', () => {
    const { active, pending, dropped, accepted, handshakeErrors } = server.stats()
    const over = accepted - active - pending - dropped - handshakeErrors
    console.log('stats', ++asked, active, pending, dropped, [...server.connections, ...kept].reduce((sum, { bytesRead }) => sum + bytesRead, 0), held() - before, over, handshakeErrors)
  })`

const COUNTS = 4

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50))

export interface Stats {
  active: number
  pending: number
  dropped: number
  /** By connections that are open, or in `kept`. */
  read: number
  held: number
  /** That were served and are closed, including the first one. */
  over: number
  handshakeErrors: number
}

export interface Clients {
  readonly count?: number
  /** Bytes that each client sends at once. */
  readonly words?: Buffer
  /** A byte that each client sends from time to time. */
  readonly byte?: string
  /** They connect once this is true. */
  readonly begin?: (stats: Stats) => boolean
  /** The clients reset once this is true. */
  readonly leave?: (stats: Stats) => boolean
}

/** Starts the server and the clients, and resolves with what the server holds once `ready` is true. */
export async function holds(t: Test, code: string, clients: Clients, ready: (stats: Stats) => boolean): Promise<Stats> {
  const { count = CLIENTS, words = Buffer.alloc(0), byte, begin, leave } = clients
  const { key, cert } = identityOf()
  const run = program(t, code, { env: { KEY: key, CERT: cert } })
  const port = Number((await run.says(/^port (\d+)$/m))[1])
  let asked = 0
  const ask = async (): Promise<Stats> => {
    run.child.stdin?.write('stats\n')
    const [, line = ''] = await run.says(new RegExp(`^stats ${++asked} (.*)$`, 'm'))
    const [active = 0, pending = 0, dropped = 0, read = 0, held = 0, over = 0, handshakeErrors = 0] = line.split(' ').map(Number)
    return { active, pending, dropped, read, held, over, handshakeErrors }
  }
  while (begin?.(await ask()) === false) await pause()
  const sockets = Array.from({ length: count }, () => net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {}))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (const socket of sockets) socket.write(words)
  let left = leave === undefined
  let last = Number.NaN
  let least = Number.POSITIVE_INFINITY
  let counts = 0
  for (;;) {
    const stats = await ask()
    const { read, held } = stats
    if (!left && leave?.(stats)) {
      left = true
      for (const socket of sockets) socket.resetAndDestroy()
    }
    // Twice the same: no more bytes arrive. V8 frees the memory of buffers in the background, so the least of some counts is taken.
    if (left && ready(stats) && (byte !== undefined || read === last)) {
      least = Math.min(least, held)
      if (++counts === COUNTS) return { ...stats, held: least }
    }
    last = read
    if (byte !== undefined) for (const socket of sockets) socket.write(byte)
    await pause()
  }
}
