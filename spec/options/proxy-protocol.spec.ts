// The option `proxyProtocol` of a server: which peers must send a header, by address and by network, and the option of an endpoint.

import t from 'tap'
import { tcpAddress, unixAddress } from '../../lib/address.js'
import { type Endpoint, type ListenOptions, resolveEndpoint, resolveListenOptions } from '../../lib/options/listen.js'
import { resolveMemoryServerOptions } from '../../lib/options/testing.js'
import { mustSend, type ResolvedProxyProtocol } from '../../lib/proxy-protocol/trust.js'
import { refusal } from './refusal.js'

const planOf = (options: ListenOptions): ResolvedProxyProtocol | undefined => resolveListenOptions(options).endpoints[0]?.proxyProtocol

/** Those of some peers that must send a header. */
function senders(trust: readonly string[]): string[] {
  const plan = planOf({ proxyProtocol: { trust } })
  if (plan === undefined) throw new Error('there is no plan')
  const peers = [
    '10.0.0.1',
    '10.255.0.1',
    '192.168.0.7',
    '127.0.0.1',
    '::ffff:10.1.2.3',
    '::1',
    '2001:db8::5',
    '2001:db9::5',
    'fe80::1%eth0',
  ]
  return peers.filter((text) => mustSend(plan, tcpAddress(text, 5)))
}

t.test('false trusts no peer, true and an object without a list make every peer send one', async (t) => {
  for (const proxyProtocol of [false, undefined]) {
    const plan = resolveListenOptions({ proxyProtocol })
    t.notOk('proxyProtocol' in plan.endpoints[0]! || 'proxyProtocol' in plan.defaults)
  }
  for (const proxyProtocol of [true, {}, { trust: undefined }]) {
    const plan = planOf({ proxyProtocol })
    t.strictSame(plan, { trust: undefined })
    for (const peer of [tcpAddress('203.0.113.1', 1), tcpAddress('::1', 1), unixAddress()]) t.ok(mustSend(plan!, peer))
  }
})

t.test('peers on the list must send a header, other peers need not', async (t) => {
  t.strictSame(senders(['10.0.0.0/8']), ['10.0.0.1', '10.255.0.1', '::ffff:10.1.2.3'])
  t.strictSame(senders(['10.0.0.1', '127.0.0.1/32']), ['10.0.0.1', '127.0.0.1'])
  t.strictSame(senders(['10.0.0.77/8']), ['10.0.0.1', '10.255.0.1', '::ffff:10.1.2.3'])
  t.strictSame(senders(['::1', '2001:DB8::/32']), ['::1', '2001:db8::5'])
  t.strictSame(senders(['fe80::/10']), ['fe80::1%eth0'])
  t.strictSame(senders(['0.0.0.0/0']), ['10.0.0.1', '10.255.0.1', '192.168.0.7', '127.0.0.1', '::ffff:10.1.2.3'])
  t.strictSame(senders(['::/0']), ['::1', '2001:db8::5', '2001:db9::5', 'fe80::1%eth0'])
})

t.test('an IPv4-mapped entry counts as IPv4, as an IPv4-mapped peer does', async (t) => {
  t.strictSame(senders(['::ffff:10.0.0.1']), ['10.0.0.1'])
  t.strictSame(senders(['::ffff:10.0.0.0/104', '::FFFF:7f00:1/128']), ['10.0.0.1', '10.255.0.1', '127.0.0.1', '::ffff:10.1.2.3'])
  t.strictSame(senders(['::ffff:0.0.0.0/95']), [], 'wider than what is mapped, and no real IPv6 peer is in it')
})

t.test('a peer on a Unix socket is trusted', async (t) => {
  const plan = planOf({ path: '/run/app.sock', proxyProtocol: { trust: ['10.0.0.1'] } })
  t.ok(mustSend(plan!, unixAddress()))
})

