// What all child processes have in common: calls of the parent and answers to them, and eyes on what no process may do: reject
// unheard, throw, or warn.

import { leftovers, takeBaseline } from './leftovers.js'
import { type MemorySample, sampleMemory } from './memory.js'

type Answers = Record<string, (data: never) => unknown>

/** Says something to the parent. */
export function tell(event: string, data: unknown): void {
  if (process.connected) process.send?.({ event, data })
}

/** Something is wrong, and not with one conversation alone. */
export function problem(text: string): void {
  tell('problem', text)
}

/** Answers the parent's calls, until it goes. Every child can be asked for its memory and its leftovers. */
export function answer(answers: Answers): void {
  const all: Answers = {
    baseline: takeBaseline,
    leftovers: () => leftovers(),
    memory: (): MemorySample => sampleMemory(),
    end: () => {
      // The process has to end without being made to.
      process.off('disconnect', exit)
      setImmediate(() => process.disconnect())
    },
    ...answers,
  }
  process.on('message', (message: { call: number; name: string; data: never }) => {
    void respond(message.call, () => (all[message.name] as (data: never) => unknown)(message.data))
  })
}

async function respond(call: number, act: () => unknown): Promise<void> {
  try {
    const value = await act()
    if (process.connected) process.send?.({ call, value })
  } catch (error) {
    if (process.connected) process.send?.({ call, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

process.on('unhandledRejection', (reason) => problem(`unhandled rejection: ${reason instanceof Error ? reason.stack : String(reason)}`))
process.on('uncaughtException', (error) => problem(`uncaught exception: ${error.stack ?? error}`))
process.on('warning', (warning) => problem(`process warning: ${warning.stack ?? warning}`))
// A parent that dies takes its children with it, and Ctrl-C is the parent's to handle.
const exit = (): never => process.exit()
process.on('disconnect', exit)
