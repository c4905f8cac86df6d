// `memoryServer`: a server without a port, and a `connect` for it. Admission, limits and failures are those of a server with a
// port, since they are the same code; only the sockets are replaced.

import { type Address, tcpAddress, unixAddress } from '../address.js'
import { type Dialer, open, systemDialer } from '../client/connecting.js'
import type { Connection } from '../connection/connection.js'
import { ConnectionClosedError } from '../errors.js'
import { withoutPrototype } from '../options/own.js'
import {
  type MemoryConnectOptions,
  type MemoryServerOptions,
  type ResolvedMemoryConnectOptions,
  resolveMemoryConnectOptions,
  resolveMemoryServerOptions,
} from '../options/testing.js'
import { ServerCore } from '../server/core.js'
import { type EndpointHandshake, EndpointHandshakes } from '../server/endpoint-handshakes.js'
import { Server } from '../server/server.js'
import { type AbortListener, addAbortListener, removeAbortListener } from '../signals.js'
import { ServerTls } from '../tls/server.js'
import type { Attempt } from '../transport/attempt.js'
import type { Carrier } from '../transport/carrier.js'
import { systemClock } from '../transport/clock.js'
import { memoryPair } from '../transport/memory/carrier.js'
import { systemError } from '../transport/system-error.js'
import { setImmediate } from '../turn.js'
import { closeServer } from './dispose.js'

/** A server without a port, and what connects to it. Disposal closes the server and both ends of every connection. */
export interface MemoryServer extends AsyncDisposable {
  readonly server: Server
  /**
   * Connects to the server as `connect` does to a port: optionally with a PROXY header, with TLS, from a `remote` address, and
   * with the latency, fragmentation and faults of `pair`.
   *
   * **Resolves** with the client's connection: immediately without TLS, whatever the `latency` is; with TLS after the round
   * trips of the handshake. A connection that the server drops is lost.
   *
   * **Rejects** as `connect` does: with InvalidOptionsError for wrong options, with ConnectError (`code: 'ECONNREFUSED'`) once
   * the server has stopped listening, with HandshakeError if TLS fails, and with TimeoutError when `timeout` expires.
   *
   * **Cancelling**: aborting `signal` rejects with `signal.reason` and leaves nothing open.
   *
   * @example
   * const client = await connect({ remote: '192.0.2.1:4000', maxChunk: 1 })
   */
  connect(options?: MemoryConnectOptions): Promise<Connection>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes a server without a port, complete with admission, limits, events and drain.
 *
 * Returns the server and a `connect` for it. Disposal drains the server, closes both ends of every connection, and aborts the
 * connections that do not end without time passing.
 *
 * @throws InvalidOptionsError for wrong options; the reason of a `signal` that has aborted already
 * @example
 * const { server, connect } = memoryServer({ idleTimeout: 1000, clock })
 * server.serve(handler)
 * const client = await connect()
 */
export function memoryServer(options?: MemoryServerOptions): MemoryServer {
  const { listen, clock = systemClock } = resolveMemoryServerOptions(options)
  if (listen.signal?.aborted) throw listen.signal.reason
  const { tls } = withoutPrototype(listen.defaults)
  const handshakes = new EndpointHandshakes(listen.defaults, tls && new ServerTls(tls.options, tls.path))
  const core = new ServerCore(listen, clock, handshakes)
  const server = new Server(core)
  let listening = true
  // A listener that needs no bind.
  core.listeners.include({
    addresses: [unixAddress()],
    async close() {
      listening = false
    },
    ref() {},
    unref() {},
  })
  const handshake = handshakes.of(listen.defaults)
  const clients = new Set<Connection>()
  const attempts = new Set<AbortController>()

  const accept = (options: ResolvedMemoryConnectOptions, header: Uint8Array | undefined, steps: EndpointHandshake): Carrier => {
    if (!listening) throw systemError('connect', 'ECONNREFUSED', 'the server in memory')
    const { remote: from, way } = options
    const [here, there] = memoryPair({ ...way, clock }, { from, to: from && facing(from, server), header })
    core.accepted(there, steps)
    return here
  }
  const dialer = (options: ResolvedMemoryConnectOptions): Dialer => ({
    ...systemDialer,
    dial: (_, { header }) => new MemoryAttempt(handshake, (steps) => accept(options, header, steps)),
    clock,
  })

  return {
    server,
    async connect(options) {
      const resolved = resolveMemoryConnectOptions(options)
      const { signal } = resolved
      const stop = new AbortController()
      const caller: AbortListener = { fail: (reason) => stop.abort(reason) }
      if (signal?.aborted) caller.fail(signal.reason)
      addAbortListener(signal, caller)
      attempts.add(stop)
      try {
        const client = await open({ ...resolved, signal: stop.signal }, dialer(resolved))
        clients.add(client)
        void client.closed.then(() => clients.delete(client))
        return client
      } finally {
        attempts.delete(stop)
        removeAbortListener(signal, caller)
      }
    },
    async [Symbol.asyncDispose]() {
      await closeServer(server, clients, clock)
      // A handshake that is still in progress waits for bytes that arrive only as time passes.
      for (const attempt of attempts) attempt.abort(new ConnectionClosedError({ message: 'the server in memory was disposed of' }))
    },
  }
}

/** The server's address of a connection from an address: over IP it has the same family, as with a socket. */
function facing({ family }: Address, server: Server): Address | undefined {
  if (family === 'unix') return undefined
  return tcpAddress(family === 'IPv4' ? '127.0.0.1' : '::1', server.port)
}

/** One attempt to connect. */
class MemoryAttempt implements Attempt<Carrier> {
  readonly done: Promise<Carrier>
  #carrier: Carrier | undefined
  #cut = false

  constructor(handshake: Promise<EndpointHandshake>, accept: (steps: EndpointHandshake) => Carrier) {
    this.done = this.#connect(handshake, accept)
  }

  async #connect(handshake: Promise<EndpointHandshake>, accept: (steps: EndpointHandshake) => Carrier): Promise<Carrier> {
    const steps = await handshake
    // A system delivers connections one at a time: a waiting loop takes one before the next is counted.
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#cut) throw new Error('the attempt was given up')
    this.#carrier = accept(steps)
    // `admit` may have cancelled the attempt.
    if (this.#cut) this.#carrier.reset()
    return this.#carrier
  }

  cut(): void {
    this.#cut = true
    this.#carrier?.reset()
  }
}
