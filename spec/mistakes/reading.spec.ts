// Mistakes in reading: a second reader, wrong arguments, and a limit that is too low.

import t from 'tap'
import { ConcurrentReadError, LimitExceededError, pipe } from '../../lib/index.js'
import { pair } from '../../lib/testing/index.js'
import { type Any, controller, last, table } from './support.js'

/** A bridge that breaks at the end of the test: its `error` has a listener. */
const duplexOf = (connection: Any): unknown => connection.toDuplex().on('error', () => {})

const lent = {
  duplex: 'toDuplex() has given the reading of this connection to its Duplex: read from that, and not from the connection',
  web: 'toWeb() has given the reading of this connection to its `readable`: read from that, or cancel it to read from the connection again',
  message:
    'readMessage() reads this connection until its function is done: in that function read through its argument, elsewhere await it first',
  pipe: 'pipe() reads this connection until both have ended: await it, or abort it by its `signal`',
  read: 'a read is already pending on this connection, readLine(): await it, or abort it by its `signal`',
}

table(t, 'a read that is refused because of another reader names that reader and what to do', [
  ['a read beside another', ConcurrentReadError, lent.read, (a) => last(a.readLine(), a.readExactly(4))],
  ['a Duplex beside a read', ConcurrentReadError, lent.read, (a) => last(a.readLine(), a.toDuplex())],
  ['a read after toDuplex()', ConcurrentReadError, lent.duplex, (a) => last(duplexOf(a), a.readLine())],
  ['a try after toDuplex()', ConcurrentReadError, lent.duplex, (a) => last(duplexOf(a), a.tryReadLine())],
  ['a second bridge', ConcurrentReadError, lent.duplex, (a) => last(duplexOf(a), a.toWeb())],
  ['startTls() after toDuplex()', ConcurrentReadError, lent.duplex, (a) => last(duplexOf(a), a.startTls({}))],
  ['a read after toWeb()', ConcurrentReadError, lent.web, (a) => last(a.toWeb(), a.read())],
  ['the connection in readMessage()', ConcurrentReadError, lent.message, (a) => a.readMessage(() => a.readLine())],
  [
    'a read beside readMessage()',
    ConcurrentReadError,
    lent.message,
    (a) =>
      last(
        a.readMessage((r: Any) => r.readLine()),
        a.readLine(),
      ),
  ],
  ['two reads in readMessage()', ConcurrentReadError, lent.read, (a) => a.readMessage((r: Any) => last(r.readLine(), r.readLine()))],
  ['a read beside pipe()', ConcurrentReadError, lent.pipe, (a) => last(pipe(a, pair()[0]), a.readLine())],
])

const expects = 'a delimiter must be a string, a Uint8Array or a list of these, not'
const options = 'read options must be an object or an encoding, not'

