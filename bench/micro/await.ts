// The cost of `await` alone: the minimum for every loop that uses it.

import { type Case, many } from './case.js'

const TIMES = 1000
const shared = Promise.resolve()
const text = 'x'.repeat(64)
const bytes = Buffer.alloc(64)

const awaiting = (name: string, make: () => unknown): Case =>
  many('await', name, TIMES, async () => {
    for (let times = 0; times < TIMES; times++) await make()
  })

class Countdown implements AsyncIterableIterator<string> {
  #left = TIMES

  next(): Promise<IteratorResult<string>> {
    return Promise.resolve(this.#left-- > 0 ? { value: text, done: false } : { value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

async function* generated(): AsyncGenerator<string> {
  for (let left = TIMES; left > 0; left--) yield text
}

async function iterate(items: AsyncIterable<string>): Promise<number> {
  let length = 0
  for await (const item of items) length += item.length
  return length
}

// The cases are named `awaits`, because `await` is a keyword.
export const awaits: readonly Case[] = [
  awaiting('a promise shared by all', () => shared),
  awaiting('Promise.resolve(string)', () => Promise.resolve(text)),
  awaiting('Promise.resolve(Buffer)', () => Promise.resolve(bytes)),
  awaiting('an async function that awaits', async () => {
    await shared
    return text
  }),
  many('await', 'for await, iterator by hand', TIMES, () => iterate(new Countdown())),
  many('await', 'for await, async generator', TIMES, () => iterate(generated())),
]
