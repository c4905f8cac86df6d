// One measurement, small enough that a regression identifies its cause.

export interface Case {
  /** Its part: search, take, join, await, loop. */
  readonly part: string
  readonly name: string
  /** The number of operations in a call of `run`. */
  readonly times: number
  run(): unknown
}

/** One operation in each call of `run`. */
export function once(part: string, name: string, run: () => unknown): Case {
  return { part, name, times: 1, run }
}

/** `times` operations in each call of `run`: for asynchronous ones, or those that need preparation. */
export function many(part: string, name: string, times: number, run: () => unknown): Case {
  return { part, name, times, run }
}

export function sizeName(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`
}

/** Bytes whose only line feed is the last one, after a carriage return. */
export function lineOf(size: number): Buffer {
  const line = Buffer.alloc(size, 'x')
  line.write('\r\n', size - 2, 'latin1')
  return line
}
