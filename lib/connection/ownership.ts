// Whose error it is. What a connection itself raised, and its handler let through, is a normal end; the same class of error
// from another connection is a failure of that handler.

const owners = new WeakMap<object, Set<object>>()

/** Marks an error as raised by `owner`, beside others that raised it too; returns the error. */
export function ownedBy<E extends Error>(error: E, owner: object): E {
  const known = owners.get(error)
  if (known === undefined) owners.set(error, new Set([owner]))
  else known.add(owner)
  return error
}

/** Whether `owner` raised it. */
export function isOwnedBy(error: unknown, owner: object): boolean {
  return typeof error === 'object' && error !== null && owners.get(error)?.has(owner) === true
}
