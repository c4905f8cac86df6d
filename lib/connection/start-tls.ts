// `startTls`: TLS in place, on a connection that has spoken in plain text. All that can be said against it is said at the
// call, and then the plain connection is as it was. From the call on no byte that arrives is plain text any more, and what
// is written waits behind what was written before; so nobody can slip a command in between (RFC 3207, section 6, and the
// "STARTTLS injection" of 2011).
//
//   called, options load ──▶ flushing ──all before it has left──▶ handshake ──▶ secured, or the connection is over

import type { ConnectionOptions, TlsOptions } from 'node:tls'
import { HandshakeError, InvalidOptionsError, type Issue, PlaintextBufferedError, TimeoutError } from '../errors.js'
import { tagOf } from '../kind-of.js'
import { bare } from '../options/own.js'
import { mismatch } from '../options/values.js'
import { ClientTls } from '../tls/client.js'
import { handshakeMessage } from '../tls/failure.js'
import { loading } from '../tls/identity.js'
import { sharedServerTls } from '../tls/shared.js'
import type { Carrier, CarrierSink, Handshake } from '../transport/carrier.js'
import { silent } from '../transport/sink.js'
import { HANDSHAKE } from './deadlines.js'
import type { ConnectionCore } from './lifecycle.js'

/** What `startTls` takes besides the options of Node's TLS. */
export interface StartTlsExtras {
  /** Which side this is in the handshake. Default: as the connection was made: a server's is the server. */
  isServer?: boolean | undefined
  /** Said in plain text first: the line that tells the peer to begin. */
  reply?: string | Uint8Array | undefined
  /** What to do with unread plain text: `'feed'` hands it to the handshake. Default: it is a PlaintextBufferedError. */
  buffered?: 'feed' | undefined
}

/** What `startTls` takes: the options of Node's `tls.createServer`, or of `tls.connect`, and its own. */
export type StartTlsOptions = (TlsOptions | ConnectionOptions) & StartTlsExtras

interface Plan {
  readonly isServer: boolean
  readonly reply: Uint8Array
  readonly feed: boolean
  readonly tls: object
}

/** Upgrades a connection. Rejects as `Connection.startTls` says. */
export async function startTls(core: ConnectionCore, options: unknown): Promise<void> {
  const plan = planOf(core, options)
  const { readHalf, writeHalf } = core
  if (core.upgrade !== undefined || core.carrier.tls !== undefined)
    throw new TypeError('this connection speaks TLS already, or is about to')
  const refusal = writeHalf.refused
  if (refusal !== undefined) throw refusal
  readHalf.assertReadable(undefined, undefined)
  if (readHalf.queue.length > 0 && !plan.feed) throw core.own(new PlaintextBufferedError())
  await new Upgrade(core, plan, loaded(core, plan)).run()
}

/** The options, tried out: how the handshake begins. @throws InvalidOptionsError */
function loaded(core: ConnectionCore, { isServer, tls }: Plan): Begin {
  if (isServer) {
    // The plain text is over: whoever shares options with a port that takes both means the certificate.
    const server = sharedServerTls({ ...tls, optional: false })
    return (carrier) => server.secure(carrier)
  }
  const client = new ClientTls({ host: core.host, tls })
  return (carrier) => client.secure(carrier)
}

type Begin = (carrier: Carrier) => Handshake

/** One `startTls` that may begin. */
class Upgrade {
  readonly since: number = Date.now()
  readonly #core: ConnectionCore
  readonly #plan: Plan
  readonly #begin: Begin
  /** What arrived since the call. */
  readonly #arrived: Buffer[] = []
  #ended = false
  #handshake: Handshake | undefined
  #late: TimeoutError | undefined
  #error: HandshakeError | undefined

