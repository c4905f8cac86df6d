// The client's side of TLS. The server's certificate is verified against the name that the program wanted, always, unless
// it says `rejectUnauthorized: false`. A name is also sent (SNI); an address is verified and not sent, as RFC 6066 has it.

import type { ConnectionOptions, SecureContext, TLSSocketOptions } from 'node:tls'
import { net } from '../net.js'
import type { Path } from '../options/check.js'
import { bare } from '../options/own.js'
import type { Carrier, Handshake } from '../transport/carrier.js'
import { TlsHandshake } from './handshake.js'
import { checkHalves, checkPairs, loading } from './identity.js'
import { nodeTls } from './node.js'
import { explained } from './pem.js'
import { sharedContext } from './shared.js'

/** What a client asks for: `true` is Node's defaults. */
export interface SecureClientOptions {
  /** What the program connected to: a name or an address. Verified unless `tls.servername` is given. Default: `'localhost'`, as in Node. */
  host?: string | undefined
  tls: true | ConnectionOptions
  /** Where the options stand, for the issues of an InvalidOptionsError. */
  path?: Path | undefined
}

// Node copies the options into an object that inherits again. What is undefined here it does not look for any further, and
// so does not find where somebody has written to Object.prototype. (Options that Node has defaults for are not among them.)
const UNSAID: ConnectionOptions &
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

/** One set of a client's options, loaded; it may serve several connections. */
export class ClientTls {
  readonly #options: ConnectionOptions

  /** @throws InvalidOptionsError, whose `cause` says why they do not load */
  constructor({ host, tls, path = [] }: SecureClientOptions) {
    this.#options = loading(path, () => {
      const options = bare(tls === true ? {} : tls)
      return explained(options, () => load(options, host))
    })
  }

  /** Shakes hands over a carrier to which nobody is attached: it is this handshake's from now on. */
  secure(carrier: Carrier): Handshake {
    return new TlsHandshake(carrier, (stream, handshake) => {
      const socket = nodeTls().connect(bare({ ...UNSAID, ...this.#options, socket: stream }))
      // Node's TLSSocket reads it from an object of its own, which inherits what somebody gave to all objects.
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

/** Tries the options out. What is wrong with them, it throws. */
function load(options: ConnectionOptions, host: string | undefined): ConnectionOptions {
  checkFunctions(options)
  const secureContext = sharedContext(options, (shared) => contextOf(bare(shared)))
  const name = options.servername || options.host || host || 'localhost'
  // What is verified is `servername`, and where that is empty `host`. Nobody is sent the name that is an address.
  const servername = options.servername === '' || net().isIP(name) !== 0 ? '' : name
  return bare({ ...options, secureContext, host: name, servername })
}

function contextOf(options: ConnectionOptions): SecureContext {
  checkHalves(options)
  const context = options.secureContext ?? nodeTls().createSecureContext(options)
  checkPairs(options)
  return context
}

// Node asserts these, or calls them in the middle of a handshake.
function checkFunctions(options: ConnectionOptions): void {
  for (const name of ['checkServerIdentity', 'pskCallback'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'function') throw new TypeError(`${name} must be a function`)
  }
}

/**
 * Shakes hands as a client, over a carrier to which nobody is attached.
 *
 * @throws InvalidOptionsError for options that do not load; the carrier is as it was then
 */
export function secureClient(carrier: Carrier, options: SecureClientOptions): Handshake {
  return new ClientTls(options).secure(carrier)
}
