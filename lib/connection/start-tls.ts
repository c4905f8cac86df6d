// `startTls`: upgrades a plain-text connection to TLS in place. Everything that makes it impossible is checked at the call,
// and then the plain connection is unchanged. From the call on, all bytes that arrive belong to the handshake, and later
// writes wait behind earlier ones. So an attacker cannot inject plain-text commands that are processed after the handshake
// (RFC 3207, section 6, https://www.rfc-editor.org/rfc/rfc3207#section-6, and the "STARTTLS injection" of 2011).
//
//   called, options load ──▶ flushing ──earlier writes were sent──▶ handshake ──▶ secured, or the connection is closed

import type { ConnectionOptions, TlsOptions } from 'node:tls'
import { HandshakeError, InvalidOptionsError, type Issue, PlaintextBufferedError, TimeoutError } from '../errors.js'
import { tagOf } from '../kind-of.js'
import { withoutPrototype } from '../options/own.js'
import { mismatch } from '../options/values.js'
import { ClientTls } from '../tls/client.js'
import { handshakeMessage } from '../tls/failure.js'
import { loading } from '../tls/identity.js'
import { sharedServerTls } from '../tls/shared.js'
import type { Carrier, CarrierSink, Handshake } from '../transport/carrier.js'
import { silent } from '../transport/sink.js'
import { HANDSHAKE } from './deadlines.js'
import type { ConnectionCore } from './lifecycle.js'

/** The options of `startTls` besides those of Node's TLS. */
export interface StartTlsExtras {
  /** Whether this side is the server in the handshake. Default: true for a connection that a server accepted. */
  isServer?: boolean | undefined
  /** Sent in plain text before the handshake: the line that asks the peer to begin. Default: nothing. */
  reply?: string | Uint8Array | undefined
  /** `'feed'` passes unread bytes to the handshake. Default: with unread bytes, `startTls` rejects with PlaintextBufferedError. */
  buffered?: 'feed' | undefined
}

/** The options of `startTls`: those of Node's `tls.createServer` or of `tls.connect`, and StartTlsExtras. */
export type StartTlsOptions = (TlsOptions | ConnectionOptions) & StartTlsExtras

/** The checked options. */
interface ResolvedStartTlsOptions {
  readonly isServer: boolean
  readonly reply: Uint8Array
  readonly feed: boolean
  readonly tls: object
}

/** Upgrades a connection: see `Connection.startTls`. */
export async function startTls(core: ConnectionCore, options: unknown): Promise<void> {
  const resolved = resolveOptions(core, options)
  const { readHalf, writeHalf } = core
  if (core.upgrade !== undefined || core.carrier.tls !== undefined)
    throw new TypeError('this connection speaks TLS already, or is about to')
  const { refused } = writeHalf
  if (refused !== undefined) throw refused
  readHalf.assertReadable(undefined, undefined)
  if (readHalf.queue.length > 0 && !resolved.feed) throw core.raised(new PlaintextBufferedError())
  await new Upgrade(core, resolved, loaded(core, resolved)).run()
}

/** Loads keys and certificates; returns what begins the handshake. @throws InvalidOptionsError */
function loaded(core: ConnectionCore, { isServer, tls }: ResolvedStartTlsOptions): Begin {
  if (isServer) {
    // `optional` has no meaning here: the options may be shared with a port that accepts both TLS and plain text.
    const server = sharedServerTls({ ...tls, optional: false })
    return (carrier) => server.secure(carrier)
  }
  const client = new ClientTls({ host: core.host, tls })
  return (carrier) => client.secure(carrier)
}

type Begin = (carrier: Carrier) => Handshake

/** One `startTls` whose checks have passed. */
class Upgrade {
  readonly since: number = Date.now()
  readonly #core: ConnectionCore
  readonly #options: ResolvedStartTlsOptions
  readonly #begin: Begin
  /** The bytes that arrived since the call. */
  readonly #arrived: Buffer[] = []
  /** The peer ended since the call. */
  #peerEnded = false
  #handshake: Handshake | undefined
  /** The handshake took too long. */
  #timeout: TimeoutError | undefined
  #error: HandshakeError | undefined

