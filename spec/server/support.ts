// What the tests of a server share: a server on every transport, its clients, and `Books`, which check the counters at every
// event.

import net from 'node:net'
import { inspect } from 'node:util'
import type { Test } from 'tap'
import {
  type Address,
  Connection,
  type ConnectionOptions,
  type DropInfo,
  EndOfStreamError,
  HandshakeError,
  type ListenOptions,
  type Server,
  type ServerEvents,
} from '../../lib/index.js'
import { type MemoryConnectOptions, memoryServer } from '../../lib/testing/index.js'
import type { Clock } from '../../lib/transport/clock.js'
import { countTimers } from '../support/counting-clock.js'
import { opened, socketPath } from '../support/fixture.js'
import { within } from '../support/wait.js'

/** The transports of a server. */
export type Way = 'tcp' | 'unix' | 'memory'
const ways: readonly Way[] = ['tcp', 'unix', 'memory']

/** Options of a server that do not say where it listens. */
export type Service = Omit<
  ListenOptions,
  'port' | 'host' | 'path' | 'mode' | 'fd' | 'systemd' | 'endpoints' | 'backlog' | 'ipv6Only' | 'reusePort'
>

export interface Opened {
  server: Server
  books: Books
  /** A new client. Rejects if the server does not listen any more, and may reject if the server drops it at once. */
  connect(options?: ConnectionOptions): Promise<Connection>
}

/** What a server emitted, and whether `accepted` was the sum of the other counters at each of its events. */
export class Books {
  /** The names of all events, in order. */
  readonly told: (keyof ServerEvents)[] = []
  readonly drops: DropInfo[] = []
  readonly handshakeErrors: { error: HandshakeError; remote: Address }[] = []
  readonly handlerErrors: unknown[] = []
  readonly acceptErrors: unknown[] = []
  /** Everything that did not add up. */
  readonly mistakes: string[] = []
  over = 0
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
    server.on('connection', (connection) => {
      this.note('connection', server.connections.has(connection) && connection.server === server)
    })
    server.on('disconnect', (connection) => {
      this.over++
      this.note('disconnect', !server.connections.has(connection))
    })
    server.on('drop', (info) => {
      this.drops.push(info)
      this.note('drop')
    })
    server.on('handshakeError', (error, { remote }) => {
      this.handshakeErrors.push({ error, remote })
      this.note('handshakeError', error instanceof HandshakeError && error.remote === remote)
    })
    server.on('handlerError', (error) => {
      this.handlerErrors.push(error)
      this.note('handlerError', server.stats().handlerErrors === this.handlerErrors.length)
    })
    server.on('acceptError', (error) => {
      this.acceptErrors.push(error)
      this.note('acceptError')
    })
    server.on('draining', () => this.note('draining', server.draining))
    server.on('close', () => this.note('close', server.connections.size === 0 && server.stats().pending === 0))
  }

  /** Why connections were dropped, in order. */
  get reasons(): string[] {
    return this.drops.map(({ reason }) => reason)
  }

  count(event: keyof ServerEvents): number {
    return this.told.filter((name) => name === event).length
  }

  note(event: keyof ServerEvents, right = true): void {
    this.told.push(event)
    this.check(event, right)
  }

  check(when: string, right = true): void {
    const server = this.#server
    const { accepted, active, pending, dropped, handshakeErrors } = server.stats()
    const sum = active + pending + dropped + handshakeErrors + this.over
    const told = dropped === this.drops.length && handshakeErrors === this.handshakeErrors.length
    const fits = accepted === sum && active === server.connections.size && told
    if (!fits || !right) this.mistakes.push(`${when}: ${inspect(server.stats())}, over ${this.over}`)
  }
}

/** A server in memory. Its clients may have any address, and a slow or faulty wire. */
export interface InMemory extends Opened {
  connect(options?: MemoryConnectOptions): Promise<Connection>
}

