// Which tests of the covering set fail on which runtime, and why; a test that is listed and passes is a failure, as is one that fails
// and is not listed. What these mean for a program is in docs/guide/runtimes.md.
//
// `test` is the beginning of a test's path in its file (`test > test`); without it any failure in the file is meant. `sometimes`
// excuses one that passes now and then, and `never` leaves it out: it would not end, or take the process with it.

/** What `.ci/run` runs on each runtime: the conformance check, both ends of TLS, clients, servers, draining, and the system's sockets. */
export const covering = [
  'address',
  'client/connect',
  'client/tls',
  'connection/ending-close',
  'connection/reading-until',
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
  'transport/inherited',
  'transport/listeners/kernel-table',
  'transport/permission',
  'transport/unix',
  'turn',
]

/** Specs of the covering set that take long. Node 22 and 24 are between Node 20, which runs all specs, and 26: there they are left out. */
export const long = ['client/connect', 'connection/start-tls', 'server/serve', 'testing/check', 'transport/unix']

const bun = ['bun']
const deno = ['deno']
const both = ['bun', 'deno']

/** @type {{ on: string[], spec: string, test?: string, why: string, sometimes?: boolean, never?: boolean }[]} */
export const known = [
  ...['an address that is silent costs a quarter of a second', 'out of time while a peer is silent', 'aborted while a peer is silent'].map(
    (test) => ({
      ...{ on: bun, spec: 'client/connect', test, never: true },
      why: 'the silent peer of the test is a listener of Bun whose queue is full; Bun gives it a longer queue, and the connect succeeds',
    }),
  ),
  {
    ...{ on: deno, spec: 'client/connect', test: 'a local address that is not ours' },
    why: 'bind says EINVAL of an address that the machine does not have, not EADDRNOTAVAIL',
  },
  {
    ...{ on: deno, spec: 'client/connect', test: 'an address that is silent costs a quarter of a second', sometimes: true },
    why: 'the list of active resources, by which the test sees that nothing is left, is behind now and then',
  },
  {
    ...{ on: deno, spec: 'client/tls', test: 'out of time in the handshake', sometimes: true },
    why: 'the list of active resources, by which the test sees that nothing is left, is behind now and then',
  },
  {
    ...{ on: deno, spec: 'client/tls', test: 'a name is asked for by SNI' },
    why: 'a TLSSocket of a server does not say that its client named nothing',
  },
  {
    ...{ on: deno, spec: 'connection/ending-close', test: 'what the peer sends during a close is dropped', sometimes: true },
    why: 'a write that meets the end of a socket is EPIPE before what is queued has left',
  },
  {
    ...{ on: both, spec: 'testing/check', test: 'a connection that breaks a rule is refused', never: true },
    why: 'the broken connections of the test leave rejections behind that tap on Node does not see',
  },
  {
    ...{ on: both, spec: 'testing/check', test: 'an unhandled rejection that is none of its business' },
    why: 'it is about the listeners of unhandledRejection, and the stand-in for tap has one',
  },
  {
    ...{ on: bun, spec: 'tls/handshake', test: 'options that Node refuses only when it connects', never: true },
    why: 'minDHSize is not looked at',
  },
  {
    ...{ on: deno, spec: 'tls/handshake', test: 'one that is cut frees both sides', never: true },
    why: 'there is no reset over TLS: the other side is not told of the cut',
  },
  ...['a client certificate that verifies is known', 'with rejectUnauthorized: false it is for the program to say'].map((test) => ({
    ...{ on: both, spec: 'tls/server', test, never: true },
    why: 'a session of TLS 1.3 is not resumed, which the test waits for; Deno has other codes for certificates as well',
  })),
  {
    ...{ on: both, spec: 'tls/server', test: 'a pre-shared key lets a client in' },
    why: 'there are no pre-shared keys',
  },
  {
    ...{ on: deno, spec: 'tls/server', test: 'plain HTTP at a TLS port is one event' },
    why: 'its code is ERR_SSL_WRONG_VERSION_NUMBER, not ERR_SSL_HTTP_REQUEST',
  },
  {
    ...{ on: deno, spec: 'tls/server', test: 'one that does not verify is refused, and so is none' },
    why: 'it is refused, with another code (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
  },
  {
    ...{ on: deno, spec: 'tls/server', test: 'a client refuses another name, an expired certificate' },
    why: 'a certificate that is itself in `ca` is trusted whatever its dates',
  },
  {
    ...{ on: bun, spec: 'transport/unix', test: 'so is that of one that does not answer' },
    why: 'the connect of the test itself is ECONNREFUSED, not EAGAIN; the path is left alone all the same',
  },
]
