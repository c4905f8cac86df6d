// Known failures on Bun. See index.js.

import { framed } from './framed.js'

/** @type {import('./index.js').Known[]} */
export const bun = [
  {
    why: 'process.getActiveResourcesInfo is always empty there: it is how these tests see that something is open, or has closed',
    tests: {
      'connection/settings': [
        'the timers of a connection keep the process alive exactly while the connection does',
        'a lifted limit does not keep the process alive, with or without unref',
      ],
      'server/ref': ['ref and unref work on a server in memory, and on a closed one'],
      'transport/memory/carrier-ref': ['without latency only bytes for a referenced side keep the process alive'],
      'transport/parts': ['the system clock is monotonic, and its timers fire unless they are cleared'],
      'transport/listening/tcp-accepting': ['only a referenced listener keeps the process alive'],
    },
  },
  {
    why: 'the silent peer of these tests is a listener of Bun whose queue is full; Bun gives it a longer queue, and the connect succeeds',
    never: true,
    tests: {
      'client/connect': [
        'after a quarter of a second without an answer the next address is tried',
        'a connect to a silent peer times out',
        'an abort of a connect to a silent peer',
      ],
    },
  },
  {
    why: 'the connect of the test itself is ECONNREFUSED, not EAGAIN; the path is left alone all the same',
    tests: { 'transport/listening/unix': ['the path of a server that does not answer, because its queue is full, is not taken over'] },
  },
  {
    why: 'the limits of these tests are those of V8 and of chunks of 64 KiB: Bun reads up to 512 KiB, and its process.memoryUsage counts otherwise',
    never: true,
    tests: { 'danger/memory': 'all', 'danger/memory-reading': 'all', 'danger/memory-time': 'all' },
  },
  {
    why: 'Bun reads 512 KiB at once, so nothing of the answer is left in the system',
    tests: {
      'danger/early-answer': ['an answer beyond the read-ahead of a paused connection is read whole, and the loss after it'],
    },
  },
  {
    why: 'a reset that comes with data is an end on Unix sockets, and over TLS it is not noticed behind an own end',
    never: true,
    tests: {
      'danger/early-answer': [
        'data and a reset that arrive together are a loss, whatever this side does (unix)',
        'data and a reset that arrive together are a loss, whatever this side does (TLSv1',
        'data and a reset that arrive together are a loss, whatever this side does (from a TLSSocket',
        'data and a reset that arrive together are a loss, whatever this side does (by startTls)',
      ],
    },
  },
  {
    why: 'behind a block, a handshake between two processes of Bun may need more turns than the time limit grants',
    sometimes: true,
    tests: { 'danger/blocked-loop': ['a TLS handshake that arrives while the event loop is blocked is in time'] },
  },
  {
    why: 'fetch is that of Bun, whose answers to HEAD and to a refused upload differ from those of Node',
    tests: { 'examples/http': ['fetch gets and sends bodies of all kinds, many at once'] },
  },
  {
    why: 'Bun notices a reset of a socket that is paused, before the test looks for it',
    never: true,
    tests: {
      'danger/slow-peer': ['a slow consumer is cut at maxWriteBuffer, and the other peers receive everything'],
      'transport/socket-breaks': ['a write that fails within the call has not left'],
    },
  },
  {
    why: 'where no descriptor is free, its listen fails without EMFILE, its connect with ECONNREFUSED, and an accept does not end the clients',
    tests: {
      'danger/descriptors': ['an option that has to be probed is not reported as unsupported because no descriptor is free'],
      package: ['importing loads none of the slow modules of Node'],
    },
  },
  {
    why: 'where no descriptor is free Bun leaves clients in the queue of the system, and does not close them',
    never: true,
    tests: { 'danger/descriptors': ['a server whose limits exceed those of the system serves new clients once the others have left'] },
  },
  {
    why: 'modules of Bun read what all objects inherit (destroy, call, errno …), and throw where nothing can be caught',
    never: true,
    tests: { 'danger/polluted-names': 'all', 'danger/polluted-prototype': 'all' },
  },
  {
    why: 'console.error prints an error with lines of its source, and not as its stack',
    tests: { 'danger/silence': ['an error of a handler is printed with its stack, and the server goes on'] },
  },
  {
    why: 'a process that could not write to stderr has exit code 1 at its end, which it reaches',
    tests: {
      'danger/stderr': ['a stderr that is a dead pipe does not end the process', 'a stderr on a full disk does not end the process'],
    },
  },
  {
    why: 'Bun follows the paths of tsconfig.json in a checkout, and finds lib/ where a program asks for linnet',
    tests: {
      dist: ['each file of dist is needed, and none is missing', 'with LINNET_STACKS the stack has the calling program'],
      package: ['no other path of the package can be imported'],
    },
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
    why: 'minDHSize is not looked at',
    never: true,
    tests: { 'tls/handshake': ['options that Node refuses only when it connects'] },
  },
  {
    why: 'a session of TLS 1.3 is not resumed, which the test waits for',
    never: true,
    tests: {
      'tls/server-client-certificates': [
        'a client certificate that verifies is shown, also in a resumed session',
        'with rejectUnauthorized: false the program decides, also in a resumed session',
      ],
    },
  },
  {
    why: 'a session is not resumed by another server or context with the same ticket keys',
    tests: {
      'tls/sessions': [
        'after setTls with the same authorities a session is resumed with shared ticketKeys only',
        'another endpoint of the server resumes a session only if its requirements are the same',
        'another server with the same ticketKeys resumes a session only if its requirements are the same',
      ],
    },
  },
  {
    why: 'there are no pre-shared keys',
    tests: { 'tls/server-client-certificates': ['a pre-shared key admits a client, but is no certificate where one is requested'] },
  },
  {
    why: 'the test cuts within Socket.prototype._final, which Bun does not call for the TLSSockets of a server',
    never: true,
    tests: { 'tls/shutting': ['the handle of a client that'] },
  },
  {
    why: 'over a stream that is no socket of the system, its TLS ends both directions when the peer ends one: what is written behind that is a loss',
    never: true,
    tests: {
      'tls/carrier': [
        'in memory, as the client',
        'in memory, as the server',
        'over Duplexes, as the client',
        'over Duplexes, as the server',
      ],
    },
  },
  {
    why: 'over Unix sockets a reset of the TLS client, which is a plain close there, is not always told',
    never: true,
    tests: { 'tls/carrier': ['over Unix sockets, as the client'] },
  },
  {
    why: 'a server keeps keepAliveInitialDelay in milliseconds, where Node has seconds',
    tests: { 'transport/listening/tcp-accepting': ['accepted sockets are paused, half-open, and have the requested settings'] },
  },
  {
    why: 'async_hooks counts no promises, and the inspector no calls: it is how these tests see what is made',
    tests: {
      'danger/error-cost': ['a connection that a peer ends creates one error'],
      'framing/cost': framed,
    },
  },
  {
    why: 'what is written behind the end of the peer is a loss, which on a busy machine is faster than the rest of what the peer had written',
    sometimes: true,
    tests: {
      'tls/over-streams': ['a megabyte arrives whole, or is a loss on both sides, if the peer ends during the transfer (two Duplexes'],
    },
  },
]
