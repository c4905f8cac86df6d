// Shared by the specs of TLS on a server: identities, a server, and a raw client.

import tls from 'node:tls'
import type { Test } from 'tap'
import type { HandshakeError, ListenOptions, Server } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { opened } from '../support/fixture.js'

export const good = identityOf()

export const other = identityOf('DNS:other.test')

export const trusted = identityOf('DNS:client')

export const own = { key: good.key, cert: good.cert }

interface Served {
  server: Server
  errors: HandshakeError[]
}

export async function serving(t: Test, options: ListenOptions = {}): Promise<Served> {
  const server = await opened(t, { tls: own, ...options })
  const errors: HandshakeError[] = []
  server.on('handshakeError', (error) => errors.push(error))
  return { server, errors }
}

/** A raw TLS client, connected; destroyed after the test. */
export async function secure(t: Test, server: Server, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: good.cert, ...options })
  t.teardown(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  return socket.on('error', () => {})
}
