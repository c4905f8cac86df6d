// Two connected ends over each carrier. Tests of streams run over all carriers through `everywhere`. Nothing here waits for time.

import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import type { Test } from 'tap'
import { Connection, type ConnectionOptions, connect, type ListenOptions, listen, type Server } from '../../lib/index.js'
import { type PairOptions, pair } from '../../lib/testing/index.js'
import { identityOf } from './certificates.js'

/** Both ends of one connection. `a` is the client's, `b` the server's. */
export interface Ends {
  a: Connection
  b: Connection
}

export interface EndOptions {
  a?: ConnectionOptions
  b?: ConnectionOptions
}

/** The carriers. */
export type CarrierName = 'tcp' | 'unix' | 'memory' | 'duplex' | 'tls' | 'starttls'
export const carrierNames: readonly CarrierName[] = ['tcp', 'unix', 'memory', 'duplex', 'tls', 'starttls']

let directory: string | undefined
let count = 0
/** A new path for a socket, within the system's limit of about 100 bytes. */
export function socketPath(): string {
  if (directory === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'ln-'))
    directory = made
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  }
  return join(directory, `${++count}.sock`)
}

/** A server that is closed after the test. */
export async function opened(t: Test, options: ListenOptions = {}): Promise<Server> {
  const anywhere = ['port', 'host', 'path', 'fd', 'systemd', 'endpoints'].some((key) => key in options)
  const server = await listen(anywhere ? options : { port: 0, host: '127.0.0.1', ...options })
  t.teardown(() => server.close({ grace: 0 }))
  return server
}

/** A connected raw client of a server. It is destroyed after the test. */
export async function dial(t: Test, server: Server, options: Partial<net.TcpNetConnectOpts> = {}): Promise<net.Socket> {
  const [address] = server.addresses
  const where = address?.family === 'unix' ? { path: address.address } : { port: server.port, host: '127.0.0.1' }
  const socket = net.connect({ ...where, allowHalfOpen: true, noDelay: true, ...options } as net.NetConnectOpts)
  t.teardown(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.removeAllListeners('error').on('error', () => {})
  return socket
}

/** A connection of a server and the raw socket at its other end. */
export async function accepted(
  t: Test,
  options: ListenOptions = {},
): Promise<{ server: Server; connection: Connection; peer: net.Socket }> {
  const server = await opened(t, options)
  const peer = await dial(t, server)
  const connection = (await server.accept()) as Connection
  t.teardown(() => connection.abort())
  return { server, connection, peer }
}

async function overSockets(t: Test, path: string | undefined, { a, b }: EndOptions): Promise<Ends> {
  const server = await opened(t, { ...(path === undefined ? { port: 0, host: '127.0.0.1' } : { path }), ...b })
  const where = path === undefined ? { port: server.port, host: '127.0.0.1' } : { path }
  return { a: await connect({ ...where, ...a }), b: (await server.accept()) as Connection }
}

/** TLS over TCP, both ends linnet's. */
async function overTls(t: Test, { a, b }: EndOptions): Promise<Ends> {
  const { key, cert } = identityOf()
  const server = await opened(t, { port: 0, host: '127.0.0.1', tls: { key, cert }, ...b })
  const [client, accepted] = await Promise.all([
    connect({ host: 'localhost', port: server.port, family: 4, tls: { ca: cert }, ...a }),
    server.accept(),
  ])
  return { a: client, b: accepted as Connection }
}

/** Two connected Duplexes with back-pressure. Destroying one before its end breaks the other. */
export function duplexes(): [Duplex, Duplex] {
  class Half extends Duplex {
    far!: Half
    #taken: ((error?: Error) => void) | undefined

    deliver(chunk: Buffer | null, done: (error?: Error) => void): void {
      if (this.destroyed) return done(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }))
      if (this.push(chunk) || chunk === null) done()
      else this.#taken = done
    }

    override _read(): void {
      const done = this.#taken
      this.#taken = undefined
      done?.()
    }

    override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
      this.far.deliver(Buffer.from(chunk), done)
    }

    override _final(done: (error?: Error) => void): void {
      this.far.deliver(null, done)
    }

    override _destroy(error: Error | null, done: (error: Error | null) => void): void {
      const taken = this.#taken
      this.#taken = undefined
      taken?.(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }))
      if (!this.writableFinished) setImmediate(() => this.far.destroy())
      done(error)
    }
  }
  const [a, b] = [new Half(), new Half()]
  a.far = b
  b.far = a
  return [a, b]
}

/** Both ends over one carrier. They are aborted after the test. */
export async function ends(t: Test, carrier: CarrierName, options: EndOptions = {}): Promise<Ends> {
  const made = await make(t, carrier, options)
  t.teardown(() => {
    made.a.abort()
    made.b.abort()
  })
  return made
}

async function make(t: Test, carrier: CarrierName, { a, b }: EndOptions): Promise<Ends> {
  if (carrier === 'tcp') return overSockets(t, undefined, { a: a ?? {}, b: b ?? {} })
  if (carrier === 'unix') return overSockets(t, socketPath(), { a: a ?? {}, b: b ?? {} })
  if (carrier === 'memory') return named(pair({ client: a, server: b }))
  if (carrier === 'tls') return overTls(t, { a: a ?? {}, b: b ?? {} })
  if (carrier === 'starttls') {
    const made = await overSockets(t, undefined, { a: a ?? {}, b: b ?? {} })
    const { key, cert } = identityOf()
    await Promise.all([made.a.startTls({ ca: cert, servername: 'localhost' }), made.b.startTls({ key, cert })])
    return made
  }
  const [one, other] = duplexes()
  return { a: Connection.from(one, a), b: Connection.from(other, b) }
}

function named([a, b]: [Connection, Connection]): Ends {
  return { a, b }
}

/** Both ends in memory. They are aborted after the test. */
export function memory(t: Test, options?: PairOptions): Ends {
  const made = named(pair(options))
  t.teardown(() => {
    made.a.abort()
    made.b.abort()
  })
  return made
}

/** Declares one test for each carrier. */
export function everywhere(
  t: Test,
  name: string,
  body: (t: Test, connect: (options?: EndOptions) => Promise<Ends>, carrier: CarrierName) => Promise<unknown>,
): void {
  for (const carrier of carrierNames) {
    void t.test(`${name} (${carrier})`, async (t) => {
      await body(t, (options) => ends(t, carrier, options), carrier)
    })
  }
}
