// What a TLS handshake agreed on: the value of `connection.tls`. It is read when the handshake is done, because a closed
// TLSSocket has lost it. The certificate is converted to Node's legacy object at first use.

import type { X509Certificate } from 'node:crypto'
import type { PeerCertificate, TLSSocket } from 'node:tls'

/** What a TLS handshake agreed on. A value that does not exist is `undefined`. */
export interface TlsInfo {
  /** `'TLSv1.3'`, `'TLSv1.2'` … */
  readonly protocol: string
  /** OpenSSL's name: `'TLS_AES_256_GCM_SHA384'` … */
  readonly cipher: string
  /** The application protocol that both sides named (ALPN). */
  readonly alpnProtocol: string | undefined
  /** The name that the client asked for (SNI). */
  readonly servername: string | undefined
  /** Whether the peer's certificate verified. Always false on a server without `requestCert`, which asks for none. */
  readonly authorized: boolean
  /** Why it did not verify: Node's code (`'DEPTH_ZERO_SELF_SIGNED_CERT'` …). */
  readonly authorizationError: string | undefined
  /** The peer's certificate, in the form of Node's `getPeerCertificate()`. */
  readonly peerCertificate: PeerCertificate | undefined
}

/** Reads the result of a handshake from its TLSSocket. */
export function infoOf(socket: TLSSocket): TlsInfo {
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate()
  let legacy: PeerCertificate | undefined
  return Object.freeze({
    protocol: socket.getProtocol() as string,
    cipher: socket.getCipher().name,
    alpnProtocol: textOf(socket.alpnProtocol),
    // Missing in Node's types.
    servername: textOf((socket as { servername?: unknown }).servername),
    authorized: socket.authorized,
    // An Error in Node's types, a code at run time.
    authorizationError: textOf(socket.authorizationError),
    get peerCertificate() {
      legacy ??= certificate?.toLegacyObject() as PeerCertificate | undefined
      return legacy
    },
  })
}

/** Node uses `false`, `null` or an empty string for a missing value. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
