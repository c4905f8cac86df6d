// A whole server without a port, and the way to it: what a client passes on its way in, what it is turned away for and how it
// fails are those of a server with a port, since the same code decides. Only the sockets are missing.

import { type Address, tcpAddress, unixAddress } from '../address.js'
import { type Means, open, systemMeans } from '../client/connecting.js'
import type { Connection } from '../connection/connection.js'
import { ConnectionClosedError } from '../errors.js'
import { bare } from '../options/own.js'
import {
  type MemoryConnectOptions,
  type MemoryServerOptions,
  memoryConnectPlan,
  memoryServerPlan,
  type ResolvedMemoryConnectOptions,
} from '../options/testing.js'
import { ServerCore } from '../server/core.js'
import { type EndpointHandshake, EndpointHandshakes } from '../server/endpoint-handshakes.js'
import { Server } from '../server/server.js'
import { type Abortable, leaveSignal, waitUnder } from '../signals.js'
import { ServerTls } from '../tls/server.js'
import type { Attempt } from '../transport/attempt.js'
import type { Carrier } from '../transport/carrier.js'
import { systemClock } from '../transport/clock.js'
import { memoryPair } from '../transport/memory/carrier.js'
import { systemError } from '../transport/system-error.js'
import { setImmediate } from '../turn.js'
import { closeServer } from './dispose.js'

/** A server without a port, and the way to it. Async disposable: that closes the server, and both ends of every connection. */
export interface MemoryServer extends AsyncDisposable {
  readonly server: Server
  /**
   * Connects to the server, as `connect` does to one with a port: with a PROXY header and TLS, from a `remote` address, and
   * over a way that is slow, cuts its bytes into pieces or breaks, as that of `pair`.
   *
   * Resolves with the client's connection: without TLS at once, whatever the `latency`; with TLS after the round trips of its
   * handshake. A connection that the server drops is lost.
   *
   * Rejects as `connect` does: with InvalidOptionsError, with ConnectError (`code: 'ECONNREFUSED'`) once the server listens no
   * more, with HandshakeError if TLS fails, with TimeoutError when `timeout` is over, or with the reason of `signal`.
   *
   * @example
   * const client = await connect({ remote: '192.0.2.1:4000', maxChunk: 1 })
   */
  connect(options?: MemoryConnectOptions): Promise<Connection>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A whole server without a port: admission, limits, events, drain and all.
 *
 * What it returns is async disposable: that drains the server, closes both ends of every connection, and aborts what does not
 * come to its end without time passing.
 *
 * @throws InvalidOptionsError, or the reason of a `signal` that is aborted already
 * @example
 * const { server, connect } = memoryServer({ idleTimeout: 1000, clock })
 * server.serve(handler)
 * const client = await connect()
 */
export function memoryServer(options?: MemoryServerOptions): MemoryServer {
  const { listen, clock = systemClock } = memoryServerPlan(options)
  if (listen.signal?.aborted) throw listen.signal.reason
  const { tls } = bare(listen.defaults)
  const entries = new EndpointHandshakes(listen.defaults, tls && new ServerTls(tls.options, tls.path))
  const core = new ServerCore(listen, clock, entries)
  const server = new Server(core)
  let listening = true
  // A listener that nobody has to bind.
  core.listeners.include({
    addresses: [unixAddress()],
    async close() {
      listening = false
    },
    ref() {},
    unref() {},
  })
  const entry = entries.of(listen.defaults)
  const clients = new Set<Connection>()
  const attempts = new Set<AbortController>()

  const accept = (plan: ResolvedMemoryConnectOptions, header: Uint8Array | undefined, steps: EndpointHandshake): Carrier => {
    if (!listening) throw systemError('connect', 'ECONNREFUSED', 'the server in memory')
    const { remote: from, way } = plan
    const [here, there] = memoryPair({ ...way, clock }, { from, to: from && facing(from, server), header })
    core.accepted(there, steps)
    return here
  }
  const means = (plan: ResolvedMemoryConnectOptions): Means => ({
    ...systemMeans,
    dial: (_, { header }) => new MemoryDial(entry, (steps) => accept(plan, header, steps)),
    clock,
  })

  return {
    server,
    async connect(options) {
      const plan = memoryConnectPlan(options)
      const { signal } = plan
      const stop = new AbortController()
      const caller: Abortable = { fail: (reason) => stop.abort(reason) }
      if (signal?.aborted) caller.fail(signal.reason)
      waitUnder(signal, caller)
      attempts.add(stop)
      try {
        const client = await open({ ...plan, signal: stop.signal }, means(plan))
        clients.add(client)
        void client.closed.then(() => clients.delete(client))
        return client
      } finally {
        attempts.delete(stop)
        leaveSignal(signal, caller)
      }
    },
    async [Symbol.asyncDispose]() {
      await closeServer(server, clients, clock)
      // What is still in its handshake waits for bytes that time would bring.
      for (const attempt of attempts) attempt.abort(new ConnectionClosedError({ message: 'the server in memory was disposed of' }))
    },
  }
}

/** This end of a connection from `remote`: over IP it is of the same family, as over a socket. */
function facing({ family }: Address, server: Server): Address | undefined {
  if (family === 'unix') return undefined
  return tcpAddress(family === 'IPv4' ? '127.0.0.1' : '::1', server.port)
}

/** One attempt to connect. */
class MemoryDial implements Attempt<Carrier> {
  readonly done: Promise<Carrier>
  #carrier: Carrier | undefined
  #cut = false

  constructor(entry: Promise<EndpointHandshake>, accept: (steps: EndpointHandshake) => Carrier) {
    this.done = this.#connect(entry, accept)
  }

  async #connect(entry: Promise<EndpointHandshake>, accept: (steps: EndpointHandshake) => Carrier): Promise<Carrier> {
    const steps = await entry
    // As a system hands them over, one after the other: a loop that waits has taken one before the next is counted.
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#cut) throw new Error('the attempt was given up')
    this.#carrier = accept(steps)
    // `admit`, which is the program's, may have given it up.
    if (this.#cut) this.#carrier.reset()
    return this.#carrier
  }

  cut(): void {
    this.#cut = true
    this.#carrier?.reset()
  }
}