  constructor(core: ConnectionCore, options: ResolvedStartTlsOptions, begin: Begin) {
    this.#core = core
    this.#options = options
    this.#begin = begin
    core.upgrade = this
    const { carrier, readHalf, writeHalf } = core
    const unread = readHalf.takeBackUnread()
    if (unread.length > 0) this.#arrived.push(unread)
    writeHalf.beginBarrier()
    carrier.detach()
    carrier.attach(this.#sink(carrier))
    carrier.resume()
  }

  // Sending goes on. At most two chunks are accepted here; the handshake reads everything else.
  #sink(carrier: Carrier): CarrierSink {
    const core = this.#core
    return {
      ...silent,
      data: (chunk) => {
        this.#arrived.push(chunk)
        carrier.pause()
      },
      end: () => {
        this.#peerEnded = true
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
      await core.writeHalf.flushBeforeBarrier(this.#options.reply)
      // If the connection was cut meanwhile, the reason of that comes first.
      if (core.closeState.info !== undefined) throw core.writeHalf.refused
      core.limit(HANDSHAKE, core.options.handshakeTimeout)
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

  /** Detaches the plain carrier, and puts back into it what arrived since the call. */
  #handOver(): Carrier {
    const { carrier, peerEnded } = this.#core
    if (this.#peerEnded || peerEnded) throw Object.assign(new Error('the peer ended before the TLS handshake'), { code: 'ECONNRESET' })
    carrier.detach(Buffer.concat(this.#arrived))
    return carrier
  }

  #secured(carrier: Carrier): void {
    const core = this.#core
    // Cut in the same turn: the handshake was cut with it, and its carrier is unusable.
    if (core.closeState.info !== undefined) throw core.writeHalf.refused
    core.carrier = carrier
    carrier.attach(core)
    core.writeHalf.endBarrier(carrier)
    carrier.resume()
  }

  /** `handshakeTimeout` ran out. */
  expired(): void {
    this.#timeout = new TimeoutError({ operation: 'startTls', timeout: this.#core.options.handshakeTimeout, kind: 'handshake' })
    this.#handshake?.cut()
  }

  /** Ends the connection with the first failure; one that has ended already keeps its own reason. */
  #failed(cause: unknown): void {
    const core = this.#core
    if (core.closeState.info !== undefined) return
    const { remote } = core
    const failure = this.#timeout ?? cause
    const message = handshakeMessage(failure, this.#options.isServer ? 'server' : 'client', core.host ?? remote)
    this.#error = new HandshakeError({ cause: failure, remote, message })
    core.upgradeFailed(this.#timeout === undefined ? 'lost' : 'timeout', this.#error)
  }
}

/** Checks the options before the state of the connection. @throws InvalidOptionsError */
function resolveOptions(core: ConnectionCore, options: unknown = {}): ResolvedStartTlsOptions {
  const issues: Issue[] = []
  if (typeof options !== 'object' || options === null || tagOf(options) !== 'Object')
    throw new InvalidOptionsError({ issues: [{ path: [], message: mismatch('TLS options of Node')({ input: options }) }] })
  const {
    isServer = core.side === 'server',
    reply = '',
    buffered,
    ...tls
  } = loading([], () => withoutPrototype(options)) as Record<keyof StartTlsExtras, unknown>
  const expect = (name: keyof StartTlsExtras, fits: boolean, expected: string, input: unknown): void => {
    if (!fits) issues.push({ path: [name], message: mismatch(expected)({ input }) })
  }
  expect('isServer', typeof isServer === 'boolean', 'true or false', isServer)
  expect('reply', typeof reply === 'string' || ArrayBuffer.isView(reply), 'a string or bytes', reply)
  expect('buffered', buffered === undefined || buffered === 'feed', "'feed'", buffered)
  if (issues.length > 0) throw new InvalidOptionsError({ issues })
  return { isServer: isServer as boolean, reply: bytesOf(reply as string | NodeJS.ArrayBufferView), feed: buffered === 'feed', tls }
}

/** Copies the bytes, so that the program may use its memory again at once. */
function bytesOf(data: string | NodeJS.ArrayBufferView): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : Buffer.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}
