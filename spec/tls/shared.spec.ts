// The contexts that connections with equal TLS options share. Options are equal if their values are.

import type { SecureContext } from 'node:tls'
import t from 'tap'
import { fingerprint, replaceableAuthorities } from '../../lib/tls/fingerprint.js'
import { nodeTls } from '../../lib/tls/node.js'
import { ServerTls } from '../../lib/tls/server.js'
import { LruCache, sharedContext, sharedServerTls } from '../../lib/tls/shared.js'
import { identityOf } from '../support/certificates.js'

const { key, cert } = identityOf()
const other = identityOf('DNS:other.test')
const own = { key, cert }

t.test('equal values have equal fingerprints, and different values have different ones', async (t) => {
  const callback = (): void => {}
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  const different: unknown[] = [
    'a',
    '1',
    1,
    true,
    undefined,
    null,
    1n,
    Symbol('a'),
    Buffer.from('a'),
    ['a'],
    [['a']],
    ['a', 'b'],
    ['ab'],
    { a: 'b' },
    { a: 'b', c: undefined },
    Object.create(null, { x: { value: 'x', enumerable: true } }),
    callback,
    () => {},
    new Map(),
    new Map(),
    cyclic,
  ]
  const prints = different.map((value) => fingerprint(value))
  t.equal(new Set(prints).size, different.length)
  t.same(
    different.map((value) => fingerprint(value)),
    prints,
  )
  t.equal(fingerprint({ a: Buffer.from('1'), b: ['2'] }), fingerprint({ b: ['2'], a: new Uint8Array([49]) }))
  t.not(fingerprint('a', 'b'), fingerprint('ab'))
  t.not(fingerprint(['a'], 'b'), fingerprint('a', ['b']))
})

t.test('the most recently used values are kept, and failures are not', async (t) => {
  const recent = new LruCache<number>()
  let made = 0
  const make = (): number => ++made
  const wrong = new Error('wrong')
  t.throws(
    () =>
      recent.get('x', () => {
        throw wrong
      }),
    wrong,
  )
  t.equal(recent.get('x', make), 1)
  for (let n = 0; n < 15; n++) recent.get(`other ${n}`, make)
  t.equal(recent.get('x', make), 1, 'it is the most recently used one')
  for (let n = 15; n < 30; n++) recent.get(`other ${n}`, make)
  t.equal(recent.get('x', make), 1)
  t.equal(recent.get('other 0', make), 32)
})

t.test('servers with equal options are shared, also if the options object changes afterwards', async (t) => {
  const options = { key: Buffer.from(key), cert: [cert], ca: [other.cert], requestCert: true }
  const one = sharedServerTls(options)
  t.equal(sharedServerTls({ ...own, key: Buffer.from(key), cert: [cert], ca: [other.cert], requestCert: true }), one)
  options.ca[0] = cert
  t.not(sharedServerTls(options), one)
  t.not(sharedServerTls({ ...options, ca: [other.cert], requestCert: false }), one)
  t.throws(() => sharedServerTls({ key }), { code: 'ERR_LINNET_OPTIONS' })
  t.throws(() => sharedServerTls({ key }), { code: 'ERR_LINNET_OPTIONS' })
})

t.test('clients share a context, with any names and sessions', async (t) => {
  let made = 0
  const make = (): SecureContext => ({ context: ++made })
  const one = sharedContext({ ca: cert, servername: 'a.test', host: 'a.test' }, make)
  t.equal(sharedContext({ ca: Buffer.from(cert).toString(), servername: 'b.test', session: Buffer.from('x'), port: 1 }, make), one)
  t.not(sharedContext({ ca: other.cert }, make), one)
  t.not(sharedContext({ ca: cert, checkServerIdentity: () => undefined }, make), one)
})

t.test('if the program can replace the authorities, options that name none are not shared', async (t) => {
  let made = 0
  const make = (): SecureContext => ({ context: ++made })
  const asksNone = { ...own }
  const asks = { ...own, requestCert: true }
  const before = replaceableAuthorities()
  if (before === undefined) {
    t.equal(sharedContext({}, make), sharedContext({ port: 1 }, make))
    t.equal(sharedServerTls(asks), sharedServerTls({ ...asks }))
    const node = nodeTls() as { setDefaultCACertificates?: unknown }
    node.setDefaultCACertificates = () => {}
    t.teardown(() => delete node.setDefaultCACertificates)
  }
  t.not(sharedContext({}, make), sharedContext({ port: 1 }, make))
  t.not(sharedServerTls(asks), sharedServerTls({ ...asks }))
  t.equal(sharedServerTls(asksNone), sharedServerTls({ ...own }), 'a server without requestCert needs no authorities')
  t.ok(new ServerTls(asks), 'a server with requestCert loads too')
})

t.test('the default authorities are listed only where they can be replaced', async (t) => {
  t.equal(replaceableAuthorities({}), undefined)
  const list = [cert]
  const tls = { setDefaultCACertificates: () => {}, getCACertificates: () => list }
  t.equal(replaceableAuthorities(tls)?.(), list)
  t.equal(replaceableAuthorities({ setDefaultCACertificates: () => {} })?.(), undefined)
})
