// The properties of UTF-8 that a write buffer depends on: how long text may become, and which texts must not be joined.

/** The most bytes that UTF-8 takes for one UTF-16 unit. */
export const MAX_BYTES_PER_UNIT = 3

// The upper six bits of U+D800 to U+DBFF and of U+DC00 to U+DFFF, the two halves of a surrogate pair.
const HIGH_SURROGATE = 0xd800 >> 10
const LOW_SURROGATE = 0xdc00 >> 10

/**
 * Whether a text ends with half a surrogate pair that the next text completes. Each text is encoded on its own, so each
 * half is U+FFFD: joined, they would become one character. A callback of `Array.prototype.some`.
 */
export function splitsSurrogatePair(text: string, at: number, texts: readonly string[]): boolean {
  const next = texts[at + 1]
  return next !== undefined && text.charCodeAt(text.length - 1) >> 10 === HIGH_SURROGATE && next.charCodeAt(0) >> 10 === LOW_SURROGATE
}
