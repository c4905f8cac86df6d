// What the options of `listen` and of an endpoint cannot have together: at the top, within a list, and across the two.

import t from 'tap'
import { resolveEndpoint, resolveListenOptions } from '../../lib/options/listen.js'
import { refusal } from './refusal.js'

const places = { port: 0, host: 'localhost', path: '/a', fd: 3, systemd: true, endpoints: [{}] }

t.test('two places to listen on contradict each other, and both are named', async (t) => {
  for (const [one, first] of Object.entries(places)) {
    for (const [other, second] of Object.entries(places)) {
      if (one === other || (['port', 'host'].includes(one) && ['port', 'host'].includes(other))) continue
      t.match(
        refusal(() => resolveListenOptions({ [one]: first, [other]: second })),
        { [one]: /^expected one place/, [other]: /^expected one place/ },
      )
      if (one === 'endpoints' || other === 'endpoints') continue
      const paths = [`endpoints.0.${one}`, `endpoints.0.${other}`].sort()
      t.strictSame(Object.keys(refusal(() => resolveListenOptions({ endpoints: [{ [one]: first, [other]: second }] }))).sort(), paths)
      t.strictSame(Object.keys(refusal(() => resolveEndpoint({ [one]: first, [other]: second }))).sort(), [one, other].sort())
    }
  }
  t.strictSame(Object.keys(refusal(() => resolveListenOptions({ ...places }))).sort(), Object.keys(places).sort())
})

t.test('a mode needs a path', async (t) => {
  for (const options of [{}, { port: 1 }, { fd: 3 }, { systemd: true }, { endpoints: [{ path: '/a' }] }]) {
    t.strictSame(
      refusal(() => resolveListenOptions({ ...options, mode: 0o600 })),
      { mode: 'expected together with `path` only' },
    )
  }
  t.strictSame(
    refusal(() => resolveEndpoint({ mode: 0o600 })),
    { mode: 'expected together with `path` only' },
  )
})

t.test('ipv6Only and reusePort need a TCP endpoint, even to be false', async (t) => {
  const message = 'expected together with a TCP endpoint only'
  for (const name of ['ipv6Only', 'reusePort']) {
    for (const place of [{ path: '/a' }, { fd: 3 }, { systemd: true }]) {
      for (const flag of [true, false]) {
        t.strictSame(
          refusal(() => resolveListenOptions({ ...place, [name]: flag })),
          { [name]: message },
        )
        t.strictSame(
          refusal(() => resolveEndpoint({ ...place, [name]: flag })),
          { [name]: message },
        )
        t.strictSame(
          refusal(() => resolveListenOptions({ endpoints: [{}, { ...place, [name]: flag }] })),
          { [`endpoints.1.${name}`]: message },
        )
        t.strictSame(
          refusal(() => resolveListenOptions({ endpoints: [place, { fd: 4 }], [name]: flag })),
          { [name]: message },
        )
        t.ok(resolveListenOptions({ endpoints: [place, {}], [name]: flag }))
      }
    }
  }
})

t.test('what contradicts the list of endpoints is reported beside other mistakes', async (t) => {
  t.match(
    refusal(() => resolveListenOptions({ endpoints: [{ path: '/a' }], ipv6Only: true, prot: 1, backlog: -1 })),
    { ipv6Only: 'expected together with a TCP endpoint only', prot: /^unknown option/, backlog: /^expected a whole number/ },
  )
  t.strictSame(Object.keys(refusal(() => resolveListenOptions({ endpoints: [{ path: 5 }], ipv6Only: true }))), ['endpoints.0.path'])
})
