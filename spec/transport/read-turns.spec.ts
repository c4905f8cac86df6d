// How many bytes each connection may pass on in a turn of the event loop, with a clock and immediates that the test controls.

import t, { type Test } from 'tap'
import { MAX_SHARE, type PacedSource, PIECE_MS, ReadTurns, TURN_MS } from '../../lib/transport/read-turns.js'
import { turns } from './support.js'

/** Holds `size` bytes, each of which takes `cost` ms to process. */
class Source implements PacedSource {
  share = MAX_SHARE
  slow = false
  held = 0
  readonly pieces: number[] = []
  readonly hand: Hand
  cost: number
  constructor(hand: Hand, cost: number) {
    this.hand = hand
    this.cost = cost
  }
  get holding(): boolean {
    return this.held > 0
  }
  /** A chunk arrives. Returns whether it is passed on at once. */
  arrives(bytes: number): boolean {
    if (this.hand.turns.measuring) this.hand.turns.settle()
    const admitted = this.hand.turns.admits(this, bytes)
    if (admitted) this.#work(bytes)
    else this.held += bytes
    return admitted
  }
  deliver(): number {
    const bytes = Math.min(this.share, this.held)
    this.held -= bytes
    if (bytes > 0) this.#work(bytes)
    return bytes
  }
  #work(bytes: number): void {
    this.pieces.push(bytes)
    this.hand.time += bytes * this.cost
  }
}

class Hand {
  time = 0
  /** Time that other processes have used. */
  others = 0
  /** How often the CPU time was read. */
  asked = 0
  immediates: (() => void)[] = []
  readonly turns = new ReadTurns({
    now: () => this.time + this.others,
    cpu: () => {
      this.asked++
      return this.time
    },
    setImmediate: (callback) => this.immediates.push(callback),
  })
  /** Runs one turn: all immediates, and the promises behind them. */
  async round(): Promise<void> {
    const immediates = this.immediates
    this.immediates = []
    for (const callback of immediates) callback()
    await turns(2)
  }
  async rest(t: Test, source: Source): Promise<void> {
    for (let n = 0; n < 1000 && source.holding; n++) await this.round()
    t.notOk(source.holding, 'everything was passed on')
  }
}

/** A source whose cost for each byte has been measured. */
async function known(hand: Hand, cost: number): Promise<Source> {
  const source = new Source(hand, cost)
  for (let n = 0; n < 2; n++) {
    hand.time += 2 * TURN_MS
    hand.turns.admits(source, MAX_SHARE)
    hand.time += MAX_SHARE * cost
    await hand.round()
  }
  return source
}

t.test('cheap chunks pass in short turns, with at most one immediate in the length of a turn', async (t) => {
  const hand = new Hand()
  const source = new Source(hand, 1e-7)
  let asked = 0
  for (let n = 0; n < 1000; n++) {
    t.ok(source.arrives(MAX_SHARE))
    asked += hand.immediates.length
    await hand.round()
  }
  t.ok(asked <= (1000 * MAX_SHARE * 1e-7) / TURN_MS + 1, `${asked} immediates`)
})

t.test('a long turn holds large chunks, and passes them on in later turns, in order', async (t) => {
  const hand = new Hand()
  const sources = Array.from({ length: 100 }, () => new Source(hand, 1e-5))
  hand.time = 100
  const passed = sources.filter((source) => source.arrives(MAX_SHARE)).length
  t.ok(passed * MAX_SHARE * 1e-5 < TURN_MS + 1, `${passed} passed`)
  t.ok(passed > 1)
  let rounds = 0
  for (; sources.some((source) => source.holding); rounds++) {
    const began = hand.time
    await hand.round()
    t.ok(hand.time - began < PIECE_MS + 1, 'a turn takes no longer than a piece and one chunk')
    const waiting = sources.map((source) => source.holding)
    t.equal(waiting.lastIndexOf(false) + 1, waiting.indexOf(true) === -1 ? 100 : waiting.indexOf(true), 'first come, first served')
  }
  t.ok(rounds > 1 && rounds < 100)
  t.ok(sources.every((source) => source.pieces.length === 1))
})

