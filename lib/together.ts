// Several tasks as one: no task outlives the call. For a connection with a reader and a writer, or whatever else must
// begin and end together.

import { functionOf, signalOf } from './connection/reading/read-options.js'
import { everyError, isAbortBy } from './foreign.js'
import { kindOf } from './kind-of.js'
import { optionsOf } from './options/own.js'
import { leaveSignal, waitUnder } from './signals.js'

/** One of several tasks; `signal` aborts when another has settled. */
export type Task<T = unknown> = (signal: AbortSignal) => T | PromiseLike<T>

/** Options of `together`. */
export interface TogetherOptions {
  /** Stops all tasks. */
  signal?: AbortSignal | undefined
}

interface Outcome {
  failed: boolean
  value: unknown
}

/**
 * Starts the functions at once, each with an AbortSignal; when one settles, the signal aborts. Settles as the first did,
 * after all have. What the others reject with because of that signal is dropped; a failure of their own makes it an
 * AggregateError. Without tasks it resolves.
 *
 * Rejects with TypeError for what is no list of functions; with `signal.reason` when that aborts first (aborted before:
 * none is started).
 *
 * @example
 * await together([
 *   async (signal) => { for await (const line of connection.lines({ signal })) obey(line) },
 *   async (signal) => { for await (const _ of setInterval(100, null, { signal })) await connection.write(measure()) },
 * ])
 */
export function together<T>(tasks: readonly Task<T>[], options?: TogetherOptions): Promise<T | undefined>
export function together<Results extends readonly unknown[] | []>(
  tasks: { readonly [Each in keyof Results]: Task<Results[Each]> },
  options?: TogetherOptions,
): Promise<Results[number] | undefined>
export async function together(tasks: readonly Task[], options?: TogetherOptions): Promise<unknown> {
  const functions = tasksOf(tasks)
  const outer = signalFrom(options)
  if (outer?.aborted) throw outer.reason
  if (functions.length === 0) return undefined
  const controller = new AbortController()
  const { signal } = controller
  const outcomes: Outcome[] = []
  const cancelled = {
    fail(reason: unknown): void {
      // Cancelled from outside before anything was settled: that is how it ends.
      if (outcomes.length === 0) outcomes.push({ failed: true, value: reason })
      controller.abort(reason)
    },
  }
  waitUnder(outer, cancelled)
  await Promise.all(
    functions.map(async (task) => {
      const outcome = await settled(task, signal)
      if (outcomes.length === 0 || (outcome.failed && !causedBy(signal, outcome.value))) outcomes.push(outcome)
      controller.abort()
    }),
  )
  leaveSignal(outer, cancelled)
  return result(outcomes)
}

async function settled(task: Task, signal: AbortSignal): Promise<Outcome> {
  try {
    return { failed: false, value: await task(signal) }
  } catch (error) {
    return { failed: true, value: error }
  }
}

/** The first outcome, unless others failed too, for reasons of their own. */
function result(outcomes: readonly Outcome[]): unknown {
  const [first, ...others] = outcomes as [Outcome, ...Outcome[]]
  if (others.length > 0) {
    const failures = outcomes.filter(({ failed }) => failed).map(({ value }) => value)
    throw new AggregateError(failures, `${others.length} more of the tasks failed while they were stopped; \`errors\` has all failures`)
  }
  if (first.failed) throw first.value
  return first.value
}

/**
 * Whether a task rejected because it was told to stop, as `signal` has: with the signal's reason, or as most of Node does,
 * with an AbortError, or with nothing but these together.
 */
function causedBy(signal: AbortSignal, error: unknown): boolean {
  const isReason = (each: unknown): boolean => Object.is(each, signal.reason)
  return everyError(error, (each) => isReason(each) || (isAbortBy(each, isReason) ?? true))
}

function tasksOf(given: unknown): readonly Task[] {
  if (!Array.isArray(given)) throw new TypeError(`tasks must be an array of functions, not ${kindOf(given)}`)
  const tasks: readonly unknown[] = [...given]
  for (const task of tasks) functionOf(task, 'a task')
  return tasks as readonly Task[]
}

function signalFrom(options: unknown): AbortSignal | undefined {
  return signalOf(optionsOf(options, 'together()', ['signal']).signal)
}
