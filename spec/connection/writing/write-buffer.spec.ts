// The write buffer against a model that is a list of bytes. Pieces of any size are sent as the same bytes in the same order,
// and reused memory never shows.

import fc from 'fast-check'
import t from 'tap'
import { SLAB } from '../../../lib/connection/writing/slabs.js'
import { addSmallList } from '../../../lib/connection/writing/small-lists.js'
import { WriteBuffer } from '../../../lib/connection/writing/write-buffer.js'
import { pattern } from '../../support/wait.js'

const RUNS = 1500
const LARGE = 16 * 1024

// Sizes around every limit of the buffer, most of them small.
const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: LARGE + 10 }) },
  { weight: 1, arbitrary: fc.constantFrom(LARGE - 1, LARGE, LARGE + 1, SLAB - 1, SLAB, SLAB + 1, 3 * SLAB + 5) },
)
// One, two, three and four bytes of UTF-8, and halves of surrogate pairs, which become U+FFFD.
const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 60, unit: fc.constantFrom('a', '\n', 'ü', '€', '🐦', '\ud83d', '\udc26') }) },
  {
    weight: 1,
    arbitrary: fc
      .record({ of: fc.constantFrom('a', '€', '🐦'), length: fc.nat({ max: 24_000 }) })
      .map(({ of, length }) => of.repeat(length)),
  },
)

type Step =
  | { kind: 'bytes'; by: number; size: number }
  | { kind: 'text'; by: number; text: string }
  /** A list that is appended at once, or not at all. */
  | { kind: 'texts'; by: number; texts: string[] }
  | { kind: 'pieces'; by: number; sizes: number[] }
  /** A list that was undone because one of its pieces failed. */
  | { kind: 'undone'; by: number; size: number; text: string }
  /** Take a slice, unless one is in flight. */
  | { kind: 'hand'; by: number; slice: number }
  /** The slice in flight was sent. */
  | { kind: 'left'; by: number }
  | { kind: 'dry'; by: number }
const by = fc.nat({ max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('bytes' as const), by, size }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('text' as const), by, text }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('texts' as const), by, texts: fc.array(text, { minLength: 1, maxLength: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pieces' as const), by, sizes: fc.array(size, { minLength: 1, maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('undone' as const), by, size, text }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('hand' as const), by, slice: fc.constantFrom(1, 100, LARGE, SLAB, 10 * SLAB) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('left' as const), by }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dry' as const), by }) },
)

const source = pattern(4 * SLAB)

/** A buffer with its model, and a carrier that holds a slice until it was sent. */
class Writer {
  readonly #buffer = new WriteBuffer()
  /** What was written and not taken yet. */
  #model = Buffer.alloc(0)
  #underWay: readonly Uint8Array[] = []
  #expected = Buffer.alloc(0)
  /** Bytes of all texts: as units plus the extra bytes that the buffer returns, and as they are. */
  #units = 0
  #texts = 0

  bytes(size: number): void {
    const from = this.#model.length % SLAB
    const bytes = Buffer.from(source.subarray(from, from + size))
    this.#model = Buffer.concat([this.#model, bytes])
    if (size > 0) this.#buffer.add(bytes)
    // The program uses its memory again.
    if (size < LARGE) bytes.fill(0)
  }

  text(text: string): void {
    const bytes = Buffer.from(text)
    this.#model = Buffer.concat([this.#model, bytes])
    if (text !== '') this.#buffer.addText(text)
    this.#units += text.length
    this.#texts += bytes.length
  }

