// Sources for the specs of `writeFrom`.

/** A source that counts the calls of `next` and `return`. */
export function counted(
  make: (n: number) => string | Uint8Array | undefined,
): AsyncIterable<string | Uint8Array> & { asked: number; returned: number } {
  const source = {
    asked: 0,
    returned: 0,
    [Symbol.asyncIterator]: () => ({
      async next() {
        const value = make(source.asked++)
        return value === undefined ? { value, done: true as const } : { value, done: false as const }
      },
      async return() {
        source.returned++
        return { value: undefined, done: true as const }
      },
    }),
  }
  return source
}
