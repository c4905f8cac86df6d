// Two connections tied together in memory, and a whole server without a port: the same classes and the same rules as
// over a socket, so that a test of a protocol needs no network.

import { unixAddress } from '../address.js'
import { Connection } from '../connection/connection.js'
import { ConnectionCore } from '../connection/core.js'
import { bare } from '../options/own.js'
import {
  type MemoryConnectOptions,
  type MemoryServerOptions,
  memoryConnectPlan,
  memoryServerPlan,
  type PairOptions,
  pairPlan,
} from '../options/testing.js'
import { ServerCore } from '../server/core.js'
import { Entries } from '../server/entry.js'
import { Server } from '../server/server.js'
import { ClientTls } from '../tls/client.js'
import { withinTime } from '../tls/handshake.js'
import { ServerTls } from '../tls/server.js'
import { systemClock } from '../transport/clock.js'
import { memoryPair } from '../transport/memory.js'
import { setImmediate } from '../turn.js'

// What a socket has under way by default.
const HIGH_WATER_MARK = 64 * 1024

/**
 * Two connections that talk to each other in memory: `[client, server]`. No socket, the same class, the same rules.
 *
 * @throws InvalidOptionsError
 * @example
 * const [client, server] = pair({ maxChunk: 1 })
 * server.run(handler)
 * await client.write('hello\n')
 */
export function pair(options?: PairOptions): [client: Connection, server: Connection] {
  const plan = pairPlan(options)
  const { maxChunk, latency, highWaterMark, faults, clock = systemClock } = plan
  const [client, server] = memoryPair({ maxChunk, latency, highWaterMark, faults, clock })
  const there = new ConnectionCore(server, plan.server, clock)
  there.side = 'server'
  return [new Connection(new ConnectionCore(client, plan.client, clock)), new Connection(there)]
}

/** A server without a port, and the way to it. */
export interface MemoryServer {
  readonly server: Server
  /**
   * Connects to it: resolves with the client's connection, with `tls` after its handshake. Rejects with ECONNREFUSED once
   * the server listens no more, and with HandshakeError.
   */
  connect(options?: MemoryConnectOptions): Promise<Connection>
}

/**
 * A whole server without a port: admission, limits, events, drain and all.
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
  const entries = new Entries(listen.defaults, tls && new ServerTls(tls.options, tls.path))
  const core = new ServerCore(listen, clock, entries)
  const server = new Server(core)
  let open = true
  const entry = entries.of(listen.defaults)
  // A listener that nobody has to bind.
  core.listeners.include({
    addresses: [unixAddress()],
    async close() {
      open = false
    },
    ref() {},
    unref() {},
  })
  return {
    server,
    async connect(options) {
      const { settings, tls } = memoryConnectPlan(options)
      const client = tls === false ? undefined : new ClientTls({ tls, path: ['tls'] })
      const steps = await entry
      // As a system hands them over, one after the other: a loop that waits has taken one before the next is counted.
      await new Promise((resolve) => setImmediate(resolve))
      if (!open)
        throw Object.assign(new Error('connect ECONNREFUSED: the memory server listens no more'), {
          code: 'ECONNREFUSED',
          syscall: 'connect',
        })
      const none = Number.POSITIVE_INFINITY
      const [here, there] = memoryPair({
        maxChunk: none,
        latency: 0,
        highWaterMark: HIGH_WATER_MARK,
        faults: { resetAfter: none, stallAfter: none, endAfter: none },
        clock,
      })
      if (client === undefined) {
        const connection = new Connection(new ConnectionCore(here, settings, clock))
        core.accepted(there, steps)
        return connection
      }
      core.accepted(there, steps)
      const limit = { clock, timeout: settings.handshakeTimeout, operation: 'handshake' }
      return new Connection(new ConnectionCore(await withinTime(client.secure(here), here, limit), settings, clock))
    },
  }
}
