// Schemas are made when the library is imported, and each is asked for by a call. Not at the first check: zod sets up its classes by
// `for … in` when it makes the first schema of each, and throws there if somebody has given members to Object.prototype by then.

/** What is asked for by a call: a schema, or the schemas of a table. */
export type Lazy<T> = () => T

/** Makes a thing at once, and answers every call with it. */
export function once<T extends object>(make: () => T): Lazy<T> {
  const made = make()
  return () => made
}
