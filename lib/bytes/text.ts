// Where text may be cut: how many of the received bytes end with a whole character, so that an incomplete one can stay
// unread. Invalid bytes are characters too, each a U+FFFD, as for Node's decoder (https://encoding.spec.whatwg.org/), so that
// the two decoded parts add up to the decoded whole. Base64 has groups of three bytes instead of characters: a piece that
// ends inside of a group would be padded.

import type { ByteQueue } from './queue.js'

/**
 * How many of the next `n` unread bytes (n ≤ queue.length) end with a whole character: at most 3 fewer than `n`, and 0 if they
 * only begin a character. A character (in base64, a group) must begin at the first unread byte. In encodings
 * that decode each byte separately (`latin1`, `hex` …) the result is `n`.
 */
export function completeLength(queue: ByteQueue, n: number, encoding: BufferEncoding): number {
  switch (encoding.toLowerCase()) {
    case 'utf8':
    case 'utf-8':
      return n - incompleteUtf8(queue, n)
    case 'utf16le':
    case 'utf-16le':
    case 'ucs2':
    case 'ucs-2':
      return n - incompleteUtf16(queue, n)
    case 'base64':
    case 'base64url':
      return n - (n % 3)
    default:
      return n
  }
}

/** The number of bytes at the end that are the valid beginning of a UTF-8 sequence: 0 to 3. */
function incompleteUtf8(queue: ByteQueue, n: number): number {
  let second = 0x80
  // Goes back over continuation bytes to their lead byte. After three of them, any sequence is complete.
  for (let back = 1; back <= 3 && back <= n; back++) {
    const byte = queue.at(n - back)
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return back < sequenceLength(byte) && (back === 1 || mayFollow(byte, second)) ? back : 0
    second = byte
  }
  return 0
}

/** The length of the sequence with the lead byte `lead` (≥ 0xC0); 1 if it cannot begin a sequence. */
function sequenceLength(lead: number): number {
  // C0 and C1 would be over-long forms of ASCII; F5 and above are beyond U+10FFFF.
  if (lead < 0xc2 || lead > 0xf4) return 1
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}

/** Whether the continuation byte `second` may follow `lead`. Some pairs are over-long forms, surrogates, or beyond U+10FFFF. */
function mayFollow(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0
  if (lead === 0xed) return second < 0xa0
  if (lead === 0xf0) return second >= 0x90
  if (lead === 0xf4) return second < 0x90
  return true
}

/** The number of bytes at the end that are half a UTF-16 unit, the first half of a surrogate pair, or both: 0 to 3. */
function incompleteUtf16(queue: ByteQueue, n: number): number {
  const odd = n % 2
  const units = n - odd
  const high = units > 0 && (queue.at(units - 1) & 0xfc) === 0xd8
  return high ? odd + 2 : odd
}
