// A value that is made once, when it is first asked for.

/** Returns a function whose first call calls `make`; every call returns that value. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
