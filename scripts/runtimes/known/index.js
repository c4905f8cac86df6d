// Which tests fail on which runtime, and why: each runtime has a file. A test that is listed and passes is a failure, as is one that
// fails and is not listed. What these mean for a program is in docs/guide/runtimes.md.
//
// An entry is a reason and what it is the reason of: `tests` has the specs, each with the beginnings of its tests' paths (`test > test`),
// or `all` for any failure in the file. `sometimes` excuses those that pass now and then. `never` leaves them out: they would not end,
// take minutes, or take the process with them.

import { bun } from './bun.js'
import { deno } from './deno.js'
import { denoTls } from './deno-tls.js'
import { node } from './node.js'

/** @typedef {{ why: string, tests: Record<string, 'all' | string[]>, sometimes?: boolean, never?: boolean }} Known */

/** What `.ci/run` runs on each runtime: the conformance check, both ends of TLS, clients, servers, draining, and the system's sockets. */
export const covering = [
  'address',
  'client/connect',
  'client/tls',
  'connection/ending-close',
  'connection/reading/until',
  'connection/start-tls',
  'proxy-protocol/build',
  'server/draining-idle',
  'server/draining-messages',
  'server/listen',
  'server/serve',
  'testing/check',
  'tls/beneath',
  'tls/handshake',
  'tls/server',
  'transport/listening/inherited',
  'transport/listening/kernel-table',
  'transport/permission',
  'transport/listening/unix',
  'turn',
]

/** Specs of the covering set that take long. Node 22 and 24 are between Node 20, which runs all specs, and 26: there they are left out. */
export const long = ['client/connect', 'connection/start-tls', 'server/serve', 'testing/check', 'transport/listening/unix']

/** @type {Record<string, Known[]>} */
const lists = { node22: node, node24: node, node26: node, bun, deno: [...deno, ...denoTls] }

/** What is known of a runtime, a line for each test; a line without a test is about the whole file. */
export function knownOf(runtime) {
  return lists[runtime].flatMap(({ why, tests, sometimes, never }) =>
    Object.entries(tests).flatMap(([spec, titles]) =>
      (titles === 'all' ? [undefined] : titles).map((test) => ({ spec, test, why, sometimes, never })),
    ),
  )
}
