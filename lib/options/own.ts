// Options of a method that are checked by hand: only what the program has given counts, and nothing that an object inherits.

/** A copy of the own members of an options object, which inherits nothing; of nothing, an empty one. */
export function ownOf<Name extends string>(options: object | undefined): { [name in Name]?: unknown } {
  return Object.assign(Object.create(null), options)
}

/** The same of an object whose members are known: what was checked, or what is given to Node. Reads each once. */
export function bare<T extends object>(object: T): T {
  return Object.assign(Object.create(null), object)
}