/** A server in memory, closed after the test. */
export function inMemory(t: Test, options: Parameters<typeof memoryServer>[0] = {}): InMemory {
  const { server, connect } = memoryServer(options)
  t.teardown(() => server.close({ grace: 0 }))
  return {
    server,
    books: new Books(server),
    async connect(options) {
      const client = await connect(options)
      t.teardown(() => client.abort())
      return client
    },
  }
}

/** A server on that transport, closed after the test. */
export async function open(t: Test, way: Way, options: Service = {}): Promise<Opened> {
  if (way === 'memory') return inMemory(t, options)
  const server = await opened(t, way === 'unix' ? { path: socketPath(), ...options } : options)
  return { server, books: new Books(server), connect: (options) => client(t, server, options) }
}

/** A client of a server's first address, or of the one that is given; aborted after the test. */
export async function client(
  t: Test,
  server: Server,
  options?: ConnectionOptions,
  at: Partial<net.TcpNetConnectOpts & net.IpcNetConnectOpts> = {},
): Promise<Connection> {
  const [address] = server.addresses
  const unix = address?.family === 'unix' && at.port === undefined
  const where = unix ? { path: address.address } : { port: server.port, host: '127.0.0.1' }
  const socket = net.connect({ ...where, ...at, allowHalfOpen: true, noDelay: true } as net.NetConnectOpts)
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const connection = Connection.from(socket, options)
  t.teardown(() => connection.abort())
  return connection
}

/** Reads to the end of stream and then ends too. Resolves with how the connection ended: in order, or broken off. */
export async function ending(client: Connection | Promise<Connection>): Promise<'end' | 'broken'> {
  let connection: Connection
  try {
    connection = await client
    await connection.skipUntil('\0 never')
  } catch (error) {
    if (!(error instanceof EndOfStreamError)) return 'broken'
    await connection!.close()
  }
  return 'end'
}

/** Checks that the client was dropped or cut: it sees a reset, or a close on a Unix socket, which has no reset. */
export async function cut(t: Test, way: Way, client: Connection | Promise<Connection>): Promise<void> {
  const outcome = await within(ending(client), 'the end of a client that was cut')
  if (way !== 'unix') t.equal(outcome, 'broken', 'it was reset')
}

/** One test on each transport. Its counters must have added up at every event. */
export function overEach(
  t: Test,
  name: string,
  body: (t: Test, open: (options?: Service) => Promise<Opened>, way: Way) => Promise<unknown>,
): void {
  for (const way of ways) {
    void t.test(`${name} (${way})`, async (t) => {
      const all: Opened[] = []
      await body(
        t,
        async (options) => {
          const one = await open(t, way, options)
          all.push(one)
          return one
        },
        way,
      )
      for (const { books } of all) {
        books.check('at the end')
        t.strictSame(books.mistakes, [], 'accepted was the sum of the other counters at every event')
      }
    })
  }
}

/** The logic most tests serve. */
export async function echo(connection: Connection): Promise<void> {
  for await (const line of connection.lines()) await connection.write(`${line}\n`)
}

/** Sends a line and reads it back. */
export async function talk(client: Connection, line = 'hello'): Promise<void> {
  await client.write(`${line}\n`)
  const heard = await client.readLine()
  if (heard !== line) throw new Error(`said ${line} and heard ${heard}`)
}

/** A clock of its own, since specs that use it run on the bundle too, and how many of its timers run. */
export function countingClock(): Clock & { readonly running: number } {
  const clock: Clock = {
    now: () => performance.now(),
    setTimer(callback, ms) {
      const timer = setTimeout(callback, ms)
      return { ref: () => timer.ref(), unref: () => timer.unref(), clear: () => clearTimeout(timer) }
    },
  }
  const timers = countTimers(clock)
  return {
    get running() {
      return timers.size
    },
    ...clock,
  }
}

/** A promise and what settles it. */
export function gate<T = void>(): { opened: Promise<T>; open(value: T): void } {
  let open!: (value: T) => void
  const opened = new Promise<T>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
