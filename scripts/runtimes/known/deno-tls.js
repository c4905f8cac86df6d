// Known failures on Deno that its TLS causes. See index.js.

/** The tests with these titles over TLS, and over STARTTLS. */
const tls = (...titles) => titles.flatMap((title) => [`${title} (tls)`, `${title} (starttls)`])

/** @type {import('./index.js').Known[]} */
export const denoTls = [
  {
    why: 'over TLS an end of stream that comes while the socket is paused is lost, and a write is taken at once, however much waits',
    never: true,
    tests: {
      'connection/bridges/duplex': tls('a large stream goes through two bridges unharmed', 'back-pressure applies in both directions'),
      'connection/bridges/web': tls('a large stream is piped through unharmed', 'back-pressure applies in both directions'),
      'connection/reading/backpressure': tls(
        'without reads, at most the mark and two chunks are read ahead',
        'small reads from a large stream do not fill memory',
      ),
      'connection/reading/batches-limits': tls('messages over the limit are skipped whole, and all others arrive'),
      'connection/reading/iterators': tls('chunks loses no byte and yields no empty piece'),
      'connection/reading/iterators-overflow': tls('an over-long line is dropped whole, and the next one is kept'),
      'connection/reading/ends': tls('an end comes after the unread bytes before it'),
      'connection/writing/write-from': tls('no more is read from a source than the peer has room for'),
      'connection/writing/waiting': tls(
        'a peer that does not read makes a write wait; when it reads, the write goes on',
        'tryWrite queues all of its data while there is room, and nothing when there is none',
        'flush waits for the bytes written so far, and for no later ones',
        'a flush rejects if some written bytes are lost, also when it is called afterwards',
        'queued and bytesWritten add up to the bytes written, at every moment',
      ),
      'connection/ending-own': tls('end resolves once all is sent, and the end of stream follows it'),
      'connection/ending-abort': tls('an abort rejects all pending and later calls, with its reason as the cause'),
      'connection/ending-loss': tls('pending writes, flushes and ends reject with a loss'),
      'danger/slow-peer': tls('a writer whose queue is never empty holds only the bytes that are queued'),
      'testing/conformance': ['a good connection is accepted: one over tls', 'a good connection is accepted: one over starttls'],
      'tls/carrier': [
        'over TCP, as',
        'over Unix sockets, as',
        'in memory, as',
        'over Duplexes, as',
        'a reset while TLS shuts its sending side down closes the stream',
      ],
      'tls/over-streams': [
        'a megabyte that is read late arrives whole before the end',
        'a megabyte that is written to a Duplex arrives whole before the end (TCP, by startTls',
        'a write waits while the peer does not read, and is counted',
        'a close that times out is a loss for the peer',
      ],
      'transport/close-notify': [
        ...tls(
          'an end without a word, right after the first line, loses none of the bytes behind the line',
          'an end with an answer, right after the first line, loses none of the bytes behind the line',
        ),
        'an end of a connection made from a TLSSocket loses no bytes either',
        'an end of a connection made from the web streams of a TLSSocket loses no bytes either',
      ],
      'danger/truncation': tls('a 20 MB write followed by a close arrives whole while the peer sends as much, which is not read'),
      pipe: tls(
        'megabytes in both directions at once arrive whole',
        'a side that does not read makes the other wait, and no more is held than both may buffer',
      ),
    },
  },
  {
    why: 'an end over TLS that comes in the moment of a pause is lost, now and then on a busy machine',
    sometimes: true,
    tests: {
      'connection/bridges/socket-duplex': tls('destroySoon() sends all written bytes, and cuts nothing off'),
      'connection/ending-close': tls(
        'after a close every read and write rejects at once, buffered bytes are dropped, and queued bytes arrive',
      ),
    },
  },
  {
    why: 'there is no reset over TLS: the peer sees nothing, or an end',
    never: true,
    tests: {
      'connection/bridges/duplex-breaks': tls(
        'a loss is the error of the Duplex, whether it is read, written or neither',
        'bytes received before a loss are read before it',
      ),
      'connection/bridges/web': tls('a loss is the error of both streams, after the bytes received before'),
      'connection/ending-abort': tls('the peer of an abort sees a loss, not an end'),
      'connection/ending-loss': tls(
        'a pending read rejects with the loss, and so do all later calls',
        'bytes received before a loss are read, line by line and down to the last byte',
        'a loss is noticed without a pending read or write',
      ),
      'connection/reading/ends': tls(
        'a buffered line is delivered before a reset',
        'a line that is buffered on a paused socket is delivered before a reset',
      ),
      'connection/writing/write-from-failing': tls(
        'when the connection fails the source is cancelled, also while its next piece is pending',
        'a silent web stream is cancelled as soon as no more writes are accepted',
      ),
      'danger/cancel': tls(
        'a buffered line is delivered before a reset, also on a paused socket',
        'a reset is a ConnectionLostError and not an end of stream',
      ),
      'danger/early-answer': [
        'data and a reset that arrive together are a loss, whatever this side does (TLSv1',
        'data and a reset that arrive together are a loss, whatever this side does (from a TLSSocket',
        'data and a reset that arrive together are a loss, whatever this side does (by startTls)',
      ],
      'danger/tls': ['a reset behind session tickets, or behind data, is a loss and not an end of stream'],
      pipe: tls('when either side is lost both are aborted, and pipe rejects with the loss'),
      'tls/handshake': ['a cut frees both sides; after the handshake it resets the carrier; a second cut changes nothing'],
      'tls/swallowed-break': [
        'a reset that meets the session tickets of a server is a loss, and no write waits forever',
        'a reset that meets an own end is a loss, and half an answer is not a whole one',
      ],
      'transport/close-notify': [
        'a reset that meets the end of a given TLSSocket is a loss, and half an answer is not a whole one',
        'an abort in the turn of an end is a loss for the peer',
      ],
    },
  },
  {
    why: 'a session is not resumed',
    never: true,
    tests: {
      'tls/server-client-certificates': [
        'a client certificate that verifies is shown, also in a resumed session',
        'with rejectUnauthorized: false the program decides, also in a resumed session',
      ],
      'tls/sessions': [
        'a session is resumed, and verified, if nothing has changed',
        'resuming a session without a certificate does not verify the client',
        'after setTls with the same authorities a session is resumed',
        'another endpoint of the server resumes a session only if',
        'another server with the same ticketKeys resumes a session only if',
        'startTls resumes a session with equal options',
        'an OpenSSL client cannot resume a session under another name',
      ],
    },
  },
  {
    why: 'a socket has no descriptor, by which a reset is seen in front of the own end',
    tests: { 'tls/swallowed-break': ['a reset is distinguished from an end with a reset behind it'] },
  },
  {
    why: 'a reset at the close of a given socket leaves its handle open, so that the process does not end; over TLS there is no reset',
    never: true,
    tests: { 'transport/duplex-reset': 'all' },
  },
  {
    why: 'there are no pre-shared keys',
    tests: { 'tls/server-client-certificates': ['a pre-shared key admits a client, but is no certificate where one is requested'] },
  },
  {
    why: 'the errors of TLS and of certificates have other codes (UNABLE_TO_VERIFY_LEAF_SIGNATURE, ERR_SSL_WRONG_VERSION_NUMBER)',
    tests: {
      'real-peers/tls': ['client certificates are verified'],
      'tls/server': ['plain HTTP at a TLS port is one handshakeError, and no connection'],
      'tls/server-client-certificates': ['a certificate that does not verify is refused, and so is none'],
    },
  },
  {
    why: 'a certificate that is itself in `ca` is trusted whatever its dates',
    tests: {
      'testing/certificate': ['a certificate that has expired, or is not valid yet, is refused'],
      'testing/statements': ['a certificate that has expired is refused'],
      'tls/client': ['a client refuses another name, an expired certificate'],
    },
  },
  {
    why: 'a TLSSocket of a server does not say that its client named nothing',
    tests: { 'client/tls': ['a name is sent by SNI'] },
  },
  {
    why: 'the test cuts within Socket.prototype._final, which Deno does not call for a close_notify',
    never: true,
    tests: { 'tls/shutting': ['the handle of a client that sends a close_notify'] },
  },
]