  constructor(core: ConnectionCore, plan: Plan, begin: Begin) {
    this.#core = core
    this.#plan = plan
    this.#begin = begin
    core.upgrade = this
    const { carrier, readHalf, writeHalf } = core
    const fed = readHalf.takeBackUnread()
    if (fed.length > 0) this.#arrived.push(fed)
    writeHalf.beginBarrier()
    carrier.detach()
    carrier.attach(this.#sink(carrier))
    carrier.resume()
  }

  // Sending goes on as ever. Of what arrives no more is taken than one chunk or two: all else comes to the handshake.
  #sink(carrier: Carrier): CarrierSink {
    const core = this.#core
    return {
      ...silent,
      data: (chunk) => {
        this.#arrived.push(chunk)
        carrier.pause()
      },
      end: () => {
        this.#ended = true
      },
      lost: this.#failed.bind(this),
      sent: core.sent.bind(core),
      moved: core.moved.bind(core),
    }
  }

  async run(): Promise<void> {
    const core = this.#core
    const stop = core.closeState.listen(() => this.#handshake?.cut())
    try {
      await core.writeHalf.flushBeforeBarrier(this.#plan.reply)
      // Whatever has cut it meanwhile, that is what is said.
      if (core.closeState.info !== undefined) throw core.writeHalf.refused
      core.limit(HANDSHAKE, core.settings.handshakeTimeout)
      this.#handshake = this.#begin(this.#handOver())
      this.#secured(await this.#handshake.done)
    } catch (error) {
      this.#failed(error)
      throw this.#error ?? core.writeHalf.refused
    } finally {
      stop()
      core.lift(HANDSHAKE)
      core.upgrade = undefined
    }
  }

  /** The plain carrier, with what arrived since the call. */
  #handOver(): Carrier {
    const { carrier, peerEnded } = this.#core
    if (this.#ended || peerEnded) throw Object.assign(new Error('the peer ended before the TLS handshake'), { code: 'ECONNRESET' })
    carrier.detach(Buffer.concat(this.#arrived))
    return carrier
  }

  #secured(carrier: Carrier): void {
    const core = this.#core
    // Over in the very turn: then the handshake was cut, and with it what came of it.
    if (core.closeState.info !== undefined) throw core.writeHalf.refused
    core.carrier = carrier
    carrier.attach(core)
    core.writeHalf.endBarrier(carrier)
    carrier.resume()
  }

  /** The time for the handshake is over. */
  expired(): void {
    this.#late = new TimeoutError({ operation: 'startTls', timeout: this.#core.settings.handshakeTimeout, kind: 'handshake' })
    this.#handshake?.cut()
  }

  /** The first failure is the one that is told, and ends the connection; one that has ended already has its own. */
  #failed(cause: unknown): void {
    const core = this.#core
    if (core.closeState.info !== undefined) return
    const { remote } = core
    const failure = this.#late ?? cause
    const message = handshakeMessage(failure, this.#plan.isServer ? 'server' : 'client', core.host ?? remote)
    this.#error = new HandshakeError({ cause: failure, remote, message })
    core.upgradeFailed(this.#late === undefined ? 'lost' : 'timeout', this.#error)
  }
}

/** What cannot be understood is told before the connection is looked at. */
function planOf(core: ConnectionCore, given: unknown = {}): Plan {
  const issues: Issue[] = []
  if (typeof given !== 'object' || given === null || tagOf(given) !== 'Object')
    throw new InvalidOptionsError({ issues: [{ path: [], message: mismatch('TLS options of Node')({ input: given }) }] })
  const {
    isServer = core.side === 'server',
    reply = '',
    buffered,
    ...tls
  } = loading([], () => bare(given)) as Record<keyof StartTlsExtras, unknown>
  const expect = (name: keyof StartTlsExtras, fits: boolean, expected: string, input: unknown): void => {
    if (!fits) issues.push({ path: [name], message: mismatch(expected)({ input }) })
  }
  expect('isServer', typeof isServer === 'boolean', 'true or false', isServer)
  expect('reply', typeof reply === 'string' || ArrayBuffer.isView(reply), 'a string or bytes', reply)
  expect('buffered', buffered === undefined || buffered === 'feed', "'feed'", buffered)
  if (issues.length > 0) throw new InvalidOptionsError({ issues })
  return { isServer: isServer as boolean, reply: bytesOf(reply as string | NodeJS.ArrayBufferView), feed: buffered === 'feed', tls }
}

/** A copy: the program may use its memory again at once. */
function bytesOf(data: string | NodeJS.ArrayBufferView): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : Buffer.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}
