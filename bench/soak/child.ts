// Shared by all child processes: calls of the parent and their answers, and reports of unhandled rejections, exceptions and warnings.

import { leftovers, takeBaseline } from './leftovers.js'
import { type MemorySample, sampleMemory } from './memory.js'

type Answers = Record<string, (data: never) => unknown>

/** Sends a report to the parent. */
export function tell(event: string, data: unknown): void {
  if (process.connected) process.send?.({ event, data })
}

/** Reports a problem that does not belong to one conversation. */
export function problem(text: string): void {
  tell('problem', text)
}

/** Answers the parent's calls until it disconnects. Every child reports its memory and its leaks on request. */
export function answer(answers: Answers): void {
  const all: Answers = {
    baseline: takeBaseline,
    leftovers: () => leftovers(),
    memory: (): MemorySample => sampleMemory(),
    end: () => {
      // The process must end without a kill.
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
// A child ends with its parent, and the parent handles Ctrl-C.
const exit = (): never => process.exit()
process.on('disconnect', exit)
