// Memory of the children over the run. A sample is what survives a collection; what conversations hold at that moment is noise
// in it, so the least of a stretch of time is compared with the least of another.

export interface MemorySample {
  /** JavaScript's objects and the memory of buffers, in bytes. */
  readonly held: number
  readonly resident: number
}

export function sampleMemory(): MemorySample {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return { held: heapUsed + arrayBuffers, resident: rss }
}

// Warm code, pools and caches of names and sessions grow for a while.
const WARM = 0.25
const GROWTH = 8 * 1024 * 1024
const FEWEST = 12

/** What is wrong with a row of samples, if something is. Too few of them say nothing. */
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
