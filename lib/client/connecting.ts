// One call of `connect`, from its checked options to a connection: look-up, attempts, TLS handshake, under one deadline and
// one `signal`. Whatever ends the call, it leaves nothing open but the connection that it resolves with.

import { Connection } from '../connection/connection.js'
import { ConnectionCore } from '../connection/lifecycle.js'
import { ConnectError, codeOf, HandshakeError, TimeoutError } from '../errors.js'
import type { Destination, ResolvedConnectOptions } from '../options/connect.js'
import { buildHeader } from '../proxy-protocol/build.js'
import { type AbortListener, addAbortListener, removeAbortListener } from '../signals.js'
import { ClientTls } from '../tls/client.js'
import { handshakeMessage } from '../tls/failure.js'
import type { Attempt } from '../transport/attempt.js'
import type { Carrier } from '../transport/carrier.js'
import { type Clock, systemClock } from '../transport/clock.js'
import { Deadline } from '../transport/deadline.js'
import { unlessAborted } from './attempt.js'
import { type DialOptions, type DialTarget, dial } from './dial.js'
import { interleaved, race } from './happy-eyeballs.js'
import { lookup } from './lookup.js'

/** Resolves names and opens carriers. Specs and `linnet/testing` provide their own. */
export interface Dialer {
  readonly lookup: typeof lookup
  readonly dial: (target: DialTarget, options: DialOptions) => Attempt<Carrier>
  readonly clock: Clock
}

// Only the server of `linnet/testing` has no name.
const UNNAMED = 'the server in memory'

/** The resolver, sockets and clock of the system. */
export const systemDialer: Dialer = { lookup, dial, clock: systemClock }

/** Connects by checked options. */
export async function open(options: ResolvedConnectOptions, dialer: Dialer = systemDialer): Promise<Connection> {
  const { signal, timeout, connection } = options
  const stop = new AbortController()
  const caller: AbortListener = { fail: (reason) => stop.abort(reason) }
  if (signal?.aborted) caller.fail(signal.reason)
  addAbortListener(signal, caller)
  const late = (): void => stop.abort(new TimeoutError({ operation: 'connect', timeout, kind: 'connect' }))
  const progress = new ConnectProgress()
  const deadline = new Deadline({ clock: dialer.clock, ms: timeout, progress: () => progress.value, expired: late })
  try {
    const carrier = await reach(options, dialer, { signal: stop.signal, progress })
    const core = new ConnectionCore(carrier, connection, dialer.clock)
    if (options.destination.kind === 'tcp') core.host = options.destination.host
    return new Connection(core)
  } finally {
    deadline.clear()
    removeAbortListener(signal, caller)
  }
}

/** The progress of a call, by which a deadline that expires after a blocked event loop sees whether anything has moved. */
class ConnectProgress {
  #steps = 0
  #carrier: Carrier | undefined

  /** Changes with each step that completes, and with each byte of a TLS handshake that arrives. */
  get value(): number {
    return this.#steps + (this.#carrier?.received ?? 0)
  }

  lookedUp(): void {
    this.#steps++
  }

  connected(carrier: Carrier): void {
    this.#steps++
    this.#carrier = carrier
  }
}

/** One call: `signal` aborts when it is cancelled or its deadline expires. */
interface Call {
  readonly signal: AbortSignal
  readonly progress: ConnectProgress
}

async function reach(options: ResolvedConnectOptions, dialer: Dialer, call: Call): Promise<Carrier> {
  const { signal } = call
  const { destination, connection } = options
  // A header that cannot be sent, and TLS options that do not load, are reported before the first attempt.
  const header = options.header && buildHeader(options.header)
  const host = destination.kind === 'tcp' ? destination.host : undefined
  const tls = options.tls && new ClientTls({ host, tls: options.tls, path: ['tls'] })
  signal.throwIfAborted()
  const carrier = await firstToAnswer(destination, { ...connection, header }, dialer, call)
  if (tls === undefined) return carrier
  try {
    return await unlessAborted(signal, tls.secure(carrier))
  } catch (cause) {
    throw signal.aborted ? signal.reason : handshakeFailure(cause as Error, carrier, host)
  }
}

async function firstToAnswer(destination: Destination, options: DialOptions, dialer: Dialer, { signal, progress }: Call): Promise<Carrier> {
  try {
    const targets = await unlessAborted(signal, targetsOf(destination, dialer))
    progress.lookedUp()
    const carrier = await unlessAborted(
      signal,
      race(targets, (target) => dialer.dial(target, options), dialer.clock),
    )
    progress.connected(carrier)
    return carrier
  } catch (error) {
    throw signal.aborted ? signal.reason : failure(error, destination)
  }
}

/** All targets, in the order in which they are tried. A look-up cannot be cancelled; its result is discarded. */
function targetsOf(destination: Destination, { lookup }: Dialer): Attempt<DialTarget[]> {
  const cut = (): void => {}
  if (destination.kind === 'unix') return { done: Promise.resolve([destination]), cut }
  const { host, family, port, localAddress, localPort } = destination
  const targets = lookup(host, family).then((found) =>
    interleaved(found).map(({ address }): DialTarget => ({ kind: 'tcp', address, port, localAddress, localPort })),
  )
  return { done: targets, cut }
}

// What each of these codes of the system usually means.
const advice: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there: is the server running? '],
  ['ENOENT', 'there is no such socket: is the server running? '],
  ['ENOTFOUND', 'the name has no address: is it spelt right? '],
  ['ECONNRESET', 'the server has reset it at once: it may be full, or refuse this address; '],
])

function failure(error: unknown, destination: Destination): ConnectError {
  const errors = error instanceof AggregateError ? error.errors : [error]
  const where = destination.kind === 'unix' ? destination.path || UNNAMED : `${destination.host}, port ${destination.port},`
  const code = codeOf(errors.at(-1)) ?? 'no code'
  return new ConnectError({
    errors,
    message: `no connection to ${where} could be made (${code}); ${advice.get(code) ?? ''}\`errors\` has the error of each attempt`,
  })
}

function handshakeFailure(cause: Error, { remote }: Carrier, host = String(remote) || UNNAMED): HandshakeError {
  return new HandshakeError({
    cause,
    remote,
    message: handshakeMessage(cause, 'connect', host),
  })
}
