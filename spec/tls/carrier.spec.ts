// The rules of carriers, over TLS on each kind of carrier, from both sides.

import t from 'tap'
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

t.test('the queue of a TLS carrier is that of the socket beneath; in memory there is none', async (t) => {
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
