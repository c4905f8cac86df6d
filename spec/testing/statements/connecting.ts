// Statements about `connect`: which options are refused, what aborts it, and with which errors it fails.

import type { InvalidOptionsError } from '../../../lib/index.js'
import { rejection } from '../../support/wait.js'
import type { ClientOptions, Statement } from './world.js'
import { certificate, fault, letIn, outcome, says } from './world.js'

const TIMEOUT = 'TimeoutError ERR_LINNET_TIMEOUT connect'

/** The paths of all issues. */
async function issues(connecting: Promise<unknown>): Promise<unknown[]> {
  const error = await rejection(connecting)
  return [fault(error), (error as Partial<InvalidOptionsError>).issues?.map(({ path }) => path.join('.'))]
}

export const connecting: readonly Statement[] = [
  says(
    'wrong options of connect are refused by their paths',
    ['InvalidOptionsError ERR_LINNET_OPTIONS', ['idelTimeout', 'maxBufferSize']],
    async (world) => {
      const { connect } = await world.open()
      return issues(connect({ idelTimeout: 5, maxBufferSize: 0 } as ClientOptions))
    },
  ),
  says(
    'a TLS option that does not load is refused before connecting',
    ['InvalidOptionsError ERR_LINNET_OPTIONS', ['tls.ca'], 0],
    async (world) => {
      const { server, connect } = await world.open()
      const refused = await issues(connect({ tls: { ca: 'no certificate' } }))
      return [...refused, server.stats().accepted]
    },
  ),
  says(
    'a PROXY header that its version cannot express is refused',
    ['InvalidOptionsError ERR_LINNET_OPTIONS', ['proxyProtocol.destination']],
    async (world) => {
      const { connect } = await world.open()
      return issues(connect({ proxyProtocol: { source: { address: '192.0.2.1', port: 1, family: 'IPv4' } } }))
    },
  ),
  says('with an aborted signal connect rejects with its reason', ['SyntaxError', 0], async (world) => {
    const { server, connect } = await world.open()
    const fault = await outcome(connect({ signal: AbortSignal.abort(new SyntaxError('not any more')) }))
    return [fault, server.stats().accepted]
  }),
  says('an abort of its signal ends a TLS handshake', 'SyntaxError', async (world) => {
    const stop = new AbortController()
    const { connect } = await world.open({
      tls: certificate,
      admit() {
        stop.abort(new SyntaxError('not any more'))
        return new Promise(() => {})
      },
    })
    return outcome(connect({ tls: { ca: certificate.cert }, signal: stop.signal }))
  }),
  says('the signal of connect has no effect after it has resolved', 'hello', async (world) => {
    const stop = new AbortController()
    const { client, connection } = await world.both({ client: { signal: stop.signal } })
    stop.abort()
    await client.write('hello\n')
    return connection.readLine()
  }),
  says('timeout is one deadline for connecting and the TLS handshake', TIMEOUT, async (world) => {
    const { connect } = await world.open({ tls: certificate, admit: () => new Promise(() => {}) })
    return outcome(connect({ tls: { ca: certificate.cert }, timeout: 30 }))
  }),
  says('a client that is dropped does not complete its handshake', 'turned away', async (world) => {
    const { connect } = await world.open({ tls: certificate, admit: async () => false })
    return letIn(connect({ tls: { ca: certificate.cert, servername: 'localhost' } }))
  }),
  says('a client has its own limits, and not those of the server', [5, 7], async (world) => {
    const { client, connection } = await world.both({ server: { maxBufferSize: 7 }, client: { maxBufferSize: 5 } })
    return [client.limits.maxBufferSize, connection.limits.maxBufferSize]
  }),
]
