// Where text may be cut: how many of the bytes that are there end with a whole character, so that those which only begin
// one can stay unread. It sees bytes as Node's decoder does (WHATWG: invalid bytes are characters too, each a U+FFFD), so
// that the cut changes no text: what is decoded before it and what is decoded after it add up to the whole. Base64 has
// groups of three bytes instead of characters: a piece that ends in the middle of one would be padded.

import type { ByteQueue } from './queue.js'

/**
 * How many of the next `n` unread bytes (n ≤ queue.length) end with a whole character. At most 3 bytes fewer than `n`;
 * 0 if these bytes only begin one. A character (or group) must begin at the first unread byte. Encodings whose bytes each stand for
 * themselves (`latin1`, `hex` …) have nothing to leave out.
 */
export function completeLength(queue: ByteQueue, n: number, encoding: BufferEncoding): number {
  switch (encoding.toLowerCase()) {
    case 'utf8':
    case 'utf-8':
      return n - begunUtf8(queue, n)
    case 'utf16le':
    case 'utf-16le':
    case 'ucs2':
    case 'ucs-2':
      return n - begunUtf16(queue, n)
    case 'base64':
    case 'base64url':
      return n - (n % 3)
    default:
      return n
  }
}

/** Bytes at the end that begin a UTF-8 sequence and are valid so far: 0 to 3. */
function begunUtf8(queue: ByteQueue, n: number): number {
  let second = 0x80
  // Back over continuation bytes to the byte that leads them; with three of them any sequence is whole, or none is.
  for (let back = 1; back <= 3 && back <= n; back++) {
    const byte = queue.at(n - back)
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return back < lengthOf(byte) && (back === 1 || mayFollow(byte, second)) ? back : 0
    second = byte
  }
  return 0
}

/** Bytes in the sequence that `lead` (≥ 0xC0) begins; 1 for those that can begin none. */
function lengthOf(lead: number): number {
  // C0 and C1 would be over-long forms of ASCII; F5 and above are beyond the last character.
  if (lead < 0xc2 || lead > 0xf4) return 1
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}

/** Whether the continuation byte `second` may follow `lead`: some would make over-long forms, surrogates, or too large ones. */
function mayFollow(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0
  if (lead === 0xed) return second < 0xa0
  if (lead === 0xf0) return second >= 0x90
  if (lead === 0xf4) return second < 0x90
  return true
}

/** Bytes at the end that are half of a UTF-16 unit, or the first half of a surrogate pair, or both: 0 to 3. */
function begunUtf16(queue: ByteQueue, n: number): number {
  const odd = n % 2
  const units = n - odd
  const high = units > 0 && (queue.at(units - 1) & 0xfc) === 0xd8
  return high ? odd + 2 : odd
}
