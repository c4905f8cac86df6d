// The memory of the children over the run. A sample is the memory after a garbage collection. It includes the memory of running
// conversations, so the minima of two periods are compared.

export interface MemorySample {
  /** JavaScript objects and the memory of buffers, in bytes. */
  readonly held: number
  readonly resident: number
}

export function sampleMemory(): MemorySample {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return { held: heapUsed + arrayBuffers, resident: rss }
}

// Compiled code, pools and caches of names and sessions grow at the start.
const WARM = 0.25
const GROWTH = 8 * 1024 * 1024
const FEWEST = 12

/** The problem of a series of samples, if any. Too few samples are not checked. */
export function growthOf(samples: readonly MemorySample[]): string | undefined {
  const warm = samples.slice(Math.floor(samples.length * WARM))
  if (warm.length < FEWEST) return undefined
  const third = Math.floor(warm.length / 3)
  const least = (part: readonly MemorySample[]): number => Math.min(...part.map(({ held }) => held))
  const [first, middle, last] = [least(warm.slice(0, third)), least(warm.slice(third, -third)), least(warm.slice(-third))]
  if (last - first < GROWTH || middle < first || last < middle) return undefined
  return `memory grows: at least ${mib(first)}, then ${mib(middle)}, then ${mib(last)} MiB after a collection`
}

export function mib(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10
}
