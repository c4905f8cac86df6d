// The tests that are known to fail on a runtime, with the reasons: each runtime has a file. A listed test that passes is a failure, as
// is a test that fails and is not listed. docs/guide/runtimes.md describes the effect on a program.
//
// An entry is a reason and its tests: `tests` has the specs, each with the beginnings of its tests' paths (`test > test`), or `all` for
// any failure in the file. `sometimes` allows the tests to pass. `never` skips them: they would not end, take minutes, or end the process.

import { bun } from './bun.js'
import { deno } from './deno.js'
import { denoTls } from './deno-tls.js'
import { node } from './node.js'

/** @typedef {{ why: string, tests: Record<string, 'all' | string[]>, sometimes?: boolean, never?: boolean }} Known */

/** The specs that `.ci/run` runs on each runtime: the conformance check, both sides of TLS, clients, servers, draining, and system sockets. */
export const covering = [
  'address',
  'client/connect',
  'client/tls',
  'connection/ending-close',
  'connection/reading/until',
  'connection/start-tls',
  'connection/start-tls-failing',
  'connection/start-tls-refused',
  'proxy-protocol/build',
  'server/draining-idle',
  'server/draining-messages',
  'server/listen',
  'server/serve',
  'testing/check',
  'tls/beneath',
  'tls/client',
  'tls/handshake',
  'tls/server',
  'tls/server-client-certificates',
  'tls/server-optional',
  'transport/listening/inherited',
  'transport/listening/kernel-table',
  'transport/permission',
  'transport/listening/takeover',
  'transport/listening/unix',
  'turn',
]

/** Slow specs of the covering set. They are skipped on Node 22 and 24, because Node 20 runs all specs and Node 26 these. */
export const long = ['client/connect', 'connection/start-tls', 'server/serve', 'testing/check', 'transport/listening/takeover']

/** @type {Record<string, Known[]>} */
const lists = { node22: node, node24: node, node26: node, bun, deno: [...deno, ...denoTls] }

/** The known failures of a runtime, a line for each test; a line without a test applies to the whole file. */
export function knownOf(runtime) {
  return lists[runtime].flatMap(({ why, tests, sometimes, never }) =>
    Object.entries(tests).flatMap(([spec, titles]) =>
      (titles === 'all' ? [undefined] : titles).map((test) => ({ spec, test, why, sometimes, never })),
    ),
  )
}
