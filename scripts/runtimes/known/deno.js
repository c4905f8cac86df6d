// Known failures on Deno, except those of its TLS (deno-tls.js). See index.js.

import { framed } from './framed.js'

/** @type {import('./index.js').Known[]} */
export const deno = [
  {
    why: 'bind says EINVAL of an address that the machine does not have, not EADDRNOTAVAIL',
    tests: { 'client/connect': ['a local address that the machine does not have'] },
  },
  {
    why: 'the runtime opens a pair of Unix sockets of its own at some time, which a count of all descriptors includes',
    sometimes: true,
    tests: {
      'client/reconnect-sockets': [
        'a loop over TCP returns to a server that was restarted, and leaves nothing open',
        'a loop over a Unix socket returns to a server that was restarted, and leaves nothing open',
        'an abort of an attempt over TCP leaves no socket',
      ],
    },
  },
  {
    why: 'the loop polls the system after every 61 passes, so that peers that pipeline delay others',
    never: true,
    tests: { 'danger/fairness': 'all' },
  },
  {
    why: 'the list of active resources, by which the tests see that nothing is left, is behind now and then',
    sometimes: true,
    tests: {
      'client/connect': ['after a quarter of a second without an answer the next address is tried'],
      'client/tls': ['a handshake that exceeds timeout', 'connects that are aborted at any moment of their handshakes'],
      'connection/reading/cost': ['a thousand reads leave no listener on their signal'],
      'server/ref': ['ref and unref work on a server in memory, and on a closed one'],
      'transport/listening/tcp-accepting': ['only a referenced listener keeps the process alive'],
    },
  },
  {
    why: 'a write that meets the end or the reset of a socket is EPIPE or ECANCELED, before what is queued has left and what has come is read',
    sometimes: true,
    tests: {
      'connection/ending-close': ['what the peer sends during a close is dropped'],
      'connection/ending-loss': ['pending writes, flushes and ends reject with a loss (tcp)'],
      'danger/early-answer': [
        'an answer that arrived before a write of this side failed is read whole, and the loss after it',
        'an answer beyond the read-ahead of a paused connection is read whole, and the loss after it',
      ],
      'danger/reset': ['a peer that resets while it is written to is a loss'],
    },
  },
  {
    why: 'modules of Deno read what all objects inherit (blockList …), and throw where nothing can be caught',
    tests: {
      'danger/polluted-names': [
        'a member of Object.prototype is never taken for an option of ours',
        'a member of Object.prototype is never taken for an option of TLS',
      ],
      'danger/polluted-prototype': [
        'members of Object.prototype are not taken for options: times of nothing',
        'members of Object.prototype are not taken for options: other places',
        'members of Object.prototype are not taken for options: steps of the way in',
        'members of Object.prototype are not taken for TLS options: contexts and limits',
      ],
    },
  },
  {
    why: 'the frames of the library are not left out of stacks, and a program has no [eval] in them',
    tests: { dist: ['with LINNET_STACKS the stack has the calling program'] },
  },
  {
    why: 'a socket has no descriptor',
    tests: {
      'transport/descriptor': [
        'an open socket of Node has a descriptor; a terminal and any other stream have none',
        'an open idle socket is not broken, and the state of one that cannot be read is unknown',
        'the bytes in the kernel are read in order, and at most as many as requested',
      ],
    },
  },
  {
    why: 'where no descriptor is free its listener stops: it accepts no client any more, also once the others have left; a timer may panic',
    never: true,
    tests: {
      'danger/descriptors': ['with 128 descriptors and 250 clients', 'a server whose limits exceed those of the system'],
    },
  },
  {
    why: 'process.emitWarning writes to the full disk, and throws where nothing can be caught',
    tests: { 'danger/stderr': ['a stderr on a full disk does not end the process'] },
  },
  {
    why: 'of a list of keys the first one is taken, which does not belong to the certificate',
    tests: { 'tls/identity': ['a pfx, an encrypted key, lists, and callbacks alone are accepted'] },
  },
  {
    why: 'modules of Deno wait for the setImmediate that the test has mocked',
    never: true,
    tests: {
      'transport/clock': [
        'with setTimeout, setInterval, setImmediate, Date mocked',
        'a module that Node loads while setImmediate is mocked',
      ],
    },
  },
  {
    why: 'a listener on :: takes IPv4 clients also with ipv6Only, and what waits in the queue of the system at a close is not reset',
    never: true,
    tests: {
      'server/add': ['an added endpoint has the endpoint options of listen'],
      'transport/listening/tcp': [
        'ipv6Only keeps IPv4 out',
        'an IPv6 address that the machine does not have is left out, if the name has another',
      ],
      'transport/listening/tcp-accepting': [
        'accepted sockets are paused, half-open, and have the requested settings',
        'a connection in the queue of the system at close is reset, and not accepted',
        'after a close within `accepted` no connection is passed on',
      ],
    },
  },
  {
    why: 'an X509Certificate writes an IPv6 address in its short form',
    tests: { 'testing/certificate': ['a certificate is for the requested hosts'] },
  },
  {
    why: 'the code of a path that a package does not export is another',
    tests: { package: ['no other path of the package can be imported'] },
  },
  {
    why: 'process.platform cannot be replaced as the test does',
    tests: { 'options/listen': ['an abstract name is a name on Linux'] },
  },
  {
    why: 'the broken connections of the test leave rejections behind that tap on Node does not see',
    never: true,
    tests: { 'testing/check': ['a connection that breaks a rule is refused'] },
  },
  {
    why: 'it is about the listeners of unhandledRejection, and the stand-in for tap has one',
    tests: { 'testing/check': ['an unhandled rejection of other code'] },
  },
  {
    why: 'async_hooks counts no promises, by which these tests see what is made',
    tests: { 'framing/cost': framed },
  },
  {
    why: 'a thousand courses may take longer than a test may: a step of the manual clock takes 20 ms on a busy machine',
    sometimes: true,
    tests: { 'client/reconnect-courses': ['whatever fails, lives and ends'] },
  },
]
