// Shared by the specs of `startTls`: the options of both sides, and each test over several carriers.

import t, { type Test } from 'tap'
import type { ConnectionOptions, StartTlsOptions } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { type Ends, ends } from '../support/fixture.js'
// Loaded here, so that no handshake under a manual clock waits for it.
import '../../lib/tls/client.js'
import '../../lib/tls/server.js'

export const { key, cert } = identityOf()

export const server = { key, cert }

export const client = { ca: cert, servername: 'localhost' }

/** Each test over sockets and in memory. */
export function both(
  name: string,
  body: (t: Test, connect: (options?: { a?: ConnectionOptions; b?: ConnectionOptions }) => Promise<Ends>) => Promise<void>,
): void {
  for (const carrier of ['tcp', 'memory', 'duplex'] as const)
    void t.test(`${name} (${carrier})`, (t) => body(t, (options) => ends(t, carrier, options)))
}

/** The options of both sides: over a Duplex, each side is a client unless `isServer` is set. */
export const upgraded = ({ a, b }: Ends, there: StartTlsOptions = {}): Promise<unknown> =>
  Promise.all([a.startTls(client), b.startTls({ ...server, isServer: true, ...there })])
