// A thousand courses of a loop of `reconnect`: attempts that fail, and connections that live for some time and end in some way,
// compared with a model of its attempts, delays and end. Nothing stays open.

import assert from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { rejection } from '../support/wait.js'
import { DONE, Loop, nothing, refused } from './reconnect-support.js'

/** How a connection ends, at the end of its life. */
type Ending = 'the peer ends' | 'the peer resets' | 'the body ends' | 'the body closes' | 'the body aborts'
type Event = { kind: 'failure' } | { kind: 'connection'; lives: number; ending: Ending }
/** What ends the loop behind its events: in which state of it, by what. */
interface End {
  where: 'attempt' | 'delay' | 'body'
  by: 'signal' | 'return'
}
interface Settings {
  minDelay: number
  maxDelay: number
  resetAfter: number
  maxAttempts: number
}

const endings: Ending[] = ['the peer ends', 'the peer resets', 'the body ends', 'the body closes', 'the body aborts']
const never = Number.POSITIVE_INFINITY

const settings: fc.Arbitrary<Settings> = fc
  .record({
    minDelay: fc.integer({ min: 1, max: 200 }),
    factor: fc.constantFrom(1, 2, 3, 10, never),
    resetAfter: fc.constantFrom(0, 100, 10_000, never),
    maxAttempts: fc.constantFrom(1, 2, 3, never, never, never),
  })
  .map(({ minDelay, factor, resetAfter, maxAttempts }) => ({ minDelay, maxDelay: minDelay * factor, resetAfter, maxAttempts }))

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.constant<Event>({ kind: 'failure' }),
  fc.record({
    kind: fc.constant('connection' as const),
    lives: fc.constantFrom(0, 99, 100, 9_999, 20_000),
    ending: fc.constantFrom(...endings),
  }),
)

const end: fc.Arbitrary<End> = fc.record({
  where: fc.constantFrom('attempt' as const, 'delay' as const, 'body' as const),
  by: fc.constantFrom('signal' as const, 'return' as const),
})

/** What the loop has to do. */
class Model {
  readonly #settings: Settings
  /** Failures and short connections since the delays began anew. */
  #delays = 0
  /** Failures in a row. */
  row = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** An attempt has failed. Returns whether it is the last one. */
  failed(): boolean {
    this.#delays++
    return ++this.row === this.#settings.maxAttempts
  }

  /** A connection has lived for so long. Returns whether the next attempt follows at once. */
  lived(ms: number): boolean {
    this.row = 0
    const lasting = ms >= this.#settings.resetAfter
    this.#delays = lasting ? 0 : this.#delays + 1
    return lasting
  }

  /** The whole of the delay that is due. */
  get whole(): number {
    const { minDelay, maxDelay } = this.#settings
    let whole = minDelay
    for (let n = 1; n < this.#delays; n++) whole *= 2
    return Math.min(whole, maxDelay)
  }
}

/** Ends the life of a connection. Where the body ends, the next call of `next` closes it. */
async function endOf({ near, far }: { near: Connection; far: Connection }, ending: Ending): Promise<void> {
  if (ending === 'the peer ends') {
    await far.end()
    await near.readToEnd()
  } else if (ending === 'the peer resets') {
    far.abort()
    await near.closed
  } else if (ending === 'the body closes') await near.close()
  else if (ending === 'the body aborts') near.abort()
}

/** Checks that no attempt begins before half of the delay, and that one begins by its end. */
async function delayed(loop: Loop, whole: number): Promise<void> {
  const { length } = loop.dialled
  await loop.clock.advance(whole / 2 - 0.01)
  assert.equal(loop.dialled.length, length, 'half of the delay is waited')
  await loop.clock.advance(whole / 2 + 0.02)
  await loop.attempting(length + 1)
}

async function play(loop: Loop, settings: Settings, events: readonly Event[], end: End): Promise<void> {
  const model = new Model(settings)
  let next = loop.next()
  await loop.attempting(1)
  for (const event of events) {
    if (event.kind === 'failure') {
      const last = await failed(loop, model, next)
      if (last) return
      await delayed(loop, model.whole)
    } else {
      const ends = await loop.connected(next)
      await loop.clock.advance(event.lives)
      const { length } = loop.dialled
      await endOf(ends, event.ending)
      next = loop.next()
      if (model.lived(event.lives)) await loop.attempting(length + 1)
      else await delayed(loop, model.whole)
    }
  }
  if (end.where === 'delay' && (await failed(loop, model, next))) return
  if (end.where === 'body') await loop.connected(next)
  if (end.by === 'signal') loop.controller.abort()
  else void loop.iterator.return()
  if (end.where !== 'body') assert.deepEqual(await next, DONE)
}

/** Lets an attempt fail, and checks what is reported. Returns whether that ends the loop. */
async function failed(loop: Loop, model: Model, next: Promise<unknown>): Promise<boolean> {
  const cause = refused()
  const last = model.failed()
  await loop.fail(cause)
  const { error, failure } = loop.failures.at(-1) as Loop['failures'][0]
  assert.equal(error.cause, cause)
  assert.equal(failure.attempt, model.row)
  assert.equal('delay' in failure, !last)
  if (last) assert.equal(await rejection(next), error)
  else {
    const { whole } = model
    assert.ok((failure.delay as number) >= whole / 2 && (failure.delay as number) < whole, `${failure.delay} of ${whole}`)
  }
  return last
}

async function over(loop: Loop): Promise<void> {
  assert.deepEqual(await loop.next(), DONE)
  assert.deepEqual(await loop.held(), nothing)
}

t.test('whatever fails, lives and ends, the attempts and delays are those of the model, and nothing stays open', async (t) => {
  let played = 0
  const property = fc.asyncProperty(settings, fc.array(event, { maxLength: 6 }), end, async (settings, events, end) => {
    const loop = new Loop(undefined, settings)
    try {
      await play(loop, settings, events, end)
      await over(loop)
    } finally {
      loop.leave()
    }
    played++
  })
  await fc.assert(property, { numRuns: 1000 })
  t.equal(played, 1000)
})
