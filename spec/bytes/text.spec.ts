import { StringDecoder } from 'node:string_decoder'
import fc from 'fast-check'
import t from 'tap'
import { ByteQueue } from '../../lib/bytes/queue.js'
import { completeLength } from '../../lib/bytes/text.js'
import { cut, same } from './support.js'

const utf8 = ['utf8', 'utf-8', 'UTF8', 'Utf-8'] as BufferEncoding[]
const utf16 = ['utf16le', 'utf-16le', 'ucs2', 'ucs-2', 'UTF16LE', 'Utf-16LE', 'UCS2', 'Ucs-2'] as BufferEncoding[]
const others = ['latin1', 'binary', 'ascii', 'hex', 'HEX', 'Latin1'] as BufferEncoding[]

// Bytes at every edge of the table of valid sequences, and any.
const edges = '00 41 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 f7 f8 ff'
const edge = fc.constantFrom(...edges.split(' ').map((each) => Number.parseInt(each, 16)))
const anyBytes = fc.array(fc.oneof(edge, fc.integer({ min: 0, max: 255 })), { maxLength: 14 }).map((each) => Buffer.from(each))
// Halves of surrogate pairs, in any order.
const anyUnits = fc.array(fc.constantFrom(0x41, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xd8d8), { maxLength: 8 }).map((units) => {
  const bytes = Buffer.alloc(units.length * 2)
  for (const [index, unit] of units.entries()) bytes.writeUInt16LE(unit, index * 2)
  return bytes
})
const text = fc.string({ unit: 'binary', maxLength: 8 })
const places = fc.array(fc.nat(99), { maxLength: 6 })

function queueOf(bytes: Buffer, places: readonly number[] = []): ByteQueue {
  const queue = new ByteQueue()
  for (const piece of cut(bytes.toString('latin1'), places)) queue.push(piece)
  return queue
}

/** Whether some continuation makes these bytes one valid character. */
function mayComplete(begun: Buffer): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const nexts = [0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf]
  let candidates = [[...begun]]
  for (let more = 1; more <= 3; more++) {
    candidates = candidates.flatMap((each) => nexts.map((next) => [...each, next]))
    for (const each of candidates) {
      try {
        if ([...decoder.decode(Buffer.from(each))].length === 1) return true
      } catch {
        // Not this one.
      }
    }
  }
  return false
}

for (const [name, encodings, bytes] of [
  [
    'UTF-8',
    utf8,
    fc.oneof(
      anyBytes,
      text.map((each) => Buffer.from(each)),
    ),
  ],
  [
    'UTF-16',
    utf16,
    fc.oneof(
      anyBytes,
      anyUnits,
      text.map((each) => Buffer.from(each, 'utf16le')),
    ),
  ],
] as const) {
  t.test(`${name} text is the same however it is cut`, async (t) => {
    fc.assert(
      fc.property(bytes, fc.nat(), places, fc.constantFrom(...encodings), (bytes, pick, places, encoding) => {
        const n = pick % (bytes.length + 1)
        const queue = queueOf(bytes, places)
        const complete = completeLength(queue, n, encoding)
        if (complete > n || complete < n - 3) throw new Error(`${complete} of ${n}`)
        const first = queue.take(complete).toString(encoding)
        const rest = queue.take(queue.length).toString(encoding)
        same('both parts', first + rest, bytes.toString(encoding))
        // Node's decoder, which is given the same pieces, may keep more of what is invalid, but sees the same text.
        const decoder = new StringDecoder(encoding)
        same('as decoded', decoder.write(bytes.subarray(0, n)) + decoder.end(bytes.subarray(n)), first + rest)
      }),
      { numRuns: 5000 },
    )
    t.pass('not in 5000 runs')
  })
}

t.test("valid text is cut where Node's decoder cuts it", async (t) => {
  fc.assert(
    fc.property(text, fc.nat(), places, fc.constantFrom(...utf8, ...utf16), (text, pick, places, encoding) => {
      const bytes = Buffer.from(text, encoding)
      // Of a surrogate pair that is cut in its second half (an odd n), Node's decoder hands out the first: we do not.
      const n = (pick % (bytes.length + 1)) & (utf16.includes(encoding) ? ~1 : ~0)
      const queue = queueOf(bytes, places)
      const complete = queue.take(completeLength(queue, n, encoding)).toString(encoding)
      same('what is whole', complete, new StringDecoder(encoding).write(bytes.subarray(0, n)))
    }),
    { numRuns: 3000 },
  )
  t.pass('not in 3000 runs')
})

t.test('bytes that can never become a character are taken', async (t) => {
  fc.assert(
    fc.property(anyBytes, places, (bytes, places) => {
      const complete = completeLength(queueOf(bytes, places), bytes.length, 'utf8')
      if (complete < bytes.length && !mayComplete(bytes.subarray(complete))) {
        throw new Error(`${bytes.subarray(complete).toString('hex')} can never be a character`)
      }
    }),
    { numRuns: 2000 },
  )
  for (const invalid of 'c0 c1 f5 ff e080 ed9f80 eda0 f08f f490 80 8080 808080 f4908080 c080 e0'.split(' ').slice(0, -1)) {
    const bytes = Buffer.from(`41${invalid}`, 'hex')
    t.equal(completeLength(queueOf(bytes), bytes.length, 'utf8'), bytes.length, invalid)
  }
})

t.test('bytes that begin a character stay unread', async (t) => {
  for (const begun of 'c2 df e0 e0a0 ed ed9f ef efbf f0 f090 f09080 f4 f48f f48fbf f1 f180 f18080'.split(' ')) {
    const bytes = Buffer.from(`41${begun}`, 'hex')
    t.equal(completeLength(queueOf(bytes), bytes.length, 'utf8'), 1, begun)
    t.equal(completeLength(queueOf(bytes.subarray(1)), bytes.length - 1, 'utf8'), 0, `only ${begun}`)
  }
  for (const [hex, complete] of [
    ['', 0],
    ['41', 0],
    ['4100', 2],
    ['410042', 2],
    ['00d8', 0],
    ['00d842', 0],
    ['410000db', 2],
    ['00d800dc', 4],
    ['00dc', 2],
    ['d841', 2],
  ] as const) {
    const bytes = Buffer.from(hex, 'hex')
    t.equal(completeLength(queueOf(bytes), bytes.length, 'utf16le'), complete, `UTF-16: ${hex}`)
  }
})

t.test('only the bytes that were asked about are looked at', async (t) => {
  const queue = queueOf(Buffer.from('aé€😀z'), [2, 4, 7])
  const lengths = [...Array(queue.length + 1).keys()].map((n) => completeLength(queue, n, 'utf8'))
  t.same(lengths, [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11])
})

t.test('an encoding that decodes each byte separately leaves no byte out', async (t) => {
  const queue = queueOf(Buffer.from('61e282', 'hex'))
  for (const encoding of others) t.equal(completeLength(queue, 3, encoding), 3, encoding)
})

t.test('base64 is cut between groups of three bytes', async (t) => {
  const queue = queueOf(Buffer.from('abcdefgh'), [1, 5])
  for (const encoding of ['base64', 'base64url', 'BASE64'] as BufferEncoding[])
    t.same(
      [1, 2, 3, 4, 5, 6, 8].map((n) => completeLength(queue, n, encoding)),
      [0, 0, 3, 3, 3, 6, 6],
    )
})
