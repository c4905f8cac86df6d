// A model of a connection (a text and a cursor) and the script of a test that is played on both: bytes in pieces, reads,
// cancels, time-outs, an end or a loss, in any order.

import { inspect } from 'node:util'
import fc from 'fast-check'
import { nextPass } from '../../support/wait.js'
import { type Case, OWN, type Stream } from './cases.js'
import { shown, unread, wired } from './support.js'

/** Without any options (the fast path), or to be cancelled, or under a time limit too. */
type How = 'plain' | 'signalled' | 'timed'

export type Step =
  | { readonly do: 'arrive'; readonly text: string }
  | { readonly do: 'read'; readonly read: Case; readonly maxBytes?: number | undefined; readonly how: How }
  | { readonly do: 'cancel' }
  /** The time of a read that has any runs out; `text` arrives right then. */
  | { readonly do: 'expire'; readonly text: string }
  | { readonly do: 'end' | 'lose' }

const TIME = 10

/** A model of the connection: a text, a cursor (what is unread), and the one read that may be pending. */
class Model {
  unread = ''
  stream: Stream = 'open'
  readonly outcomes: unknown[] = []
  #pending: { read: Case; most: number; how: How; index: number } | undefined

  read(read: Case, maxBytes: number | undefined, how: How): void {
    const index = this.outcomes.push('pending') - 1
    if (this.#pending !== undefined) this.outcomes[index] = 'ConcurrentReadError'
    else {
      const most = read.most === undefined ? (maxBytes ?? OWN) : read.most(maxBytes)
      this.#pending = { read, most, how, index }
      this.#try()
    }
  }

  arrive(text: string): void {
    if (this.stream === 'open') this.unread += text
    this.#try()
  }

  finish(stream: Stream): void {
    if (this.stream === 'open') this.stream = stream
    this.#try()
  }

  cancel(): void {
    if (this.#pending?.how !== 'plain') this.fail('cancelled')
  }

  expire(): void {
    if (this.#pending?.how === 'timed') this.fail('TimeoutError')
  }

  /** What is unread now: a read that drops has dropped it while it waits. */
  get left(): string {
    const pending = this.#pending
    return this.unread.slice(pending?.read.drops?.(this.unread, pending.most) ?? 0)
  }

  get waits(): boolean {
    return this.#pending !== undefined
  }

  fail(why: string): void {
    const pending = this.#pending
    if (pending === undefined) return
    this.unread = this.left
    this.outcomes[pending.index] = why === 'EndOfStreamError' ? `${why} ${this.unread}` : why
    this.#pending = undefined
  }

  #try(): void {
    const pending = this.#pending
    if (pending === undefined) return
    const answer = pending.read.answer(this.unread, this.stream, pending.most)
    if (answer === 'limit') this.fail('LimitExceededError')
    else if (answer === 'wait') {
      if (this.stream === 'ended') this.fail('EndOfStreamError')
      if (this.stream === 'lost') this.fail('ConnectionLostError')
    } else {
      this.outcomes[pending.index] = { value: answer.value }
      this.unread = this.unread.slice(answer.taken)
      this.#pending = undefined
    }
  }
}

function failure(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  return error.name === 'EndOfStreamError'
    ? `${error.name} ${(error as Error & { partial: Buffer }).partial.toString('latin1')}`
    : error.name
}

/** Plays a script on both, and throws where they differ. */
export async function play(script: readonly (Step & { readonly pause: boolean })[]): Promise<void> {
  const { connection, clock, push, end, lose } = wired({ maxBufferSize: OWN })
  const model = new Model()
  const outcomes: unknown[] = []
  let controller = new AbortController()
  const perform = async (step: Step): Promise<void> => {
    if (step.do === 'arrive') {
      model.arrive(step.text)
      if (model.stream === 'open') push(step.text)
    } else if (step.do === 'read') {
      model.read(step.read, step.maxBytes, step.how)
      const index = outcomes.push('pending') - 1
      // One that is refused must not be cancelled in place of the one that is pending.
      const mine = new AbortController()
      if (model.outcomes[index] === 'pending') controller = mine
      const limits = { ...(step.how === 'timed' && { timeout: TIME }), ...(step.maxBytes !== undefined && { maxBytes: step.maxBytes }) }
      const options = step.how === 'plain' ? (step.maxBytes === undefined ? undefined : limits) : { signal: mine.signal, ...limits }
      step.read.ask(connection, options).then(
        (value) => {
          outcomes[index] = { value: shown(value) }
        },
        (error) => {
          outcomes[index] = failure(error)
        },
      )
    } else if (step.do === 'cancel') {
      model.cancel()
      controller.abort('cancelled')
    } else if (step.do === 'expire') {
      model.arrive(step.text)
      const text = model.stream === 'open' ? step.text : ''
      await clock.pass(TIME, () => push(text))
      model.expire()
    } else {
      if (model.stream === 'open') step.do === 'end' ? end() : lose()
      model.finish(step.do === 'end' ? 'ended' : 'lost')
    }
  }
  for (const step of script) {
    await perform(step)
    if (step.pause) await nextPass()
  }
  await nextPass()
  check('outcomes', outcomes, model.outcomes)
  check('unread', unread(connection), model.left)
  check('buffered', connection.buffered, model.left.length)
  check('waiting', connection.waiting !== undefined, model.waits)
  if (!model.waits) check('timers alive', clock.alive, 0)
}

/** As `same` of the buffer's specs, for anything. */
function check(what: string, actual: unknown, expected: unknown): void {
  if (inspect(actual, { depth: 5 }) !== inspect(expected, { depth: 5 }))
    throw new Error(`${what}: ${inspect(actual)} instead of ${inspect(expected)}`)
}

// --- scripts at random ---------------------------------------------------------------------------------------------------

const text = fc.string({ unit: fc.constantFrom('a', 'b', ';', '\r', '\n'), maxLength: 6 })

/** Any script in which most reads are of these cases. */
export function scripts(mine: readonly Case[], others: readonly Case[]): fc.Arbitrary<(Step & { pause: boolean })[]> {
  for (const each of [...mine, ...others]) Object.assign(each, { [fc.toStringMethod]: () => each.name })
  const read = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...mine) }, { weight: 1, arbitrary: fc.constantFrom(...others) })
  const maxBytes = fc.option(fc.integer({ min: 2, max: 10 }), { nil: undefined })
  const how = fc.constantFrom<How>('plain', 'signalled', 'timed')
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('arrive' as const), text: text.filter((each) => each !== '') }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), read, maxBytes, how }) },
    { weight: 1, arbitrary: fc.constant({ do: 'cancel' as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), text }) },
  )
  const ending: fc.Arbitrary<Step[]> = fc.constantFrom([], [{ do: 'end' }], [{ do: 'lose' }])
  const tail = fc.array(fc.record({ do: fc.constant('read' as const), read, maxBytes, how }), { maxLength: 3 })
  return fc
    .tuple(fc.array(step, { minLength: 2, maxLength: 14 }), ending, tail, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }))
    .map(([steps, ending, tail, pauses]) =>
      [...steps, ...ending, ...tail].map((each, index) => ({ ...each, pause: pauses[index] ?? false })),
    )
}
