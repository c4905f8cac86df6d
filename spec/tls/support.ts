// The helpers of the specs of this folder: both sides of TLS over carriers of every kind.

import net from 'node:net'
import tls from 'node:tls'
import type { Test } from 'tap'
import { secureClient } from '../../lib/tls/client.js'
import { ServerTls } from '../../lib/tls/server.js'
import { identityOf } from '../support/certificates.js'
import type { Pair } from '../transport/support.js'

/** TLS over a pair of carriers: the first one's side is the client. */
async function secured([a, b]: Pair): Promise<Pair> {
  const { key, cert } = identityOf()
  const server = new ServerTls({ key, cert })
  return Promise.all([secureClient(a, { tls: { ca: cert } }).done, server.secure(b).done])
}

/** Pairs whose first carrier is the client's; with `turned`, the server's. */
export function overTls(make: (t: Test) => Promise<Pair>, turned = false): (t: Test) => Promise<Pair> {
  return async (t) => {
    const [a, b] = await secured(await make(t))
    return turned ? [b, a] : [a, b]
  }
}

/** A TLS server of Node's whose sockets beneath can be reset: they are in `sockets`, in the order in which they came. */
export async function resettable(t: Test): Promise<{ secure: tls.Server; sockets: net.Socket[]; port: number }> {
  const { key, cert } = identityOf()
  const sockets: net.Socket[] = []
  const secure = tls.createServer({ key, cert })
  const plain = net.createServer((raw) => {
    sockets.push(raw.on('error', () => {}))
    secure.emit('connection', raw)
  })
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  t.teardown(() => plain.close())
  return { secure, sockets, port: (plain.address() as net.AddressInfo).port }
}
