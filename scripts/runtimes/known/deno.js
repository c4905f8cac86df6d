// Known failures on Deno, except those of its TLS (deno-tls.js). See index.js.

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
    why: 'these take longer than a test may',
    never: true,
    tests: {
      'danger/fairness': 'all',
      'danger/stampede': 'all',
      'testing/conformance': ['a good connection is accepted'],
      'testing/manual-clock': ['advance does not wait for two sides that never come to rest'],
    },
  },
  {
    why: 'the limits of these tests are those of Node',
    never: true,
    tests: { 'danger/memory': 'all', 'danger/memory-reading': 'all', 'danger/memory-time': 'all' },
  },
  {
    why: 'modules of Deno read what all objects inherit (blockList …), and throw where nothing can be caught',
    never: true,
    tests: { 'danger/polluted-names': 'all', 'danger/polluted-prototype': 'all' },
  },
  {
    why: 'memory that is marked as not transferable is a TypeError to a transfer, and no DataCloneError',
    never: true,
    tests: { 'danger/transferred': 'all' },
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
    why: 'not explained yet',
    never: true,
    tests: {
      'danger/descriptors': ['a server whose limits exceed those of the system'],
      'tls/identity': ['a pfx, an encrypted key, lists, and callbacks alone are accepted'],
      'transport/clock': 'all',
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
]
