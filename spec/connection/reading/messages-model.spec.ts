// Messages of several reads at random, cut at random, against the same model: a text and a cursor that goes back.

import { inspect } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type { Reader } from '../../../lib/index.js'
import { nextPass } from '../../support/wait.js'
import {
  type Answer,
  batches,
  type Case,
  chunks,
  delimiters,
  exactly,
  into,
  line,
  lineBatches,
  lines,
  match,
  OWN,
  peek,
  type Stream,
  skip,
  skipUntil,
  some,
  until,
} from './cases.js'
import { shown, unread, wired } from './support.js'

interface Part {
  read: Case
  maxBytes: number | undefined
  /** Waits for a step of the script before it. */
  gate: boolean
}

interface Plan {
  parts: Part[]
  maxBytes: number | undefined
  /** Fails for a reason of its own in the end. */
  fails: boolean
}

type Step = { do: 'arrive'; text: string } | { do: 'open' | 'cancel' | 'expire' | 'end' | 'lose' }

/** The message, as far as a text and the gates let it come. */
class Model {
  text = ''
  stream: Stream = 'open'
  gates = 0
  outcome: unknown = 'pending'
  readonly #plan: Plan

  constructor(plan: Plan) {
    this.#plan = plan
  }

  /** Goes on as far as it can; `interruption` is what fails it if it still waits. */
  run(interruption: string | undefined): void {
    if (this.outcome === 'pending') this.outcome = this.#outcome() ?? interruption ?? 'pending'
  }

  readonly #values: unknown[] = []
  #cursor = 0
  #shared = 0
  /** The largest limit that a read has named. */
  #largest = 0
  #passed = false

  /** What comes of it; undefined while it waits. */
  #outcome(): unknown {
    for (let part = this.#plan.parts[this.#values.length]; part !== undefined; part = this.#plan.parts[this.#values.length]) {
      const { read, maxBytes, gate } = part
      if (gate && !this.#passed && this.gates-- <= 0) {
        this.gates = 0
        return undefined
      }
      this.#passed = true
      const own = maxBytes ?? (read.name.startsWith('readInto') ? read.most?.(undefined) : undefined)
      this.#largest = Math.max(this.#largest, own ?? 0)
      const left = (this.#plan.maxBytes ?? OWN + this.#largest) - this.#cursor
      const shared = own === undefined && this.#plan.maxBytes === undefined
      const most = Math.min(own ?? (shared ? OWN - this.#shared : left), left)
      const answer = this.#answer(read, this.text.slice(this.#cursor), most, shared ? most : left)
      if (answer === 'limit') return 'LimitExceededError'
      if (answer === 'wait') {
        if (this.stream === 'open') return undefined
        return this.stream === 'lost' ? 'ConnectionLostError' : `EndOfStreamError ${this.text}`
      }
      this.#passed = false
      this.#values.push(answer.value)
      this.#cursor += answer.taken
      if (shared) this.#shared += answer.taken
    }
    this.text = this.text.slice(this.#cursor)
    return this.#plan.fails ? 'own' : { values: this.#values }
  }

  // Without room for a byte, what needs one fails at once; what is content with the end of the stream when there is one.
  #answer(read: Case, text: string, most: number, room: number): Answer {
    const needsOne = read.name.includes('partial') || /^chunks\(\d/.test(read.name)
    const takesOne = ['read()', 'chunks()'].includes(read.name) && text !== ''
    return most < 1 && (needsOne || takesOne) ? 'limit' : read.answer(text, this.stream, most, room)
  }
}

async function play(plan: Plan, steps: readonly Step[]): Promise<void> {
  const { connection, clock, push, end, lose } = wired({ maxBufferSize: OWN })
  const model = new Model(plan)
  const controller = new AbortController()
  const gates: (() => void)[] = []
  let opened = 0
  const read = async (reader: Reader): Promise<unknown> => {
    const values: unknown[] = []
    for (const { read, maxBytes, gate } of plan.parts) {
      if (gate && opened > 0) opened--
      else if (gate) await new Promise<void>((resolve) => gates.push(resolve))
      values.push(shown(await read.ask(reader, { ...(maxBytes !== undefined && { maxBytes }) })))
    }
    if (plan.fails) throw 'own'
    return values
  }
  let outcome: unknown = 'pending'
  connection.readMessage(read, { signal: controller.signal, timeout: 10, maxBytes: plan.maxBytes }).then(
    (values) => {
      outcome = { values }
    },
    (error) => {
      outcome =
        typeof error === 'string'
          ? error
          : error.name === 'EndOfStreamError'
            ? `${error.name} ${error.partial.toString('latin1')}`
            : error.name
    },
  )
  model.run(undefined)
  await nextPass()
  for (const step of [...steps, { do: 'cancel' } as const]) {
    if (step.do === 'arrive' && model.stream === 'open') {
      push(step.text)
      model.text += step.text
    } else if (step.do === 'open') {
      model.gates++
      if (gates.length > 0) gates.shift()?.()
      else opened++
    } else if (step.do === 'end' || step.do === 'lose') {
      if (model.stream === 'open') step.do === 'end' ? end() : lose()
      if (model.stream === 'open') model.stream = step.do === 'end' ? 'ended' : 'lost'
    }
    if (step.do === 'cancel') controller.abort('cancelled')
    if (step.do === 'expire') await clock.pass(10)
    model.run(step.do === 'cancel' ? 'cancelled' : step.do === 'expire' ? 'TimeoutError' : undefined)
    await nextPass()
    if (inspect(outcome) !== inspect(model.outcome)) throw new Error(`${inspect(outcome)} instead of ${inspect(model.outcome)}`)
    if (model.outcome !== 'pending' && unread(connection) !== model.text)
      throw new Error(`${inspect(unread(connection))} is unread, not ${inspect(model.text)}`)
  }
  if (clock.alive > 0 || connection.waiting !== undefined) throw new Error('something is left')
}

const sizes = [1, 2, 3]
const cases: readonly Case[] = [
  ...delimiters.flatMap((each) => [until(each), line(each), skipUntil(each)]),
  line(),
  lines(),
  lineBatches(),
  ...delimiters.map((each) => batches(each)),
  ...sizes.flatMap((n) => [exactly(n), peek(n), skip(n), into(n, false), into(n, true), chunks(n)]),
  chunks(undefined),
  some,
  match(/;/),
]
for (const each of cases) Object.assign(each, { [fc.toStringMethod]: () => each.name })

const maxBytes = fc.option(fc.integer({ min: 2, max: 10 }), { nil: undefined })
const part = fc.record({ read: fc.constantFrom(...cases), maxBytes, gate: fc.boolean() })
const plan = fc.record({ parts: fc.array(part, { minLength: 1, maxLength: 5 }), maxBytes, fails: fc.boolean() })
const text = fc.string({ unit: fc.constantFrom('a', 'b', ';', '\r', '\n'), minLength: 1, maxLength: 5 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('arrive' as const), text }) },
  { weight: 4, arbitrary: fc.constant({ do: 'open' as const }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'cancel' }, { do: 'expire' }, { do: 'end' }, { do: 'lose' }) },
)

t.test('every message, however it is cut, gives what its reads give, or is unread again whole', async (t) => {
  await fc.assert(
    fc.asyncProperty(plan, fc.array(step, { maxLength: 12 }), (plan, steps) => play(plan, steps)),
    { numRuns: 3000 },
  )
  t.pass()
})
