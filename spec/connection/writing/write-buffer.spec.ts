// What was written, on its way to the system: against a model that is a list of bytes. Whatever is written in whatever
// sizes, the same bytes leave in the same order, and memory that is used again never shows.

import fc from 'fast-check'
import t from 'tap'
import { SLAB } from '../../../lib/connection/writing/slabs.js'
import { WriteBuffer } from '../../../lib/connection/writing/write-buffer.js'
import { pattern } from '../../support/wait.js'

const RUNS = 1500
const LARGE = 16 * 1024

// Around every size at which something else happens, and small ones most of all.
const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: LARGE + 10 }) },
  { weight: 1, arbitrary: fc.constantFrom(LARGE - 1, LARGE, LARGE + 1, SLAB - 1, SLAB, SLAB + 1, 3 * SLAB + 5) },
)
// One, two, three and four bytes of UTF-8, and halves of pairs, which become U+FFFD.
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
  /** A list of which a part could not be taken. */
  | { kind: 'undone'; by: number; size: number; text: string }
  /** Hand on a slice, unless one is under way. */
  | { kind: 'hand'; by: number; slice: number }
  /** What is under way has left. */
  | { kind: 'left'; by: number }
  | { kind: 'dry'; by: number }
const by = fc.nat({ max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('bytes' as const), by, size }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('text' as const), by, text }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('undone' as const), by, size, text }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('hand' as const), by, slice: fc.constantFrom(1, 100, LARGE, SLAB, 10 * SLAB) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('left' as const), by }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dry' as const), by }) },
)

const source = pattern(4 * SLAB)

/** A gatherer with its model, and a carrier that holds what it was handed until it has left. */
class Writer {
  readonly #gatherer = new WriteBuffer()
  /** What was written and not yet handed on. */
  #model = Buffer.alloc(0)
  #underWay: readonly Uint8Array[] = []
  #expected = Buffer.alloc(0)
  /** Bytes of all texts: units and what the gatherer tells beyond them, and as they are. */
  #units = 0
  #texts = 0

  bytes(size: number): void {
    const from = this.#model.length % SLAB
    const bytes = Buffer.from(source.subarray(from, from + size))
    this.#model = Buffer.concat([this.#model, bytes])
    if (size > 0) this.#gatherer.add(bytes)
    // The program uses it again.
    if (size < LARGE) bytes.fill(0)
  }

  text(text: string): void {
    const bytes = Buffer.from(text)
    this.#model = Buffer.concat([this.#model, bytes])
    if (text !== '') this.#gatherer.addText(text)
    this.#units += text.length
    this.#texts += bytes.length
  }

  /** What is appended and taken back was never there. */
  undone(size: number, text: string): void {
    const mark = this.#gatherer.mark()
    this.#gatherer.addText(`${text}!`)
    if (size > 0) this.#gatherer.add(source.subarray(0, size))
    this.#gatherer.addText(text === '' ? '?' : text)
    this.#gatherer.undo(mark)
  }

