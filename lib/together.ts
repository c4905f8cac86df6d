// `together`: runs several tasks as one, for example the reader and the writer of a connection. The call settles only when
// every task has settled.

import { everyError, isAbortBy } from './foreign.js'
import { kindOf } from './kind-of.js'
import { functionOf, signalOf } from './options/arguments.js'
import { optionsOf } from './options/own.js'
import { addAbortListener, removeAbortListener } from './signals.js'

/** One of several tasks; `signal` aborts when another has settled. */
export type Task<T = unknown> = (signal: AbortSignal) => T | PromiseLike<T>

/** Options of `together`. */
export interface TogetherOptions {
  /** Cancels all tasks. */
  signal?: AbortSignal | undefined
}

interface Outcome {
  failed: boolean
  value: unknown
}

/**
 * Starts all tasks, each with an AbortSignal that aborts when one of them settles. No task outlives the call.
 *
 * **Resolves**, when all tasks have settled, with the value of the first one that settled; with `undefined` if there are no
 * tasks.
 *
 * **Rejects** with the error of the task that settled first. Errors of the other tasks that the signal caused are dropped;
 * if another task failed for a reason of its own, the call rejects with an AggregateError of all failures. Rejects with
 * TypeError if `tasks` is not an array of functions.
 *
 * **Cancelling**: aborting `signal` aborts the signal of every task, and the call rejects with `signal.reason` once all have
 * settled. If it has aborted already, no task is started.
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
      // Cancelled before a task has settled: the call rejects with the reason.
      if (outcomes.length === 0) outcomes.push({ failed: true, value: reason })
      controller.abort(reason)
    },
  }
  addAbortListener(outer, cancelled)
  await Promise.all(
    functions.map(async (task) => {
      const outcome = await settled(task, signal)
      if (outcomes.length === 0 || (outcome.failed && !causedBy(signal, outcome.value))) outcomes.push(outcome)
      controller.abort()
    }),
  )
  removeAbortListener(outer, cancelled)
  return result(outcomes)
}

async function settled(task: Task, signal: AbortSignal): Promise<Outcome> {
  try {
    return { failed: false, value: await task(signal) }
  } catch (error) {
    return { failed: true, value: error }
  }
}

/** Returns or throws the first outcome. Throws an AggregateError if other tasks failed for reasons of their own. */
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
 * Whether a task rejected because `signal` aborted: with its reason, with an AbortError that it caused, as most of Node does,
 * or with an AggregateError of nothing else.
 */
function causedBy(signal: AbortSignal, error: unknown): boolean {
  const isReason = (each: unknown): boolean => Object.is(each, signal.reason)
  return everyError(error, (each) => isReason(each) || (isAbortBy(each, isReason) ?? true))
}

function tasksOf(value: unknown): readonly Task[] {
  if (!Array.isArray(value)) throw new TypeError(`tasks must be an array of functions, not ${kindOf(value)}`)
  const tasks: readonly unknown[] = [...value]
  for (const task of tasks) functionOf(task, 'a task')
  return tasks as readonly Task[]
}

function signalFrom(options: unknown): AbortSignal | undefined {
  return signalOf(optionsOf(options, 'together()', ['signal']).signal)
}