  list(list: readonly (string | Buffer)[]): void {
    const length = addSmallList(this.#buffer, list)
    if (length === undefined) return
    const bytes = Buffer.concat(list.map((piece) => Buffer.from(piece)))
    if (length !== bytes.length) throw new Error(`${length} bytes of a list were counted, not ${bytes.length}`)
    this.#model = Buffer.concat([this.#model, bytes])
    for (const piece of list) if (typeof piece !== 'string') piece.fill(0)
  }

  /** Appends and undoes: the buffer is unchanged. */
  undone(size: number, text: string): void {
    const mark = this.#buffer.mark()
    this.#buffer.addText(`${text}!`)
    if (size > 0) this.#buffer.add(source.subarray(0, size))
    this.#buffer.addText(text === '' ? '?' : text)
    this.#buffer.undo(mark)
  }

  hand(slice: number): void {
    if (this.#underWay.length > 0) return
    this.#units += this.#buffer.encodePending()
    if (this.#units !== this.#texts) throw new Error('the length of the texts is wrong')
    // Joined small pieces are one slab at most.
    const small = slice < SLAB ? undefined : this.#buffer.takeSmall()
    const pieces = small === undefined ? this.#buffer.next(slice) : [small]
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (pieces.some((piece) => piece.length === 0)) throw new Error('an empty piece was handed on')
    if (length > slice) throw new Error(`${length} bytes were handed on at once, more than ${slice}`)
    if (pieces.length === 0 && this.#model.length > 0) throw new Error('something was kept back')
    this.#expected = this.#model.subarray(0, length)
    this.#model = this.#model.subarray(length)
    this.#underWay = pieces
  }

  /** Bytes in flight are unchanged, however long they take. */
  left(): void {
    if (!Buffer.concat(this.#underWay).equals(this.#expected)) throw new Error('what left is not what was written')
    this.#underWay = []
    this.#expected = Buffer.alloc(0)
  }

  /** Sends everything and recycles, as the write half does. */
  dry(): void {
    do {
      this.left()
      this.hand(SLAB)
    } while (this.#underWay.length > 0)
    this.#buffer.recycle()
  }

  finish(): void {
    this.dry()
    if (this.#model.length > 0) throw new Error('bytes were lost')
  }
}

t.test('all bytes are sent in order, and memory of one connection never shows in another', async () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const writers = [new Writer(), new Writer(), new Writer()] as const
      for (const step of steps) {
        const writer = writers[step.by] as Writer
        if (step.kind === 'bytes') writer.bytes(step.size)
        else if (step.kind === 'text') writer.text(step.text)
        else if (step.kind === 'texts') writer.list(step.texts)
        else if (step.kind === 'pieces') writer.list(step.sizes.map((size) => Buffer.from(source.subarray(size % 7, (size % 7) + size))))
        else if (step.kind === 'undone') writer.undone(step.size, step.text)
        else if (step.kind === 'hand') writer.hand(step.slice)
        else writer[step.kind]()
      }
      for (const writer of writers) writer.finish()
    }),
    { numRuns: RUNS },
  )
})

t.test('small pieces are taken as one piece, unless a large one is among them', async (t) => {
  const buffer = new WriteBuffer()
  t.equal(buffer.takeSmall(), undefined)
  buffer.add(Buffer.from('one'))
  t.same(buffer.takeSmall(), Buffer.from('one'))
  for (const text of ['two', 'three']) buffer.add(Buffer.from(text))
  buffer.addText('four')
  t.same(buffer.takeSmall(), Buffer.from('twothreefour'))
  buffer.add(Buffer.alloc(LARGE))
  buffer.add(Buffer.from('behind'))
  t.equal(buffer.takeSmall(), undefined)
  t.equal(Buffer.concat(buffer.next(SLAB)).length, LARGE + 6)
  buffer.addText('x'.repeat(SLAB))
  t.equal(buffer.takeSmall(), undefined, 'a long text is a large piece')
  t.equal(Buffer.concat(buffer.next(SLAB)).length, SLAB)
  t.equal(buffer.takeSmall(), undefined)
  buffer.recycle()
  for (let n = 0; n < 15; n++) buffer.add(Buffer.alloc(4096))
  buffer.addText('x'.repeat(4200))
  t.equal(buffer.takeSmall(), undefined, 'nor are two slabs one piece')
  t.equal(Buffer.concat(buffer.next(2 * SLAB)).length, 15 * 4096 + 4200)
})

t.test('small pieces of a turn are sent as one', async (t) => {
  const buffer = new WriteBuffer()
  for (let n = 0; n < 500; n++) n % 2 ? buffer.add(Buffer.alloc(64, n)) : buffer.addText('x'.repeat(64))
  buffer.encodePending()
  const pieces = buffer.next(SLAB)
  t.equal(pieces.length, 1)
  t.equal(pieces[0]?.length, 32_000)
  t.equal(buffer.next(SLAB).length, 0)
})

t.test('a large piece is kept by reference, a small one is copied', async (t) => {
  const buffer = new WriteBuffer()
  const small = Buffer.from('alone')
  buffer.add(small)
  small.fill('x')
  t.equal(String(buffer.next(SLAB)[0]), 'alone')
  const large = Buffer.alloc(LARGE)
  buffer.add(large)
  t.equal(buffer.next(SLAB)[0]?.buffer, large.buffer)
})

t.test('halves of a surrogate pair at the end and the start of two texts are not joined', async (t) => {
  const separate = Buffer.from('\ufffd\ufffd')
  for (const before of ['', 'x'.repeat(3000), 'x'.repeat(40_000)]) {
    const buffer = new WriteBuffer()
    if (before !== '') buffer.addText(before)
    buffer.addText('\ud83d')
    buffer.addText('\udc26')
    buffer.encodePending()
    t.same(Buffer.concat(buffer.next(SLAB * 2)).subarray(before.length), separate)
  }
})

t.test('a small piece and a long text that do not fit one slab are both sent', async (t) => {
  const buffer = new WriteBuffer()
  buffer.add(Buffer.alloc(8000, 'l'))
  buffer.addText('€'.repeat(20_000))
  buffer.encodePending()
  t.same(
    buffer.next(SLAB * 2).map(({ length }) => length),
    [8000, 60_000],
  )
})

t.test('a large write is sent in slices, and later writes wait for it', async (t) => {
  const buffer = new WriteBuffer()
  buffer.add(Buffer.alloc(250, 'l'))
  buffer.add(Buffer.alloc(3 * LARGE, 'L'))
  buffer.addText('behind')
  buffer.encodePending()
  const lengths: number[][] = []
  for (let pieces = buffer.next(LARGE); pieces.length > 0; pieces = buffer.next(LARGE)) lengths.push(pieces.map(({ length }) => length))
  t.same(lengths, [[250], [LARGE], [LARGE], [LARGE], [6]])
})

t.test('a slab is used again once everything was sent, and not before', async (t) => {
  const memory = (buffer: WriteBuffer): ArrayBufferLike => {
    buffer.add(Buffer.from('one'))
    buffer.add(Buffer.from('two'))
    return buffer.next(SLAB)[0]?.buffer as ArrayBufferLike
  }
  const first = new WriteBuffer()
  const slab = memory(first)
  t.not(memory(new WriteBuffer()), slab, 'a slab in flight is not shared')
  first.recycle()
  t.equal(memory(new WriteBuffer()), slab)
  const dropped = new WriteBuffer()
  const lost = memory(dropped)
  dropped.clear()
  dropped.recycle()
  t.not(memory(new WriteBuffer()), lost, 'the slab of a cut connection may still be read, and is not used again')
})

t.test('no more than 16 released slabs are kept', async (t) => {
  const many = Array.from({ length: 40 }, () => new WriteBuffer())
  const slabs = new Set<unknown>()
  const fill = (): void => {
    for (const buffer of many) {
      buffer.add(Buffer.from('one'))
      buffer.add(Buffer.from('two'))
      slabs.add(buffer.next(SLAB)[0]?.buffer)
    }
    for (const buffer of many) buffer.recycle()
  }
  fill()
  t.equal(slabs.size, 40)
  fill()
  t.equal(slabs.size, 64, 'sixteen were kept')
})