t.test('an endpoint has the option of listen, unless it has its own, also in server.add', async (t) => {
  const all = { trust: undefined }
  const endpoints: Endpoint[] = [
    {},
    { path: 'a', proxyProtocol: false },
    { proxyProtocol: { trust: ['10.0.0.0/8'] } },
    { fd: 3, proxyProtocol: true },
  ]
  const listed = (options: ListenOptions): (boolean | undefined)[] =>
    resolveListenOptions(options).endpoints.map(({ proxyProtocol }) => proxyProtocol && proxyProtocol.trust !== undefined)
  t.strictSame(listed({ endpoints }), [undefined, undefined, true, false])
  t.strictSame(listed({ endpoints, proxyProtocol: true }), [false, undefined, true, false])
  t.strictSame(listed({ endpoints, proxyProtocol: { trust: ['::1'] } }), [true, undefined, true, false])
  const { defaults } = resolveListenOptions({ endpoints, proxyProtocol: true })
  t.strictSame(resolveEndpoint(8888, defaults).proxyProtocol, all)
  t.equal(resolveEndpoint({ proxyProtocol: false }, defaults).proxyProtocol, undefined)
  t.strictSame(resolveEndpoint({ proxyProtocol: true }).proxyProtocol, all)
  t.strictSame(resolveMemoryServerOptions({ proxyProtocol: true }).listen.defaults.proxyProtocol, all)
})

t.test('an entry that is no address and no network is refused by its path', async (t) => {
  const wrong = [
    'localhost',
    '',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/8 ',
    '::/129',
    '::/1000',
    '[::1]',
    'fe80::1%eth0',
    'fe80::%eth0/10',
    '010.0.0.1',
    5,
    null,
    undefined,
    {},
    ['10.0.0.1'],
  ]
  for (const [index, entry] of wrong.entries()) {
    const trust = Array.from({ length: index % 3 }, (): unknown => '::1').concat([entry])
    const path = `trust.${index % 3}`
    t.match(
      refusal(() => resolveListenOptions({ proxyProtocol: { trust } })),
      { [`proxyProtocol.${path}`]: /^expected an IP address or a network, as in 10\.0\.0\.0\/8, got / },
    )
    t.strictSame(Object.keys(refusal(() => resolveListenOptions({ endpoints: [{}, { proxyProtocol: { trust } }] }))), [
      `endpoints.1.proxyProtocol.${path}`,
    ])
    t.strictSame(Object.keys(refusal(() => resolveMemoryServerOptions({ proxyProtocol: { trust } }))), [`proxyProtocol.${path}`])
  }
})

t.test('a value that is no list, and an unknown key, are refused', async (t) => {
  const cases: [unknown, string, RegExp][] = [
    ['10.0.0.0/8', 'proxyProtocol', /^expected true, false or an object with `trust`, got '10/],
    [null, 'proxyProtocol', /^expected true, false or an object with `trust`, got null/],
    [['10.0.0.0/8'], 'proxyProtocol', /^expected an object of options, got an array/],
    [{ trust: [] }, 'proxyProtocol.trust', /^expected a list of at least one address or network/],
    [{ trust: '10.0.0.0/8' }, 'proxyProtocol.trust', /^expected a list of at least one address or network/],
    [{ trust: true }, 'proxyProtocol.trust', /^expected a list of at least one address or network/],
    [{ trusted: ['::1'] }, 'proxyProtocol.trusted', /^unknown option; did you mean `trust`\?/],
  ]
  for (const [proxyProtocol, path, message] of cases)
    t.match(
      refusal(() => resolveListenOptions({ proxyProtocol })),
      { [path]: message },
    )
  const throwing = Object.defineProperty({}, 'trust', {
    enumerable: true,
    get() {
      throw new Error('a getter')
    },
  })
  t.match(
    refusal(() => resolveListenOptions({ proxyProtocol: throwing })),
    { 'proxyProtocol.trust': /something that can be read/ },
  )
  t.match(
    refusal(() => resolveListenOptions({ prot: 1, proxyProtocol: { trust: ['x', '::1', 'y'] } })),
    {
      prot: /unknown/,
      'proxyProtocol.trust.0': /^expected/,
      'proxyProtocol.trust.2': /^expected/,
    },
  )
})

t.test('a list is copied: a later change of it has no effect', async (t) => {
  const trust = ['10.0.0.1']
  const plan = planOf({ proxyProtocol: { trust } }) as ResolvedProxyProtocol
  trust[0] = '::1'
  t.ok(mustSend(plan, tcpAddress('10.0.0.1', 1)))
})
