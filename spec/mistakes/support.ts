// Mistakes of a program, as a person writes them, and the error that answers each. Its message names what is wrong and says
// what to write instead. The specs of this folder have the whole text, so that each change of it is noticed.

import type { Test } from 'tap'
import { pair } from '../../lib/testing/index.js'
import { rejection, within } from '../support/wait.js'

// biome-ignore lint/suspicious/noExplicitAny: a mistake has the type that a program gives it
export type Any = any
type Class = abstract new (...args: Any) => Error
/** The mistake, the class of its error, and the text: whole, or what it must match. */
type Row = readonly [mistake: string, Class: Class, text: string | RegExp, make: (a: Any, b: Any) => unknown]

/** One test for all of these mistakes. Each is made with the two sides of a new pair. */
export function table(t: Test, title: string, rows: readonly Row[]): void {
  void t.test(title, async (t) => {
    for (const [mistake, Class, text, make] of rows) {
      const [a, b] = pair()
      const error = (await within(rejection(new Promise((resolve) => resolve(make(a, b)))), mistake)) as Error
      t.ok(error instanceof Class, `${mistake}: ${error.name}`)
      if (typeof text === 'string') t.equal(error.message, text, mistake)
      else t.match(error.message, text, mistake)
      t.notMatch(error.message, /[\r\n\0]/, `${mistake}: on one line`)
      a.abort()
    }
  })
}

/** The last of these. */
export const last = (...results: unknown[]): unknown => results.at(-1)
export const controller = new AbortController()
export const unusable = (text: string): string => `these options cannot be used: ${text}`
