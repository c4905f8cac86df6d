// The garbage collector, asked to collect now: by the engine's flag on Node and Deno, by Bun's own call on Bun.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** The expression of a function that collects, for a program that a test starts: it needs `await`. */
export const COLLECT =
  "globalThis.Bun ? () => Bun.gc(true) : ((await import('node:v8')).setFlagsFromString('--expose-gc'), (await import('node:vm')).runInNewContext('gc'))"

/** Collects all that nothing refers to. */
export const collect: () => void = collector()

function collector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(synchronously: boolean): void } }
  if (Bun !== undefined) return () => Bun.gc(true)
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
