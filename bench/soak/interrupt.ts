// Reads that are cancelled and repeated. A read that times out or is aborted consumes nothing, so the message is the same after any number of
// repetitions.

import { TimeoutError } from 'linnet'
import type { Random } from './random.js'
import type { SideReport } from './report.js'

export interface Interruption {
  signal?: AbortSignal
  timeout?: number
}

/** Makes a read, sometimes with a time limit or a signal that may end it first, and repeats it until it succeeds. */
export class Insistence {
  readonly #random: Random
  readonly #report: SideReport
  readonly #rate: number

  constructor(random: Random, report: SideReport) {
    this.#random = random
    this.#report = report
    this.#rate = random.pick([0, 0.1, 0.5])
  }

  async until<T>(read: (options: Interruption) => Promise<T>): Promise<T> {
    const tries = this.#random.chance(this.#rate) ? this.#random.int(1, 4) : 0
    for (let i = 0; i < tries; i++) {
      const limit = this.#random.chance(0.5) ? this.#timeout() : this.#abortion()
      try {
        return await read(limit.options)
      } catch (error) {
        if (!limit.caused(error)) throw error
        this.#report.interrupted++
      } finally {
        limit.clear()
      }
    }
    return await read({})
  }

  #timeout(): Limit {
    const timeout = this.#random.int(1, 15)
    return { options: { timeout }, caused: (error) => error instanceof TimeoutError && error.kind === 'call', clear: () => {} }
  }

  #abortion(): Limit {
    const reason = new Error('the soak aborts a read')
    const controller = new AbortController()
    const abort = (): void => controller.abort(reason)
    const limit = { options: { signal: controller.signal }, caused: (error: unknown) => error === reason }
    const when = this.#random.weighted({ before: 1, microtask: 2, immediate: 2, timer: 4 })
    if (when === 'timer') {
      const timer = setTimeout(abort, this.#random.int(0, 10))
      return { ...limit, clear: () => clearTimeout(timer) }
    }
    if (when === 'immediate') {
      const immediate = setImmediate(abort)
      return { ...limit, clear: () => clearImmediate(immediate) }
    }
    if (when === 'microtask') queueMicrotask(abort)
    else abort()
    return { ...limit, clear: () => {} }
  }
}

interface Limit {
  readonly options: Interruption
  /** Whether it is this limit that ended the read. */
  readonly caused: (error: unknown) => boolean
  readonly clear: () => void
}
