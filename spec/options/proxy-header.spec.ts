// The option `proxyProtocol` of connect: what it resolves to, and what does not fit.

import t from 'tap'
import { tcpAddress, unixAddress } from '../../lib/address.js'
import { resolveConnectOptions } from '../../lib/options/connect.js'
import { refusal } from './refusal.js'

const plan = (proxyProtocol: unknown): unknown => {
  const { header } = resolveConnectOptions({ port: 80, proxyProtocol })
  // Checked options inherit nothing.
  return header && { ...header }
}
const issues = (proxyProtocol: unknown): [string, string][] => Object.entries(refusal(() => plan(proxyProtocol)))

const source = tcpAddress('192.0.2.1', 1)
const destination = tcpAddress('::1', 2)

t.test('false is no header, and an empty object is one', async (t) => {
  t.equal(plan(false), undefined)
  t.strictSame(plan({}), {})
})

t.test('an address in any form becomes an Address', async (t) => {
  t.strictSame(plan({ source, destination }), { source, destination })
  t.strictSame(plan({ source: { address: '192.0.2.1', port: 1, family: 'IPv4' } }), { source })
  t.strictSame(plan({ source: { address: '0::1', family: 'IPv6' } }), { source: tcpAddress('::1', 0) })
  t.strictSame(plan({ source: { address: '::ffff:1.2.3.4', port: 5, family: 'IPv6' } }), { source: tcpAddress('1.2.3.4', 5) })
  for (const path of ['', '/run/a', '\0name'])
    t.strictSame(plan({ source: { address: path, family: 'unix' } }), { source: unixAddress(path) })
})

t.test('a connection is a header of its two ends, or of those in its own header', async (t) => {
  t.strictSame(plan({ remote: source, local: destination, proxy: undefined }), { source, destination })
  const elsewhere = tcpAddress('10.0.0.1', 7)
  t.strictSame(plan({ remote: source, local: destination, proxy: { destination: elsewhere } }), { source, destination: elsewhere })
  t.strictSame(plan({ remote: source, local: destination, proxy: { destination: undefined } }), { source, destination })
})

t.test('the values of a header are copied', async (t) => {
  const value = new Uint8Array([1, 2])
  const header = plan({ version: 2, tlvs: [{ type: 255, value }] })
  value[0] = 9
  t.strictSame(header, { version: 2, tlvs: [{ type: 255, value: Buffer.from([1, 2]) }] })
})

t.test('a value that does not fit is named by its path', async (t) => {
  const address = /^expected an address: \{ address, port, family \}/
  const cases: [unknown, string, RegExp][] = [
    [true, '', /^expected a connection, or an object of `version`/],
    [null, '', /got null$/],
    ['v1', '', /got 'v1'$/],
    [[], '', /^expected an object/],
    [{ version: 3 }, '.version', /^expected 1 or 2, got 3$/],
    [{ sauce: source }, '.sauce', /did you mean `source`/],
    [{ source: '1.2.3.4:80' }, '.source', address],
    [{ source: null }, '.source', address],
    [{ source: { address: '1.2.3.4', port: 80 } }, '.source', address],
    [{ source: { address: '1.2.3.4', port: 80, family: 'IPv6' } }, '.source', address],
    [{ source: { address: 'localhost', port: 80, family: 'IPv4' } }, '.source', address],
    [{ source: { address: '1.2.3.4', port: 65_536, family: 'IPv4' } }, '.source', address],
    [{ source: { address: '1.2.3.4', port: -1, family: 'IPv4' } }, '.source', address],
    [{ source: { address: '1.2.3.4', port: 1.5, family: 'IPv4' } }, '.source', address],
    [{ source: { address: '/run/a\0b', family: 'unix' } }, '.source', address],
    [{ source: { address: 5, family: 'unix' } }, '.source', address],
    [{ remote: source, local: 'here' }, '.destination', address],
    [{ tlvs: { type: 1, value: Buffer.alloc(1) } }, '.tlvs', /^expected a list/],
    [{ tlvs: [{ type: 256, value: Buffer.alloc(1) }] }, '.tlvs.0', /0 to 255/],
    [{ tlvs: [{ type: '1', value: Buffer.alloc(1) }] }, '.tlvs.0', /0 to 255/],
    [{ tlvs: [{ type: 1, value: 'text' }] }, '.tlvs.0', /and bytes/],
    [{ tlvs: [{ type: 0.5, value: Buffer.alloc(1) }, null] }, '.tlvs.0', /and bytes/],
  ]
  for (const [given, path, message] of cases) t.match(issues(given)[0], [`proxyProtocol${path}`, message])
})

t.test('an object that throws when it is read is an issue', async (t) => {
  const fight = (): never => {
    throw new SyntaxError('mine')
  }
  const hostile = new Proxy({}, { get: fight, has: fight, ownKeys: fight, getPrototypeOf: fight, getOwnPropertyDescriptor: fight })
  for (const given of [hostile, { source: hostile }, { tlvs: hostile }, { tlvs: [hostile] }, { remote: hostile }])
    t.ok(issues(given).length > 0)
})
