// Known failures on Deno, except those of its TLS (deno-tls.js). See index.js.

/** @type {import('./index.js').Known[]} */
export const deno = [
  {
    why: 'bind says EINVAL of an address that the machine does not have, not EADDRNOTAVAIL',
    tests: { 'client/connect': ['a local address that the machine does not have'] },
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
      'examples/http-front': 'all',
    },
  },
  {
    why: 'these take longer than a test may: a turn of the event loop takes 2 ms and more, and they take thousands of turns',
    never: true,
    tests: {
      'connection/ending-time': ['a peer that reads slowly but steadily receives everything, however long it takes'],
      'connection/reading/iterators-overflow': ['whatever is cut, cancelled or timed out, a loop yields all lines within the limit'],
      'connection/reading/messages': ['a message resolves with what its function makes of two reads'],
      'connection/reading/messages-model': 'all',
      'connection/reading/model': 'all',
      'connection/reading/some': ['text is the same wherever it is cut'],
      'connection/writing/limits': ['any progress starts writeTimeout again, also within one large write'],
      'connection/writing/order': [
        'bytes written by any method arrive in order and are counted',
        'a loop of large writes to a fast peer lets other connections have their turn',
      ],
      'danger/blocked-loop': ['a process that is stopped and continued cuts no peer that sent data meanwhile'],
      'danger/fairness': 'all',
      'danger/kept-text': 'all',
      'danger/stampede': 'all',
      'server/proxy-header-refused': ['any bytes result in exactly one connection'],
      'testing/conformance': ['a good connection is accepted'],
      'testing/manual-clock': ['advance does not wait for two sides that never come to rest'],
    },
  },
  {
    why: 'the signal that a test has sent is told as the end of the process, whatever its exit code (child_process)',
    never: true,
    tests: {
      'connection/settings': ['an open connection keeps the process alive until unref, with its timers'],
      'danger/shutdown': 'all',
      'examples/countdown': ['Ctrl-C'],
      'examples/daytime': ['input of the client is ignored'],
      'examples/echo': ['Ctrl-C'],
      'examples/irc-bot': ['Ctrl-C'],
      'examples/tcp-proxy': 'all',
      'examples/telemetry-push': ['the end of the client ends both tasks'],
      'examples/tls-echo': ['input is sent back, and the agreed protocols are printed'],
      shutdown: 'all',
      'shutdown-process': 'all',
    },
  },
  {
    why: 'the test starts a child by the flags of Node',
    never: true,
    tests: { 'danger/stderr': 'all' },
  },
  {
    why: 'a server does not show its descriptor, which the test passes on',
    never: true,
    tests: { 'danger/lost-address': ['a client that resets before it is accepted is dropped on an inherited socket'] },
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
    why: 'a turn of the event loop is not an immediate there, as these tests count them',
    tests: {
      'transport/deadline': ['a limit waits for bytes whose turn has not come, for a bounded number of turns'],
      'transport/memory/carrier': ['several chunks arrive in one turn, and the bytes that they make room for in the next'],
      'connection/writing/waiting': ['setLimits moves the mark from the next write on'],
    },
    sometimes: true,
  },
  {
    why: 'not explained yet',
    never: true,
    tests: {
      'danger/descriptors': ['a server whose limits exceed those of the system'],
      'danger/silence': 'all',
      'tls/identity': ['a pfx, an encrypted key, lists, and callbacks alone are accepted'],
      'transport/clock': 'all',
      'transport/socket-breaks': ['an end is reported without delay while bytes are queued on this side'],
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
