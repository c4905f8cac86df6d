// What a handshake agreed on: the facts of `connection.tls`. Taken when the handshake is done, since a closed TLSSocket
// knows nothing any more; the certificate as a certificate, and as Node's object when somebody asks.

import type { X509Certificate } from 'node:crypto'
import type { PeerCertificate, TLSSocket } from 'node:tls'

/** What a TLS handshake agreed on. `undefined` stands for what there is not. */
export interface TlsInfo {
  /** `'TLSv1.3'`, `'TLSv1.2'` … */
  readonly protocol: string
  /** OpenSSL's name: `'TLS_AES_256_GCM_SHA384'` … */
  readonly cipher: string
  /** The application protocol that both named (ALPN). */
  readonly alpnProtocol: string | undefined
  /** The name the client asked for (SNI). */
  readonly servername: string | undefined
  /** Whether the peer's certificate verified: of a server without `requestCert` always false, for it asks for none. */
  readonly authorized: boolean
  /** Why it did not: Node's code (`'DEPTH_ZERO_SELF_SIGNED_CERT'` …). */
  readonly authorizationError: string | undefined
  /** The peer's certificate, as Node shows it. */
  readonly peerCertificate: PeerCertificate | undefined
}

/** The facts of a handshake that is done. */
export function factsOf(socket: TLSSocket): TlsInfo {
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate()
  let shown: PeerCertificate | undefined
  return Object.freeze({
    protocol: socket.getProtocol() as string,
    cipher: socket.getCipher().name,
    alpnProtocol: textOf(socket.alpnProtocol),
    // Node's types do not know it.
    servername: textOf((socket as { servername?: unknown }).servername),
    authorized: socket.authorized,
    // An Error by its types, a code in truth.
    authorizationError: textOf(socket.authorizationError),
    get peerCertificate() {
      shown ??= certificate?.toLegacyObject() as PeerCertificate | undefined
      return shown
    },
  })
}

/** Node says `false`, `null` or an empty text where there is none. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
