// A value that is made when it is first asked for, and once.

/** Calls `make` at the first call of the function that it returns; that value is what every call returns. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
