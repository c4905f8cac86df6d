// The message of a HandshakeError: the peer, the reason, and how to fix the known causes. OpenSSL's own text, with the file and
// line of its source, is in `cause`.

import type { Address } from '../address.js'
import { codeOf, isLinnetError } from '../errors.js'

/** The side that failed: a client by `connect`, a client by `startTls`, or a server. */
export type HandshakeSide = 'connect' | 'client' | 'server'

const NOT_TLS =
  /^ERR_SSL_(WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|HTTP_REQUEST|HTTPS_PROXY_REQUEST|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE|BAD_RECORD_TYPE)$/

const plainText: Record<HandshakeSide, string> = {
  connect: 'the server answers in plain text: connect without `tls`, and where the protocol has a STARTTLS use connection.startTls()',
  client: 'the server answers in plain text: it must have agreed to TLS before startTls() is called',
  server: 'the client sends plain text: it must connect by TLS (`optional: true` in `tls` takes both)',
}

type Advice = readonly (readonly [code: RegExp, advice: string])[]

const ofClients: Advice = [
  [/SELF_SIGNED/, "the server's certificate is self-signed: give it, or the authority's, as `ca`"],
  [/^UNABLE_TO_/, "no authority that is known here has signed the server's certificate: give the authority's as `ca`"],
  [/^CERT_HAS_EXPIRED$/, "the server's certificate has expired: the server needs a new one"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, "connect by a name that is in the server's certificate, or give such a name as `servername`"],
  [/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/, 'the server may ask for a certificate: give `key` and `cert`'],
  [/^ECONNRESET$/, 'the server has closed the connection: it may not speak TLS there'],
]

const ofServers: Advice = [
  [
    /ALERT_(UNKNOWN_CA|CERTIFICATE_UNKNOWN|BAD_CERTIFICATE)/,
    'the client does not trust the certificate: it needs the authority as its `ca`',
  ],
  [
    /NO_SHARED_CIPHER|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/,
    'the client offers nothing that `minVersion`, `ciphers` and the certificate allow',
  ],
  [/^ECONNRESET$/, 'the client has ended first: it may not trust the certificate, or only check that the port is open'],
]

/** The message of the HandshakeError for `cause`. `peer` is the peer's name or address. */
export function handshakeMessage(cause: unknown, side: HandshakeSide, peer: string | Address): string {
  const name = String(peer)
  const whose = name === '' ? `the ${side === 'server' ? 'client' : 'server'}` : name
  return `the TLS handshake with ${whose} failed: ${reasonOf(cause)}${adviceOf(cause, side)}`
}

/** OpenSSL's reason without its numbers, or the message of the error. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const { reason } = cause as { reason?: unknown }
  return typeof reason === 'string' && reason !== '' ? reason : cause.message.trim()
}

function adviceOf(cause: unknown, side: HandshakeSide): string {
  // Its message has the advice already.
  if (isLinnetError(cause)) return ''
  const code = codeOf(cause)
  if (code === undefined) return ''
  if (NOT_TLS.test(code)) return `; ${plainText[side]}`
  const known = side === 'server' ? ofServers : ofClients
  const advice = known.find(([codes]) => codes.test(code))?.[1]
  return `; ${advice ?? '`cause` has its code'}`
}