  hand(slice: number): void {
    if (this.#underWay.length > 0) return
    this.#units += this.#gatherer.encodePending()
    if (this.#units !== this.#texts) throw new Error('the length of the texts is wrong')
    // A run of small pieces is a slab at most.
    const small = slice < SLAB ? undefined : this.#gatherer.takeSmall()
    const pieces = small === undefined ? this.#gatherer.next(slice) : [small]
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (pieces.some((piece) => piece.length === 0)) throw new Error('an empty piece was handed on')
    if (length > slice) throw new Error(`${length} bytes were handed on at once, more than ${slice}`)
    if (pieces.length === 0 && this.#model.length > 0) throw new Error('something was kept back')
    this.#expected = this.#model.subarray(0, length)
    this.#model = this.#model.subarray(length)
    this.#underWay = pieces
  }

  /** What was handed on still is what it was, however long it took. */
  left(): void {
    if (!Buffer.concat(this.#underWay).equals(this.#expected)) throw new Error('what left is not what was written')
    this.#underWay = []
    this.#expected = Buffer.alloc(0)
  }

  /** As the write half does: everything leaves, then the memory may serve again. */
  dry(): void {
    do {
      this.left()
      this.hand(SLAB)
    } while (this.#underWay.length > 0)
    this.#gatherer.recycle()
  }

  finish(): void {
    this.dry()
    if (this.#model.length > 0) throw new Error('bytes were lost')
  }
}

t.test('whatever is written leaves whole and in order, and memory of one connection never shows in another', async () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const writers = [new Writer(), new Writer(), new Writer()] as const
      for (const step of steps) {
        const writer = writers[step.by] as Writer
        if (step.kind === 'bytes') writer.bytes(step.size)
        else if (step.kind === 'text') writer.text(step.text)
        else if (step.kind === 'undone') writer.undone(step.size, step.text)
        else if (step.kind === 'hand') writer.hand(step.slice)
        else writer[step.kind]()
      }
      for (const writer of writers) writer.finish()
    }),
    { numRuns: RUNS },
  )
})

t.test('what was written small is taken as one piece, unless a large one is among it', async (t) => {
  const gatherer = new WriteBuffer()
  t.equal(gatherer.takeSmall(), undefined)
  gatherer.add(Buffer.from('one'))
  t.same(gatherer.takeSmall(), Buffer.from('one'))
  for (const text of ['two', 'three']) gatherer.add(Buffer.from(text))
  gatherer.addText('four')
  t.same(gatherer.takeSmall(), Buffer.from('twothreefour'))
  gatherer.add(Buffer.alloc(LARGE))
  gatherer.add(Buffer.from('behind'))
  t.equal(gatherer.takeSmall(), undefined)
  t.equal(Buffer.concat(gatherer.next(SLAB)).length, LARGE + 6)
  gatherer.addText('x'.repeat(SLAB))
  t.equal(gatherer.takeSmall(), undefined, 'a long text is a large piece')
  t.equal(Buffer.concat(gatherer.next(SLAB)).length, SLAB)
  t.equal(gatherer.takeSmall(), undefined)
  gatherer.recycle()
  for (let n = 0; n < 15; n++) gatherer.add(Buffer.alloc(4096))
  gatherer.addText('x'.repeat(4200))
  t.equal(gatherer.takeSmall(), undefined, 'nor are two slabs one piece')
  t.equal(Buffer.concat(gatherer.next(2 * SLAB)).length, 15 * 4096 + 4200)
})

t.test('small pieces of a turn leave as one', async (t) => {
  const gatherer = new WriteBuffer()
  for (let n = 0; n < 500; n++) n % 2 ? gatherer.add(Buffer.alloc(64, n)) : gatherer.addText('x'.repeat(64))
  gatherer.encodePending()
  const pieces = gatherer.next(SLAB)
  t.equal(pieces.length, 1)
  t.equal(pieces[0]?.length, 32_000)
  t.equal(gatherer.next(SLAB).length, 0)
})

t.test('a large piece goes by reference, a small one is copied', async (t) => {
  const gatherer = new WriteBuffer()
  const small = Buffer.from('alone')
  gatherer.add(small)
  small.fill('x')
  t.equal(String(gatherer.next(SLAB)[0]), 'alone')
  const large = Buffer.alloc(LARGE)
  gatherer.add(large)
  t.equal(gatherer.next(SLAB)[0]?.buffer, large.buffer)
})

t.test('halves of a pair that two texts begin and end with meet', async (t) => {
  const separate = Buffer.from('\ufffd\ufffd')
  for (const before of ['', 'x'.repeat(3000), 'x'.repeat(40_000)]) {
    const gatherer = new WriteBuffer()
    if (before !== '') gatherer.addText(before)
    gatherer.addText('\ud83d')
    gatherer.addText('\udc26')
    gatherer.encodePending()
    t.same(Buffer.concat(gatherer.next(SLAB * 2)).subarray(before.length), separate)
  }
})

t.test('a small piece and a long text do not fit one slab', async (t) => {
  const gatherer = new WriteBuffer()
  gatherer.add(Buffer.alloc(8000, 'l'))
  gatherer.addText('€'.repeat(20_000))
  gatherer.encodePending()
  t.same(
    gatherer.next(SLAB * 2).map(({ length }) => length),
    [8000, 60_000],
  )
})

t.test('a large write goes in slices, and what was written behind it waits', async (t) => {
  const gatherer = new WriteBuffer()
  gatherer.add(Buffer.alloc(250, 'l'))
  gatherer.add(Buffer.alloc(3 * LARGE, 'L'))
  gatherer.addText('behind')
  gatherer.encodePending()
  const lengths: number[][] = []
  for (let pieces = gatherer.next(LARGE); pieces.length > 0; pieces = gatherer.next(LARGE)) lengths.push(pieces.map(({ length }) => length))
  t.same(lengths, [[250], [LARGE], [LARGE], [LARGE], [6]])
})

t.test('a slab serves again once everything has left, and not before', async (t) => {
  const memory = (gatherer: WriteBuffer): ArrayBufferLike => {
    gatherer.add(Buffer.from('one'))
    gatherer.add(Buffer.from('two'))
    return gatherer.next(SLAB)[0]?.buffer as ArrayBufferLike
  }
  const first = new WriteBuffer()
  const slab = memory(first)
  t.not(memory(new WriteBuffer()), slab, 'under way it belongs to the one that has it')
  first.recycle()
  t.equal(memory(new WriteBuffer()), slab)
  const dropped = new WriteBuffer()
  const lost = memory(dropped)
  dropped.clear()
  dropped.recycle()
  t.not(memory(new WriteBuffer()), lost, 'of a connection that was cut it may still be read, and serves nobody')
})

t.test('slabs that peers held on to for a while are not hoarded', async (t) => {
  const many = Array.from({ length: 40 }, () => new WriteBuffer())
  const slabs = new Set<unknown>()
  const fill = (): void => {
    for (const gatherer of many) {
      gatherer.add(Buffer.from('one'))
      gatherer.add(Buffer.from('two'))
      slabs.add(gatherer.next(SLAB)[0]?.buffer)
    }
    for (const gatherer of many) gatherer.recycle()
  }
  fill()
  t.equal(slabs.size, 40)
  fill()
  t.equal(slabs.size, 64, 'sixteen were kept')
})
