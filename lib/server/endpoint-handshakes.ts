// The steps that an endpoint requires of its connections: a PROXY header, a TLS handshake, both or neither. The endpoints
// of one server share its TLS options, which `server.setTls` replaces.

import { InvalidOptionsError } from '../errors.js'
import type { ResolvedHandshakeOptions } from '../options/listen.js'
import { withoutPrototype } from '../options/own.js'
import { changedTls, type ResolvedTlsOptions } from '../options/tls.js'
import { type HeaderStep, headerStep } from '../proxy-protocol/reader.js'
import { ServerTls } from '../tls/server.js'
import type { Carrier, Handshake } from '../transport/carrier.js'

/** The steps of one endpoint. */
export interface EndpointHandshake {
  /** Reads the PROXY header of the peers that must send one. */
  readonly header?: HeaderStep | undefined
  /** Begins the TLS handshake; with `tls.optional`, after it has looked at the first byte. Never throws. */
  readonly secure?: ((carrier: Carrier) => Handshake) | undefined
}

/** The steps of all endpoints of one server. */
export class EndpointHandshakes {
  readonly #shared: ResolvedTlsOptions | undefined
  #tls: ServerTls | undefined

  /** `tls` is the server's own TLS, if it was loaded already. */
  constructor(options: ResolvedHandshakeOptions, tls?: ServerTls) {
    this.#shared = withoutPrototype(options).tls
    this.#tls = tls
  }

  /** Loads the server's own TLS options, whether an endpoint uses them or not. Rejects with InvalidOptionsError. */
  async load(): Promise<void> {
    if (this.#shared !== undefined) this.#tls = await load(this.#shared)
  }

  /** The steps of one endpoint. Rejects with InvalidOptionsError if its own TLS options do not load. */
  async of(options: ResolvedHandshakeOptions): Promise<EndpointHandshake> {
    const { proxyProtocol, tls } = withoutPrototype(options)
    const header = proxyProtocol && headerStep(proxyProtocol)
    return { header, secure: await this.#secure(tls) }
  }

  async #secure(options: ResolvedTlsOptions | undefined): Promise<EndpointHandshake['secure']> {
    if (options === undefined) return undefined
    if (options !== this.#shared) {
      const own = await load(options)
      return (carrier) => own.secure(carrier)
    }
    // Read for each connection, since `replace` may have changed it.
    return (carrier) => (this.#tls as ServerTls).secure(carrier)
  }

  /** Replaces the server's TLS options for later connections. Rejects with InvalidOptionsError, and then changes nothing. */
  async replace(options: unknown): Promise<void> {
    if (this.#shared === undefined)
      throw new InvalidOptionsError({ issues: [{ path: ['tls'], message: 'expected none, since the server was opened without `tls`' }] })
    this.#tls = await load({ options: changedTls(options), path: [] })
  }
}

async function load({ options, path }: ResolvedTlsOptions): Promise<ServerTls> {
  return new ServerTls(options, path)
}
