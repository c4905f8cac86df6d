// One port for TLS and plain text.

import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { dial } from '../support/fixture.js'
import { fateOf } from '../support/peer.js'
import { until, within } from '../support/wait.js'
import { own, secure, serving } from './server-support.js'

t.test('optional: the first byte distinguishes TLS from plain text', async (t) => {
  const { server, errors } = await serving(t, { tls: { ...own, optional: true } })
  const plain = await dial(t, server)
  plain.write('hello\n')
  const one = (await server.accept()) as Connection
  t.equal(one.tls, undefined)
  t.equal(await one.readLine(), 'hello')
  const [peer, two] = await Promise.all([secure(t, server), server.accept() as Promise<Connection>])
  peer.write('hello\n')
  t.equal(await two.readLine(), 'hello')
  t.equal(two.tls?.protocol, 'TLSv1.3')
  t.same(errors, [])
})

t.test('optional: a client that is silent, ends or resets before the first byte is a handshakeError', async (t) => {
  const { server, errors } = await serving(t, { tls: { ...own, optional: true }, handshakeTimeout: 500 })
  const [silent, leaver, breaker] = [await dial(t, server), await dial(t, server), await dial(t, server)]
  await until(() => server.stats().pending === 3)
  leaver.end()
  breaker.resetAndDestroy()
  await until(() => errors.length === 2)
  for (const { cause } of errors) t.match(cause, { code: 'ECONNRESET' })
  t.match(await within(fateOf(silent)), { how: 'reset' })
  t.match(errors[2]?.cause, { code: 'ERR_LINNET_TIMEOUT' })
  const half = await dial(t, server)
  half.write(Buffer.from([22, 3]))
  t.match(await within(fateOf(half)), { how: 'reset' })
  await until(() => errors.length === 4)
})
