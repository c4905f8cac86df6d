// A Buffer over memory that is there already: what each message read is. `subarray` and `Buffer.from` make one in 30 to 50
// ns, most of them for asking what they were given; the class that both of them make, in 17.

export type View = (memory: ArrayBufferLike, offset: number, length: number) => Buffer

/**
 * Makes views by `species`, which is what `Buffer` says its views are made of (`Symbol.species`): a class of its own on
 * Node. Where it is anything else, by `Buffer.from`.
 */
export function viewBy(species: unknown): View {
  if (typeof species !== 'function' || species === Buffer || species.prototype !== Buffer.prototype)
    return (memory, offset, length) => Buffer.from(memory as ArrayBuffer, offset, length)
  const Species = species as new (memory: ArrayBufferLike, offset: number, length: number) => Buffer
  return (memory, offset, length) => new Species(memory, offset, length)
}

export const view: View = viewBy((Buffer as unknown as { [Symbol.species]: unknown })[Symbol.species])

// To be used with `call`: finding a method among the hundred of Buffer costs as much as searching, or copying, a line.
export const indexOf: (this: Buffer, byte: number, from: number) => number = Buffer.prototype.indexOf
export const set: Uint8Array['set'] = Uint8Array.prototype.set
