// One thing to be measured, small enough that a regression points at its cause.

export interface Case {
  /** What it is a part of: search, take, join, await, loop. */
  readonly part: string
  readonly name: string
  /** How many times a call of `run` does it. */
  readonly times: number
  run(): unknown
}

/** Does `run` as it is once a call. */
export function once(part: string, name: string, run: () => unknown): Case {
  return { part, name, times: 1, run }
}

/** `run` does it `times` times by itself: for what is asynchronous, or needs something made for it beforehand. */
export function many(part: string, name: string, times: number, run: () => unknown): Case {
  return { part, name, times, run }
}

export function sizeName(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`
}

/** Bytes without a line feed but the last, and with a carriage return before that. */
export function lineOf(size: number): Buffer {
  const line = Buffer.alloc(size, 'x')
  line.write('\r\n', size - 2, 'latin1')
  return line
}
