// What the statements are tried on: a server and its clients, over TCP or in memory. Only the public entry points of the
// library are used.

import type { Test } from 'tap'
import { type Connection, type ConnectOptions, connect, type ListenOptions, listen, type Server } from '../../../lib/index.js'
import { memoryServer, testCertificate, type WayOptions } from '../../../lib/testing/index.js'
import { within } from '../../support/wait.js'

/** What both kinds of server take. */
export type ServerOptions = Omit<
  ListenOptions,
  'port' | 'host' | 'path' | 'mode' | 'fd' | 'systemd' | 'endpoints' | 'backlog' | 'ipv6Only' | 'reusePort'
>
/** What both kinds of client take. */
export type ClientOptions = Omit<ConnectOptions, 'port' | 'host' | 'family' | 'localAddress' | 'localPort' | 'path'>

/** A server, and the way to it. */
export interface Place {
  readonly server: Server
  connect(options?: ClientOptions): Promise<Connection>
}

/** Both ends of one connection, and its server. */
export interface Ends {
  readonly server: Server
  readonly client: Connection
  readonly connection: Connection
}

export interface World {
  open(options?: ServerOptions): Promise<Place>
  both(options?: { server?: ServerOptions; client?: ClientOptions }): Promise<Ends>
}

/** A sentence, the result of the program that tries it, and the program. */
export interface Statement {
  readonly title: string
  readonly says: unknown
  readonly program: (world: World) => Promise<unknown>
}

/** A statement about a server. */
export const says = (title: string, says: unknown, program: Statement['program']): Statement => ({ title, says, program })

/** A statement about the two ends of one connection. */
export const tells = (
  title: string,
  says: unknown,
  program: (ends: Ends) => Promise<unknown>,
  options?: Parameters<World['both']>[0],
): Statement => ({ title, says, program: async (world) => program(await world.both(options)) })

function world(t: Test, open: World['open']): World {
  return {
    open,
    async both({ server: serverOptions, client: clientOptions } = {}) {
      const { server, connect } = await open(serverOptions)
      const [client, connection] = await within(Promise.all([connect(clientOptions), server.accept()]))
      t.teardown(() => connection?.abort())
      return { server, client, connection: connection as Connection }
    },
  }
}

const kept = async (t: Test, connecting: Promise<Connection>): Promise<Connection> => {
  const connection = await connecting
  t.teardown(() => connection.abort())
  return connection
}

/** The worlds, by name. Each client has the address 127.0.0.1. */
export const worlds: Readonly<Record<string, (t: Test) => World>> = {
  'over TCP': (t) =>
    world(t, async (options) => {
      const server = await listen({ ...options, port: 0, host: '127.0.0.1' })
      t.teardown(() => server.close({ grace: 0 }))
      return { server, connect: (options) => kept(t, connect({ ...options, host: '127.0.0.1', port: server.port })) }
    }),
  'in memory': (t) => world(t, inMemory(t, {})),
  'in memory, in pieces': (t) => world(t, inMemory(t, { maxChunk: 1000, highWaterMark: 5000 })),
}

function inMemory(t: Test, way: WayOptions): World['open'] {
  return async (options) => {
    const { server, connect } = memoryServer(options)
    t.teardown(() => server.close({ grace: 0 }))
    let port = 40_000
    return { server, connect: (options) => kept(t, connect({ ...options, ...way, remote: `127.0.0.1:${port++}` })) }
  }
}

/** One certificate for all that need no second one. */
export const certificate = testCertificate()

interface Facts {
  name?: string
  code?: string
  kind?: string
  partial?: Buffer
  cause?: unknown
}

/** The members by which a program distinguishes errors. */
export function fault(error: unknown): string {
  const { name, code, kind, partial } = error as Facts
  return [name, code, kind, partial && `after '${partial.toString('latin1')}'`].filter((part) => part !== undefined).join(' ')
}

/** The fault that a promise rejects with; what it resolves with otherwise. */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await within(promise)
  } catch (error) {
    return fault(error)
  }
}

/** How a connection ended: which side ended it, and its error. */
export async function end(connection: Connection): Promise<string> {
  const { by, error } = await within(connection.closed)
  return error === undefined ? by : `${by}: ${fault(error)}`
}

/** Whether a client is served. A reset may arrive before `connect` has resolved, or after it. */
export async function letIn(connecting: Promise<Connection>): Promise<'in' | 'turned away'> {
  try {
    const client = await within(connecting)
    return (await within(client.read({ encoding: 'latin1' }))) === 'welcome' ? 'in' : 'turned away'
  } catch {
    return 'turned away'
  }
}
