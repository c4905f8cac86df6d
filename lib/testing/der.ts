// ASN.1 in its Distinguished Encoding Rules (ITU-T X.690), as far as a certificate needs it. A value is a tag, a length and
// its contents. This module encodes only.

/** A value: the tag, the length, and the concatenated contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, { length }) => sum + length, 0)
  return Buffer.concat([Buffer.of(tag), lengthOf(length), ...contents])
}

// One byte up to 127; above that, the number of length bytes, followed by these bytes (X.690, 8.1.3).
function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  const bytes = bigEndian(length)
  return Buffer.of(0x80 | bytes.length, ...bytes)
}

function bigEndian(value: number): number[] {
  const bytes = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return bytes
}

export function sequence(...members: readonly Uint8Array[]): Buffer {
  return der(0x30, ...members)
}

/** A SET of one member. Several members would have to be sorted by their encoding. */
export function setOf(member: Uint8Array): Buffer {
  return der(0x31, member)
}

/** A value inside the tag `[number]`, with its own tag (EXPLICIT). */
export function explicit(number: number, value: Uint8Array): Buffer {
  return der(0xa0 | number, value)
}

/** A byte string with the tag `[number]` in place of its own (IMPLICIT). */
export function implicit(number: number, bytes: Uint8Array): Buffer {
  return der(0x80 | number, bytes)
}

/** The BOOLEAN TRUE. FALSE is usually the default, which DER omits. */
export const TRUE: Buffer = der(0x01, Buffer.of(0xff))

/** A positive INTEGER from its bytes: the shortest encoding, with a leading zero if the first bit would be a sign. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  const significant = first < 0 ? Buffer.of(0) : bytes.subarray(first)
  return der(0x02, Buffer.alloc((significant[0] as number) >> 7), significant)
}

/** A BIT STRING of whole bytes. */
export function bitString(bytes: Uint8Array): Buffer {
  return der(0x03, Buffer.of(0), bytes)
}

export function octetString(bytes: Uint8Array): Buffer {
  return der(0x04, bytes)
}

export function utf8String(text: string): Buffer {
  return der(0x0c, Buffer.from(text))
}

/** An OBJECT IDENTIFIER, from its text: `2.5.29.17`. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

/** Base 128, most significant first: seven bits in each byte, and the eighth set in all but the last. */
function base128(value: number): number[] {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128))
  return bytes
}

/** A time in whole seconds: UTCTime, whose year has two digits, up to 2049, and GeneralizedTime from 2050 (RFC 5280, 4.1.2.5). */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replace(/\D/g, '')}Z`
  return text < '2050' ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text))
}
