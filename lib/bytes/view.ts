// Makes a Buffer over existing memory: the result of each read. `subarray` and `Buffer.from` take 30 to 50 ns, mostly to
// check their arguments. Constructing the class that both of them construct takes 17 ns.

export type View = (memory: ArrayBufferLike, offset: number, length: number) => Buffer

/**
 * A function that makes views with `species`, the class of views that `Buffer` names by `Symbol.species`: on Node, an internal
 * class. If `species` is anything else, it uses `Buffer.from`.
 */
export function viewBy(species: unknown): View {
  if (typeof species !== 'function' || species === Buffer || species.prototype !== Buffer.prototype)
    return (memory, offset, length) => Buffer.from(memory as ArrayBuffer, offset, length)
  const Species = species as new (memory: ArrayBufferLike, offset: number, length: number) => Buffer
  return (memory, offset, length) => new Species(memory, offset, length)
}

export const view: View = viewBy((Buffer as unknown as { [Symbol.species]: unknown })[Symbol.species])

// For use with `call`: looking up a method among the hundred of Buffer costs as much as searching or copying a line.
export const indexOf: (this: Buffer, byte: number, from: number) => number = Buffer.prototype.indexOf
export const lastIndexOf: (this: Buffer, byte: number, from: number) => number = Buffer.prototype.lastIndexOf
export const set: Uint8Array['set'] = Uint8Array.prototype.set
