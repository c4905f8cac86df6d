// The server's side of TLS: options that are tried out when they are given, and handshakes over any carrier. It is
// Node's `tls.Server` that shakes hands, though it listens nowhere: it alone verifies client certificates, also in
// resumed sessions, and knows SNI, ALPN and pre-shared keys by its own options. What is not verified as those options
// ask for never gets through.

import type { Duplex } from 'node:stream'
import type { Server as NodeServer, TLSSocket, TlsOptions } from 'node:tls'
import { crypto } from '../builtins.js'
import type { Path } from '../options/check.js'
import { bare } from '../options/own.js'
import type { ServerTlsOptions } from '../options/tls.js'
import type { Carrier, Handshake } from '../transport/carrier.js'
import { LONGEST_TIMER } from '../transport/clock.js'
import { valueBeneath } from './beneath.js'
import { fingerprint, replaceableAuthorities } from './fingerprint.js'
import { awaitFirstByte } from './first-byte.js'
import { TlsHandshake } from './handshake.js'
import { checkPairs, checkServes, loading } from './identity.js'
import { nodeTls } from './node.js'
import { explained } from './pem.js'

/** What Node says of a client that has shown none. */
const NO_CERTIFICATE = 'UNABLE_TO_GET_ISSUER_CERT'

/** One set of options, loaded. */
export class ServerTls {
  readonly #server: NodeServer
  readonly #optional: boolean
  /** The `authorizationError` of a client that has shown no certificate: none, where it is not asked for one. */
  readonly #withoutCertificate: string | undefined
  /** Whether a client must show a certificate, and nothing else will do. */
  readonly #certified: boolean
  /** The handshakes by the streams that they run over. */
  readonly #underWay = new WeakMap<Duplex, TlsHandshake>()

  /** @throws InvalidOptionsError, whose `cause` says why they do not load, and whose issue's path begins with `path` */
  constructor(given: ServerTlsOptions, path: Path = []) {
    const { server, optional, asks, certified } = loading(path, () => {
      const options = bare(given)
      return explained(options, () => load(options))
    })
    this.#server = server
    this.#optional = optional
    this.#withoutCertificate = asks ? NO_CERTIFICATE : undefined
    this.#certified = certified
    server.on('secureConnection', (socket) => this.#verified(socket))
    server.on('tlsClientError', (error, socket) => this.#handshakeOf(socket)?.failed(reasonOf(error, socket)))
  }

  /** Shakes hands over a carrier to which nobody is attached: it is this handshake's from now on. */
  secure(carrier: Carrier): Handshake {
    return this.#optional ? awaitFirstByte(carrier, () => this.#shake(carrier)) : this.#shake(carrier)
  }

  #shake(carrier: Carrier): Handshake {
    return new TlsHandshake(carrier, (stream, handshake) => {
      this.#underWay.set(stream, handshake)
      this.#server.emit('connection', stream)
    })
  }

  // Where a runtime does not tell, the handshake ends with its stream, or when its time is over.
  #handshakeOf(socket: TLSSocket): TlsHandshake | undefined {
    return valueBeneath(socket, this.#underWay)
  }

  // Before Node 24 a pre-shared key does for a certificate. And TLS 1.3 knows no difference between such a key and a session,
  // so a client that resumed one without a certificate is taken for one that has a key: Node says `authorized`. It must not,
  // also where the program lets all in and looks at `authorized` itself.
  // Deno says it of every client that has shown nothing.
  #verified(socket: TLSSocket): void {
    const handshake = this.#handshakeOf(socket)
    if (socket.getPeerX509Certificate() === undefined) {
      if (this.#certified) return handshake?.failed(unverified(NO_CERTIFICATE))
      if (socket.authorized) Object.assign(socket, { authorized: false, authorizationError: this.#withoutCertificate })
    }
    handshake?.secured(socket)
  }
}

/** Tries the options out. What is wrong with them, it throws. */
function load({ optional = false, ...given }: ServerTlsOptions): {
  server: NodeServer
  optional: boolean
  asks: boolean
  certified: boolean
} {
  const options = bare(given)
  checkServes(options)
  // Node takes `true` alone for a yes, and any other value for a no, in silence.
  const requestCert = Boolean(options.requestCert)
  const rejectUnauthorized = options.rejectUnauthorized !== false
  const server = nodesServer(
    bare({
      ...options,
      requestCert,
      rejectUnauthorized,
      sessionIdContext: rulesOf(options, requestCert, rejectUnauthorized),
      ...(requestCert && options.SNICallback && { secureOptions: withoutTickets(options.secureOptions) }),
      // Time is kept by who waits, for more than this handshake.
      handshakeTimeout: LONGEST_TIMER,
      pauseOnConnect: false,
    }),
  )
  // For each connection Node asks the server itself, which inherits what somebody gave to all objects.
  if (options.ALPNProtocols === undefined) Object.assign(server, { ALPNProtocols: undefined })
  checkPairs(options)
  return { server, optional, asks: requestCert, certified: requestCert && rejectUnauthorized }
}

/** A server of Node's that has no members of Object.prototype where it looks for its own: it reads these before it sets them. */
function nodesServer(options: TlsOptions): NodeServer {
  const { Server } = nodeTls()
  class Own {}
  const none = { value: undefined, writable: true }
  Object.defineProperties(Object.setPrototypeOf(Own.prototype, Server.prototype), { sessionTimeout: none, ticketKeys: none })
  return Reflect.construct(Server, [options], Own) as NodeServer
}

/**
 * Which sessions may be resumed: OpenSSL compares this text with the session's. A session holds what was verified when it
 * began, and resuming it verifies nothing anew. Node's are good for every server that has the same ticket keys and the same
 * `sessionIdContext`; ours only where also the same is asked of a client, and verified by the same authorities.
 */
function rulesOf(options: TlsOptions, requestCert: boolean, rejectUnauthorized: boolean): string {
  const { ca, crl, pfx, sessionIdContext = process.argv } = options
  const { allowPartialTrustChain } = options as { allowPartialTrustChain?: unknown }
  const unnamed = requestCert && ca === undefined && replaceableAuthorities()?.()
  // A program that names the context itself shares sessions with others, whose arguments differ.
  const rules = fingerprint(sessionIdContext, requestCert, rejectUnauthorized, ca, crl, pfx, allowPartialTrustChain, unnamed)
  // OpenSSL takes 32 bytes.
  return rules.slice(0, 32)
}

/**
 * Options of OpenSSL by which no session is ever resumed: there are no tickets, and the sessions that TLS 1.3 and 1.2 name
 * instead are kept nowhere. For a server that asks for certificates and has a context for each name: a session that was
 * verified by the authorities of one name would be resumed for another (Node 20).
 */
function withoutTickets(given: number | undefined): number | undefined {
  const noTicket = crypto().constants.SSL_OP_NO_TICKET
  if (given === undefined) return noTicket
  // No `|`: these are more than 31 bits. What is no number is for Node to refuse.
  return typeof given !== 'number' || Math.floor(given / noTicket) % 2 === 1 ? given : given + noTicket
}

/** Node closes the connection of a client whose certificate does not verify, and then calls that a hang-up. */
function reasonOf(error: Error, { authorizationError }: TLSSocket): Error {
  return authorizationError ? unverified(String(authorizationError)) : error
}

function unverified(code: string): Error {
  return Object.assign(new Error(`the client's certificate does not verify (${code})`), { code })
}
