// What a connection passes by the endpoint that it came to, between being accepted and being asked who it is: a PROXY
// header, a TLS handshake, or neither.

import { InvalidOptionsError } from '../errors.js'
import type { ResolvedHandshakeOptions } from '../options/listen.js'
import { bare } from '../options/own.js'
import { changedTls, type ResolvedTlsOptions } from '../options/tls.js'
import { type HeaderStep, headerStep } from '../proxy-protocol/reader.js'
import { ServerTls } from '../tls/server.js'
import type { Carrier, Handshake } from '../transport/carrier.js'

/** The steps of an endpoint. */
export interface EndpointHandshake {
  /** Reads the PROXY header of those who must send one. */
  readonly header?: HeaderStep | undefined
  /** Begins the TLS handshake; with `tls.optional` it looks at the first byte before. Never throws. */
  readonly secure?: ((carrier: Carrier) => Handshake) | undefined
}

/** The entries of one server, which share its TLS options. */
export class EndpointHandshakes {
  readonly #shared: ResolvedTlsOptions | undefined
  #tls: ServerTls | undefined

  /** `tls`: those of the options of the server itself, loaded, if they are. */
  constructor(plan: ResolvedHandshakeOptions, tls?: ServerTls) {
    this.#shared = bare(plan).tls
    this.#tls = tls
  }

  /** Loads the server's own TLS options, whether an endpoint has them or not. Rejects with InvalidOptionsError. */
  async load(): Promise<void> {
    if (this.#shared !== undefined) this.#tls = await load(this.#shared)
  }

  /** The entry of an endpoint. Rejects with InvalidOptionsError where its own TLS options do not load. */
  async of(plan: ResolvedHandshakeOptions): Promise<EndpointHandshake> {
    const { proxyProtocol, tls } = bare(plan)
    const header = proxyProtocol && headerStep(proxyProtocol)
    return { header, secure: await this.#secure(tls) }
  }

  async #secure(plan: ResolvedTlsOptions | undefined): Promise<EndpointHandshake['secure']> {
    if (plan === undefined) return undefined
    if (plan !== this.#shared) {
      const own = await load(plan)
      return (carrier) => own.secure(carrier)
    }
    // Asked for each connection: they may have been replaced.
    return (carrier) => (this.#tls as ServerTls).secure(carrier)
  }

  /** Replaces the server's TLS options for connections to come. Rejects with InvalidOptionsError, and nothing has changed. */
  async replace(options: unknown): Promise<void> {
    if (this.#shared === undefined)
      throw new InvalidOptionsError({ issues: [{ path: ['tls'], message: 'expected none, since the server was opened without `tls`' }] })
    this.#tls = await load({ options: changedTls(options), path: [] })
  }
}

async function load({ options, path }: ResolvedTlsOptions): Promise<ServerTls> {
  return new ServerTls(options, path)
}
