// A call of the garbage collector: by V8's flag on Node and Deno, by Bun's own function on Bun.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** The same as an expression, for a program that a test starts. It contains `await`. */
export const COLLECT =
  "globalThis.Bun ? () => Bun.gc(true) : ((await import('node:v8')).setFlagsFromString('--expose-gc'), (await import('node:vm')).runInNewContext('gc'))"

/** Collects all garbage now. */
export const collect: () => void = collector()

function collector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(synchronously: boolean): void } }
  if (Bun !== undefined) return () => Bun.gc(true)
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
