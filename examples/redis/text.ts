// Text that is kept.

/** A text that keeps no other text alive: a word refers to the whole packet in which it arrived. */
export function compact(text: string): string {
  // The engine copies shorter pieces.
  return text.length < 13 ? text : Buffer.from(text, 'latin1').toString('latin1')
}
