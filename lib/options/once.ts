// Schemas are made on the first check, not on import: a program that only connects pays nothing for the options of a server.

/** What is made when it is first called for: a schema, or the schemas of a table. */
export type Lazy<T> = () => T

/** Makes a thing on the first call, and answers every later one with the same thing. What `make` throws is not kept. */
export function once<T extends object>(make: () => T): Lazy<T> {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
