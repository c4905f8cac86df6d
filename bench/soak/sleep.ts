// Waiting for time and for conditions.

/** Resolves after so many milliseconds. */
export function sleep(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time))
}

/** Resolves once `test` is true. Checks at intervals, and gives up after `time` milliseconds. */
export async function until(test: () => boolean, time: number): Promise<boolean> {
  for (const end = Date.now() + time; Date.now() < end; ) {
    if (test()) return true
    await sleep(10)
  }
  return test()
}

/** The result of a promise, or undefined if it takes longer than `time` milliseconds. */
export async function within<T>(time: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), time)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