table(t, 'a wrong argument of a read is answered with what to write instead', [
  [
    'a line end instead of options',
    RangeError,
    "'\\r\\n' is no encoding; if it ends a line, write { delimiter: '\\r\\n' }",
    (a) => a.readLine('\r\n'),
  ],
  [
    'a line end for lines()',
    RangeError,
    "'\\r\\n' is no encoding; if it ends a line, write { delimiter: '\\r\\n' }",
    (a) => a.lines('\r\n').next(),
  ],
  [
    'a line end for tryReadLine()',
    RangeError,
    "'\\0' is no encoding; if it ends a line, write { delimiter: '\\x00' }".replace("'\\0'", "'\\x00'"),
    (a) => a.tryReadLine('\0'),
  ],
  [
    'a misspelt encoding of a line',
    RangeError,
    "'utf-9' is no encoding that Node knows; did you mean 'utf-8'?",
    (a) => a.readLine('utf-9'),
  ],
  ['a misspelt encoding', RangeError, "'latin-1' is no encoding that Node knows; did you mean 'latin1'?", (a) => a.read('latin-1')],
  [
    'an encoding of another library',
    RangeError,
    "'windows-1252' is no encoding that Node knows; use 'utf8', 'latin1', 'hex' …",
    (a) => a.read('windows-1252'),
  ],
  ['a pattern in readUntil()', TypeError, `${expects} a RegExp: readUntilMatch() takes a pattern`, (a) => a.readUntil(/\r?\n/)],
  ['a pattern in a list', TypeError, `${expects} a RegExp: readUntilMatch() takes a pattern`, (a) => a.readUntil(['\n', /\r/])],
  ['a pattern in skipUntil()', TypeError, `${expects} a RegExp: readUntilMatch() takes a pattern`, (a) => a.skipUntil(/\n/)],
  ['a pattern that ends lines', TypeError, `${expects} a RegExp: readUntilMatch() takes a pattern`, (a) => a.readLine({ delimiter: /\n/ })],
  ['a number of bytes in readUntil()', TypeError, `${expects} a number: readExactly() takes a number of bytes`, (a) => a.readUntil(5)],
  ['nothing in readUntil()', TypeError, `${expects} undefined`, (a) => a.readUntil()],
  [
    'a text in readUntilMatch()',
    TypeError,
    'pattern must be a RegExp, not a string: readUntil() takes text or bytes',
    (a) => a.readUntilMatch('\n'),
  ],
  ['a number without its name', TypeError, `${options} a number: write { maxBytes: 100 } or { timeout: 100 }`, (a) => a.read(100)],
  [
    'a number behind a delimiter',
    TypeError,
    `${options} a number: write { maxBytes: 10 } or { timeout: 10 }`,
    (a) => a.readUntil('\n', 10),
  ],
  ['a signal without its name', TypeError, `${options} an AbortSignal: write { signal }`, (a) => a.readLine(controller.signal)],
  [
    'a controller without its name',
    TypeError,
    `${options} an AbortController (pass its \`signal\`): write { signal }`,
    (a) => a.readLine(controller),
  ],
  ['a Promise of options', TypeError, `${options} a Promise (forgotten await?)`, (a) => a.readLine(Promise.resolve({}))],
  ['a list of options', TypeError, `${options} an array`, (a) => a.readLine(['utf8'])],
  ['a text for skip()', TypeError, 'read options must be an object, not a string', (a) => a.skip(1, 'utf8')],
  [
    'a controller instead of its signal',
    TypeError,
    'signal must be an AbortSignal, not an AbortController (pass its `signal`)',
    (a) => a.readLine({ signal: controller }),
  ],
  ['a time as text', TypeError, 'timeout must be a number of milliseconds, not a string', (a) => a.readLine({ timeout: '5' })],
  ['no time at all', RangeError, 'timeout must be more than 0 milliseconds (Infinity: none), not 0', (a) => a.readLine({ timeout: 0 })],
  ['a misspelt option', TypeError, "this read has no option 'timeOut'; did you mean 'timeout'?", (a) => a.readLine({ timeOut: 5 })],
  [
    'the name of another library',
    TypeError,
    "this read has no option 'maxLength'; did you mean 'maxBytes'?",
    (a) => a.readLine({ maxLength: 5 }),
  ],
  [
    'the separator of another library',
    TypeError,
    "this read has no option 'separator'; did you mean 'delimiter'?",
    (a) => a.readLine({ separator: ';' }),
  ],
  [
    'an unknown option',
    TypeError,
    "this read has no option 'colour'; expected one of signal, timeout, maxBytes, idle, encoding",
    (a) => a.read({ colour: 1 }),
  ],
  ['a length as text', TypeError, 'n must be a number of bytes, not a string', (a) => a.readExactly('5')],
  [
    'a length that is not there yet',
    TypeError,
    'n must be a number of bytes, not a Promise (forgotten await?)',
    (a) => a.readExactly(Promise.resolve(5)),
  ],
  ['a Buffer to read into', TypeError, 'n must be a number of bytes, not a Buffer', (a) => a.readExactly(Buffer.alloc(5))],
  [
    'options instead of a length',
    TypeError,
    'n must be a number of bytes, not an object: write chunks(undefined, options)',
    (a) => a.chunks({ maxBytes: 5 }).next(),
  ],
  [
    'memory without a view',
    TypeError,
    'target must be a typed array, a Buffer or a DataView, not an ArrayBuffer (wrap it: `new Uint8Array(buffer)`)',
    (a) => a.readInto(new ArrayBuffer(5)),
  ],
  [
    'a message that was read already',
    TypeError,
    'read must be a function, not a Promise: pass the function itself, without calling it',
    (a) => a.readMessage((async () => {})()),
  ],
  ['a message without a function', TypeError, 'read must be a function, not undefined', (a) => a.readMessage()],
])

table(t, 'the error of a limit names the option that raises it', [
  [
    'the limit of the connection',
    LimitExceededError,
    '11 bytes do not fit the limit of 10; raise `maxBufferSize`, or give the read a `maxBytes` of its own, if that much is expected',
    (a) => last(a.setLimits({ maxBufferSize: 10 }), a.readExactly(11)),
  ],
  [
    'the limit of the read',
    LimitExceededError,
    '11 bytes do not fit the limit of 10; raise `maxBytes` if that much is expected',
    (a) => a.readExactly(11, { maxBytes: 10 }),
  ],
  [
    'writes that are not awaited',
    LimitExceededError,
    /; await the writes, so that they wait for a slow peer, or raise `maxWriteBuffer` if that much is expected$/,
    (a) =>
      last(
        a.setLimits({ maxWriteBuffer: 1 }),
        a.write(Buffer.alloc(500_000)).catch(() => {}),
        a.write('x'),
      ),
  ],
])
