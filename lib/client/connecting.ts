// One call of `connect`, from its plan to a connection: look up, dial, secure, and one deadline and one `signal` over all of
// it. The rule it keeps: whatever ends it, nothing but what it resolves with is left open.

import { Connection } from '../connection/connection.js'
import { ConnectionCore } from '../connection/lifecycle.js'
import { ConnectError, codeOf, HandshakeError, TimeoutError } from '../errors.js'
import type { Destination, ResolvedConnectOptions } from '../options/connect.js'
import { buildHeader } from '../proxy-protocol/build.js'
import { type Abortable, leaveSignal, waitUnder } from '../signals.js'
import { ClientTls } from '../tls/client.js'
import { handshakeMessage } from '../tls/failure.js'
import type { Attempt } from '../transport/attempt.js'
import type { Carrier } from '../transport/carrier.js'
import { type Clock, systemClock } from '../transport/clock.js'
import { Deadline } from '../transport/deadline.js'
import { unlessAborted } from './attempt.js'
import { type DialOptions, dial, type Place } from './dial.js'
import { interleaved, race } from './happy-eyeballs.js'
import { lookup } from './lookup.js'

/** What connecting is done by; tests have their own. */
export interface Means {
  readonly lookup: typeof lookup
  readonly dial: (place: Place, options: DialOptions) => Attempt<Carrier>
  readonly clock: Clock
}

// Of all that can be dialled only a server of `linnet/testing` has no name.
const UNNAMED = 'the server in memory'

/** Those of the machine. */
export const systemMeans: Means = { lookup, dial, clock: systemClock }

/** Connects as the plan says. */
export async function open(plan: ResolvedConnectOptions, means: Means = systemMeans): Promise<Connection> {
  const { signal, timeout, connection } = plan
  const stop = new AbortController()
  const caller: Abortable = { fail: (reason) => stop.abort(reason) }
  if (signal?.aborted) caller.fail(signal.reason)
  waitUnder(signal, caller)
  const late = (): void => stop.abort(new TimeoutError({ operation: 'connect', timeout, kind: 'connect' }))
  const way = new Way()
  const deadline = new Deadline({ clock: means.clock, ms: timeout, progress: () => way.progress, expired: late })
  try {
    const carrier = await reach(plan, means, { signal: stop.signal, way })
    const core = new ConnectionCore(carrier, connection, means.clock)
    if (plan.destination.kind === 'tcp') core.host = plan.destination.host
    return new Connection(core)
  } finally {
    deadline.clear()
    leaveSignal(signal, caller)
  }
}

/** How far it has come. */
class Way {
  #steps = 0
  #carrier: Carrier | undefined

  /** Changes with each step that is done, and with what comes of a TLS handshake. */
  get progress(): number {
    return this.#steps + (this.#carrier?.received ?? 0)
  }

  found(): void {
    this.#steps++
  }

  connected(carrier: Carrier): void {
    this.#steps++
    this.#carrier = carrier
  }
}

interface Course {
  readonly signal: AbortSignal
  readonly way: Way
}

async function reach(plan: ResolvedConnectOptions, means: Means, course: Course): Promise<Carrier> {
  const { signal } = course
  const { destination, connection } = plan
  // What cannot be sent, or does not load, is known before anybody is dialled.
  const header = plan.header && buildHeader(plan.header)
  const host = destination.kind === 'tcp' ? destination.host : undefined
  const tls = plan.tls && new ClientTls({ host, tls: plan.tls, path: ['tls'] })
  signal.throwIfAborted()
  const carrier = await firstToAnswer(destination, { ...connection, header }, means, course)
  if (tls === undefined) return carrier
  try {
    return await unlessAborted(signal, tls.secure(carrier))
  } catch (cause) {
    throw signal.aborted ? signal.reason : handshakeFailure(cause as Error, carrier, host)
  }
}

async function firstToAnswer(destination: Destination, options: DialOptions, means: Means, { signal, way }: Course): Promise<Carrier> {
  try {
    const places = await unlessAborted(signal, placesOf(destination, means))
    way.found()
    const carrier = await unlessAborted(
      signal,
      race(places, (place) => means.dial(place, options), means.clock),
    )
    way.connected(carrier)
    return carrier
  } catch (error) {
    throw signal.aborted ? signal.reason : failure(error, destination)
  }
}

/** All places to try, in order. Whoever does not want them any more just does not wait. */
function placesOf(destination: Destination, { lookup }: Means): Attempt<Place[]> {
  const cut = (): void => {}
  if (destination.kind === 'unix') return { done: Promise.resolve([destination]), cut }
  const { host, family, port, localAddress, localPort } = destination
  const places = lookup(host, family).then((found) =>
    interleaved(found).map(({ address }): Place => ({ kind: 'tcp', address, port, localAddress, localPort })),
  )
  return { done: places, cut }
}

// What is wrong where the system's code alone does not tell a person.
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
