// The server side of TLS: options that are loaded when they are given, and handshakes over any carrier. Node's `tls.Server`
// does the handshakes, without listening, because only it verifies client certificates, also in resumed sessions, and
// supports SNI, ALPN and pre-shared keys. A client that the options do not admit never gets a connection.
// Decision: docs/decisions/tls-by-nodes-own-server.md

import type { Duplex } from 'node:stream'
import type { Server as NodeServer, TLSSocket, TlsOptions } from 'node:tls'
import { crypto } from '../builtins.js'
import { withoutPrototype } from '../options/own.js'
import type { Path } from '../options/schema.js'
import type { ServerTlsOptions } from '../options/tls.js'
import type { Carrier, Handshake } from '../transport/carrier.js'
import { LONGEST_TIMER } from '../transport/clock.js'
import { codedError } from '../transport/system-error.js'
import { valueOfUnderlying } from './beneath.js'
import { fingerprint, replaceableAuthorities } from './fingerprint.js'
import { awaitFirstByte } from './first-byte.js'
import { TlsHandshake } from './handshake.js'
import { checkPairs, checkServes, loading } from './identity.js'
import { nodeTls } from './node.js'
import { explained } from './pem.js'

/** Node's `authorizationError` for a client without a certificate. */
const NO_CERTIFICATE = 'UNABLE_TO_GET_ISSUER_CERT'

/** One set of server options, loaded. */
export class ServerTls {
  readonly #server: NodeServer
  readonly #optional: boolean
  /** The `authorizationError` for a client without a certificate; undefined if none is requested. */
  readonly #withoutCertificate: string | undefined
  /** Whether a client must present a certificate. */
  readonly #certified: boolean
  /** The handshakes under way, by their stream. */
  readonly #underWay = new WeakMap<Duplex, TlsHandshake>()

  /** @throws InvalidOptionsError if the options do not load; `cause` is the reason, and the path of the issue begins with `path` */
  constructor(given: ServerTlsOptions, path: Path = []) {
    const { server, optional, asks, certified } = loading(path, () => {
      const options = withoutPrototype(given)
      return explained(options, () => load(options))
    })
    this.#server = server
    this.#optional = optional
    this.#withoutCertificate = asks ? NO_CERTIFICATE : undefined
    this.#certified = certified
    server.on('secureConnection', (socket) => this.#verified(socket))
    server.on('tlsClientError', (error, socket) => this.#handshakeOf(socket)?.failed(reasonOf(error, socket)))
  }

  /** Begins a handshake over a carrier without a listener. The handshake owns the carrier from now on. */
  secure(carrier: Carrier): Handshake {
    return this.#optional ? awaitFirstByte(carrier, () => this.#handshake(carrier)) : this.#handshake(carrier)
  }

  #handshake(carrier: Carrier): Handshake {
    return new TlsHandshake(carrier, (stream, handshake) => {
      this.#underWay.set(stream, handshake)
      this.#server.emit('connection', stream)
    })
  }

  // On a runtime that does not show the stream, the handshake ends with its stream or at its time limit.
  #handshakeOf(socket: TLSSocket): TlsHandshake | undefined {
    return valueOfUnderlying(socket, this.#underWay)
  }

  // Before Node 24 a pre-shared key counts as a certificate. TLS 1.3 does not distinguish such a key from a session, so Node
  // reports `authorized` for a client that resumes a session without a certificate. That is corrected here, also for a program
  // that admits all clients and checks `authorized` itself. Deno reports `authorized` for every client without a certificate.
  #verified(socket: TLSSocket): void {
    const handshake = this.#handshakeOf(socket)
    if (socket.getPeerX509Certificate() === undefined) {
      if (this.#certified) return handshake?.failed(unverified(NO_CERTIFICATE))
      if (socket.authorized) Object.assign(socket, { authorized: false, authorizationError: this.#withoutCertificate })
    }
    handshake?.secured(socket)
  }
}

/** Loads the options. Throws if that fails. */
function load({ optional = false, ...given }: ServerTlsOptions): {
  server: NodeServer
  optional: boolean
  asks: boolean
  certified: boolean
} {
  const options = withoutPrototype(given)
  checkServes(options)
  // Node treats any value but `true` as false, without an error.
  const requestCert = Boolean(options.requestCert)
  const rejectUnauthorized = options.rejectUnauthorized !== false
  const server = makeNodeServer(
    withoutPrototype({
      ...options,
      requestCert,
      rejectUnauthorized,
      sessionIdContext: sessionIdContextOf(options, requestCert, rejectUnauthorized),
      ...(requestCert && options.SNICallback && { secureOptions: withoutTickets(options.secureOptions) }),
      // The caller has a time limit over more than the handshake.
      handshakeTimeout: LONGEST_TIMER,
      pauseOnConnect: false,
    }),
  )
  // Node reads `ALPNProtocols` from the server for each connection, and the server inherits from Object.prototype.
  if (options.ALPNProtocols === undefined) Object.assign(server, { ALPNProtocols: undefined })
  checkPairs(options)
  return { server, optional, asks: requestCert, certified: requestCert && rejectUnauthorized }
}

/** A `tls.Server` that does not find these members on Object.prototype: Node reads them before it sets them. */
function makeNodeServer(options: TlsOptions): NodeServer {
  const { Server } = nodeTls()
  class Own {}
  const none = { value: undefined, writable: true }
  Object.defineProperties(Object.setPrototypeOf(Own.prototype, Server.prototype), { sessionTimeout: none, ticketKeys: none })
  return Reflect.construct(Server, [options], Own) as NodeServer
}

/**
 * The session ID context: OpenSSL resumes a session only where this text is the same. A session stores the result of the
 * verification when it began, and resuming it does not verify again. Node resumes a session on every server that has the same
 * ticket keys and `sessionIdContext`. Here the requirements on clients and the authorities must be the same too.
 */
function sessionIdContextOf(options: TlsOptions, requestCert: boolean, rejectUnauthorized: boolean): string {
  const { ca, crl, pfx, sessionIdContext = process.argv } = options
  const { allowPartialTrustChain } = options as { allowPartialTrustChain?: unknown }
  const unnamed = requestCert && ca === undefined && replaceableAuthorities()?.()
  // A program that names the context shares sessions with processes whose arguments differ.
  const rules = fingerprint(sessionIdContext, requestCert, rejectUnauthorized, ca, crl, pfx, allowPartialTrustChain, unnamed)
  // OpenSSL takes 32 bytes.
  return rules.slice(0, 32)
}

/**
 * OpenSSL options under which no session is resumed: there are no tickets, and no store for session IDs. Used by a server that
 * requests certificates and has a context for each name: Node 20 would resume a session that was verified by the authorities
 * of one name under another name.
 */
function withoutTickets(given: number | undefined): number | undefined {
  const noTicket = crypto().constants.SSL_OP_NO_TICKET
  if (given === undefined) return noTicket
  // Not `|`, because the values have more than 31 bits. Node refuses a value that is no number.
  return typeof given !== 'number' || Math.floor(given / noTicket) % 2 === 1 ? given : given + noTicket
}

/** The verification failure, if there was one: Node closes the connection then, and reports a hang-up. */
function reasonOf(error: Error, { authorizationError }: TLSSocket): Error {
  return authorizationError ? unverified(String(authorizationError)) : error
}

function unverified(code: string): Error {
  return codedError(code, `the client's certificate does not verify (${code})`)
}