t.test('expensive chunks are passed on in pieces, one each turn, which take the time of a piece', async (t) => {
  const hand = new Hand()
  const [one, other] = [await known(hand, 1e-3), await known(hand, 1e-3)]
  t.notOk(one.arrives(MAX_SHARE))
  t.notOk(other.arrives(MAX_SHARE))
  for (let n = 0; n < 20; n++) {
    const began = hand.time
    await hand.round()
    t.ok(hand.time - began <= 2 * PIECE_MS)
  }
  t.ok(Math.abs(one.pieces.length - other.pieces.length) <= 1, 'in turns')
  t.ok(one.arrives(100), 'a chunk within the share passes')
  await hand.rest(t, one)
  await hand.rest(t, other)
  t.equal(one.pieces.reduce((sum, bytes) => sum + bytes) - 100, MAX_SHARE)
  await hand.round()
  t.equal(hand.immediates.length, 0, 'nothing is left')
})

t.test('the CPU time is read rarely, in a long turn too', async (t) => {
  const hand = new Hand()
  const sources = Array.from({ length: 100 }, () => new Source(hand, 0))
  hand.time = 100
  const asked = hand.asked
  for (const source of sources) {
    source.arrives(MAX_SHARE)
    hand.others += 1
  }
  t.ok(hand.asked - asked <= 100 / TURN_MS + 1, `${hand.asked - asked} times in a turn of others`)
  hand.time += TURN_MS
  hand.others += TURN_MS
  t.notOk(sources.at(-1)?.arrives(MAX_SHARE))
  const before = hand.asked
  for (const source of sources.slice(0, 50)) t.notOk(source.arrives(MAX_SHARE))
  t.equal(hand.asked, before, 'a turn that was found long is not checked again')
})

t.test('a single slow chunk does not split later chunks', async (t) => {
  const hand = new Hand()
  const source = await known(hand, 1e-6)
  source.cost = 1e-2
  hand.time += 2 * TURN_MS
  t.ok(source.arrives(MAX_SHARE))
  await hand.round()
  source.cost = 1e-6
  hand.time += 2 * TURN_MS
  t.ok(source.arrives(MAX_SHARE))
  await hand.round()
  t.equal(source.share, MAX_SHARE)
})

t.test('chunks that have become cheap are passed on whole after some pieces', async (t) => {
  const hand = new Hand()
  const source = await known(hand, 1e-3)
  source.cost = 1e-7
  source.arrives(MAX_SHARE)
  await hand.rest(t, source)
  t.ok(source.pieces.length < 8, `${source.pieces}`)
  hand.time += 2 * TURN_MS
  t.ok(source.arrives(MAX_SHARE))
})

t.test('very expensive bytes are passed on in pieces of a minimum size', async (t) => {
  const hand = new Hand()
  const source = await known(hand, 1000)
  source.arrives(MAX_SHARE)
  await hand.round()
  t.match(source.pieces, [64])
})

t.test('a source that is closed when its turn comes does not stop the others', async (t) => {
  const hand = new Hand()
  const [gone, there] = [await known(hand, 1e-3), await known(hand, 1e-3)]
  gone.arrives(MAX_SHARE)
  there.arrives(MAX_SHARE)
  gone.held = 0
  await hand.round()
  t.equal(there.pieces.length, 1)
  there.held = 0
  await hand.round()
  t.equal(hand.immediates.length, 0)
  t.notOk(there.arrives(MAX_SHARE))
  await hand.round()
  t.equal(there.pieces.length, 2, 'and it begins again')
})

t.test('the time of other processes is not counted', async (t) => {
  const hand = new Hand()
  const sources = Array.from({ length: 10 }, () => new Source(hand, 1e-6))
  for (let n = 0; n < 100; n++) {
    for (const source of sources) {
      t.ok(source.arrives(MAX_SHARE))
      hand.others += 10
    }
    await hand.round()
  }
  t.ok(sources.every((source) => source.share === MAX_SHARE))
})
