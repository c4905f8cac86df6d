// The rules of carriers, over TLS on each kind of carrier, from both sides.

import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import t from 'tap'
import { coreOf } from '../../lib/connection/connection.js'
import { ends } from '../support/fixture.js'
import { within } from '../support/wait.js'
import { carrierRules } from '../transport/carrier-rules.js'
import { inMemory, overDuplexes, tcpPair, unixPair } from '../transport/support.js'
import { overTls } from './support.js'

for (const [side, turned] of [
  ['the client', false],
  ['the server', true],
] as const) {
  t.test(`over TCP, as ${side}`, async (t) => carrierRules(t, overTls(tcpPair, turned), { breaks: true }))
  t.test(`over Unix sockets, as ${side}`, async (t) => carrierRules(t, overTls(unixPair, turned), { breaks: false }))
  t.test(`in memory, as ${side}`, async (t) => carrierRules(t, overTls(inMemory, turned), { breaks: true }))
  t.test(`over Duplexes, as ${side}`, async (t) => carrierRules(t, overTls(overDuplexes, turned), { breaks: true }))
}

t.test('the send queue of a TLS carrier is that of the socket beneath; in memory it has none', async (t) => {
  const over = async (make: typeof tcpPair): Promise<number | undefined> => {
    const [a, b] = await overTls(make)(t)
    t.teardown(() => {
      a.reset()
      b.reset()
    })
    return a.queueKeys?.().length
  }
  t.ok(((await over(tcpPair)) ?? 0) > 0)
  t.equal(await over(inMemory), 0)
})

t.test('a reset while TLS shuts its sending side down closes the stream, and the peer sees it closed', async (t) => {
  for (const later of [false, true]) {
    const { a, b } = await ends(t, 'tls')
    const { stream } = coreOf(a).carrier as unknown as { stream: TLSSocket }
    const { end } = stream
    const cut = new Promise<void>((resolve) => {
      // `end()` of a connection waits a turn: here the stream is ended.
      stream.end = ((...args: Parameters<typeof end>) => {
        // The peer does not read the close_notify: the shutdown lasts until the socket is closed.
        if (later) stream._final = () => {}
        end.apply(stream, args)
        t.ok(stream.writableEnded && !stream.writableFinished, 'it is shutting down')
        a.abort()
        resolve()
        return stream
      }) as typeof end
    })
    const closed = once(stream, 'close')
    a.end()
    await within(cut)
    t.match(await within(a.closed), { by: 'aborted' })
    await within(closed)
    await within(Promise.allSettled([b.readToEnd()]))
  }
})
