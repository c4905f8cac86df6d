import fc from 'fast-check'
import t from 'tap'
import { compileDelimiter } from '../../lib/bytes/delimiter.js'
import { type MessageFormat, type Splitter, splitterFor } from '../../lib/bytes/split.js'
import { same } from './support.js'

const none = Number.POSITIVE_INFINITY

const formatOf = (delimiter: string | Uint8Array, encoding?: BufferEncoding, isLine = false): MessageFormat => ({
  delimiter: compileDelimiter(delimiter),
  encoding,
  keepsDelimiter: !isLine,
  carriageReturn: isLine && delimiter === '\n',
})

/** The messages of a chunk one after the other, and the number of their bytes. */
function model(chunk: Buffer, format: MessageFormat, most: number): [unknown[], number] {
  const sequence = format.delimiter.sequences[0] as Buffer
  const messages: unknown[] = []
  for (let from = 0; ; ) {
    const at = chunk.indexOf(sequence, from)
    const to = at + sequence.length
    if (at < 0 || to - from > most) return [messages, from]
    let end = format.keepsDelimiter ? to : at
    if (format.carriageReturn && at > from && chunk[at - 1] === 13) end--
    const message = chunk.subarray(from, end)
    messages.push(format.encoding === undefined ? message : message.toString(format.encoding))
    from = to
  }
}

function check(chunk: Buffer, format: MessageFormat, most: number): void {
  const [messages, bytes] = model(chunk, format, most)
  const splitter = splitterFor(format) as Splitter<string | Buffer>
  // Arrays are made for the messages of the last chunk.
  for (const before of ['', 'a\n;;\0\r\n'.repeat(50)]) {
    splitter.split(Buffer.from(before), none)
    const got = splitter.split(chunk, most)
    same('bytes', splitter.bytes, bytes)
    compare(got, messages)
  }
}

function compare(got: readonly unknown[], messages: readonly unknown[]): void {
  same('messages', got.length, messages.length)
  for (const [at, message] of messages.entries()) same(`message ${at}`, got[at], message)
}

const encodings = [undefined, 'utf8', 'UTF-8', 'latin1', 'binary', 'ascii', 'hex', 'base64', 'utf16le'] as (BufferEncoding | undefined)[]
const delimiters = ['\n', '\r\n', ';;', 'aba', '\0', 'é', Buffer.from([0x82]), Buffer.from([0xff, 0xfe])]
// Whole, cut and invalid characters of one to four bytes, and what an encoding may take for a delimiter.
const units = ['a', 'b', ';', '\r', '\n', '\n', '\r\n', '\0', 'é', '\u20ac', '\u{1f426}', '\x8a'].map((text) => Buffer.from(text))
const invalid = [[0xe2, 0x82], [0xff], [0x82], [0xf0, 0x9f], [0xed, 0xa0, 0x80], [0x8a], [0xff, 0xfe]].map((each) => Buffer.from(each))

t.test(
  'a chunk is split as its messages are taken one by one, whatever the bytes, the delimiter, the encoding and the limit',
  async (t) => {
    const chunk = fc.array(fc.constantFrom(...units, ...invalid), { maxLength: 40 }).map((list) => Buffer.concat(list))
    const most = fc.oneof(fc.constant(none), fc.integer({ min: 3, max: 12 }))
    fc.assert(
      fc.property(
        chunk,
        fc.constantFrom(...delimiters),
        fc.constantFrom(...encodings),
        fc.boolean(),
        most,
        (chunk, delimiter, encoding, isLine, most) => check(chunk, formatOf(delimiter, encoding, isLine), most),
      ),
      { numRuns: 5000 },
    )
    t.pass()
  },
)

t.test('long chunks are decoded in pieces that end with a message, and messages longer than a piece alone', async (t) => {
  const lengths = [0, 1, 10, 500, 1800, 1898, 1899, 1900, 1901, 3000, 3798, 3799, 3800, 3801, 9000]
  for (const letter of ['x', 'é', 'ж', '\u{1f426}']) {
    const text = lengths.flatMap((length) => [letter.repeat(length), 'short\r', '']).join('\n')
    const chunk = Buffer.from(`${text.repeat(3)}the rest`)
    for (const most of [none, 50_000, 3801, 3800, 1000, 1]) {
      for (const encoding of ['utf8', 'latin1', undefined] as const) {
        for (const isLine of [true, false]) check(chunk, formatOf('\n', encoding, isLine), most)
      }
    }
  }
  t.pass()
})

t.test('a chunk without a whole message is not split', async (t) => {
  for (const format of [formatOf('\r\n', 'utf8'), formatOf('\r\n'), formatOf('long delimiter', 'latin1')]) {
    for (const text of ['', 'a', '\r', '\n\r']) check(Buffer.from(text), format, none)
  }
  t.pass()
})

t.test('a list of delimiters has no splitter, and only bytes share memory', async (t) => {
  const format = formatOf('\n')
  t.equal(splitterFor({ ...format, delimiter: compileDelimiter(['\n', ';']) }), undefined)
  t.equal(splitterFor(format)?.shares, true)
  t.equal(splitterFor({ ...format, encoding: 'utf8' })?.shares, false)
  t.equal(splitterFor({ ...format, encoding: 'hex' })?.shares, false)
  t.ok(splitterFor({ ...format, delimiter: compileDelimiter(['\n', '\n']) }), 'a list of one is a delimiter')
})
