// The client side of TLS. The server's certificate is verified against the host that the program named, unless the options
// have `rejectUnauthorized: false`. A name is also sent (SNI). An address is verified and not sent (RFC 6066, section 3).

import type { ConnectionOptions, SecureContext, TLSSocketOptions } from 'node:tls'
import { net } from '../net.js'
import { withoutPrototype } from '../options/own.js'
import type { Path } from '../options/schema.js'
import type { Carrier, Handshake } from '../transport/carrier.js'
import { TlsHandshake } from './handshake.js'
import { checkHalves, checkPairs, loading } from './identity.js'
import { nodeTls } from './node.js'
import { explained } from './pem.js'
import { sharedContext } from './shared.js'

/** The TLS options of a client; `true` stands for Node's defaults. */
export interface SecureClientOptions {
  /** The name or address that the program connects to. Verified unless `tls.servername` is given. Default: `'localhost'`, as in Node. */
  host?: string | undefined
  tls: true | ConnectionOptions
  /** The path of these options, for the issues of an InvalidOptionsError. */
  path?: Path | undefined
}

// Node copies the options into an object that inherits from Object.prototype. An own property that is undefined hides what a
// program has added there. (Options for which Node has a default are not in this list.)
const UNSET: ConnectionOptions &
  TLSSocketOptions & { timeout?: undefined; highWaterMark?: undefined; onread?: undefined; signal?: undefined } = {
  session: undefined,
  ALPNProtocols: undefined,
  requestOCSP: undefined,
  enableTrace: undefined,
  pskCallback: undefined,
  path: undefined,
  timeout: undefined,
  highWaterMark: undefined,
  onread: undefined,
  signal: undefined,
}

/** One set of client options, loaded. Several connections may use it. */
export class ClientTls {
  readonly #options: ConnectionOptions

  /** @throws InvalidOptionsError if the options do not load; `cause` is the reason */
  constructor({ host, tls, path = [] }: SecureClientOptions) {
    this.#options = loading(path, () => {
      const options = withoutPrototype(tls === true ? {} : tls)
      return explained(options, () => load(options, host))
    })
  }

  /** Begins a handshake over a carrier without a listener. The handshake owns the carrier from now on. */
  secure(carrier: Carrier): Handshake {
    return new TlsHandshake(carrier, (stream, handshake) => {
      const socket = nodeTls().connect(withoutPrototype({ ...UNSET, ...this.#options, socket: stream }))
      // TLSSocket reads `timeout` from an object that inherits from Object.prototype.
      socket.setTimeout(0)
      const failed = (error: Error): void => handshake.failed(error)
      const closed = (): void => handshake.failed(new Error('the connection was closed before the TLS handshake was done'))
      socket.on('error', failed).on('close', closed)
      socket.once('secureConnect', () => {
        socket.off('close', closed)
        handshake.secured(socket)
        socket.off('error', failed)
      })
    })
  }
}

/** Loads the options. Throws if that fails. */
function load(options: ConnectionOptions, host: string | undefined): ConnectionOptions {
  checkFunctions(options)
  const secureContext = sharedContext(options, (shared) => contextOf(withoutPrototype(shared)))
  const name = options.servername || options.host || host || 'localhost'
  // Node verifies `servername`, or `host` if that is empty. An address is not sent as a name.
  const servername = options.servername === '' || net().isIP(name) !== 0 ? '' : name
  return withoutPrototype({ ...options, secureContext, host: name, servername })
}

function contextOf(options: ConnectionOptions): SecureContext {
  checkHalves(options)
  const context = options.secureContext ?? nodeTls().createSecureContext(options)
  checkPairs(options)
  return context
}

// Node asserts the type of these, or calls them during the handshake.
function checkFunctions(options: ConnectionOptions): void {
  for (const name of ['checkServerIdentity', 'pskCallback'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'function') throw new TypeError(`${name} must be a function`)
  }
}

/**
 * Begins a handshake as the client, over a carrier without a listener.
 *
 * @throws InvalidOptionsError if the options do not load; the carrier is unchanged then
 */
export function secureClient(carrier: Carrier, options: SecureClientOptions): Handshake {
  return new ClientTls(options).secure(carrier)
}
