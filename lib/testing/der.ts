// ASN.1 in its Distinguished Encoding Rules (ITU-T X.690), as far as a certificate needs it: values to bytes, each a tag, a
// length and its contents. It writes only, and knows nothing of what a value means.

/** One value: a tag, and contents that are put together. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, { length }) => sum + length, 0)
  return Buffer.concat([Buffer.of(tag), lengthOf(length), ...contents])
}

// Up to 127 in one byte; else the number of bytes that follow, and the length in these (X.690, 8.1.3).
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

/** A SET of one member: of several, the encoding would have to be in order. */
export function setOf(member: Uint8Array): Buffer {
  return der(0x31, member)
}

/** What is tagged `[number]` and keeps its own tag inside (EXPLICIT). */
export function explicit(number: number, value: Uint8Array): Buffer {
  return der(0xa0 | number, value)
}

/** A string of bytes that is tagged `[number]` in place of its own tag (IMPLICIT). */
export function implicit(number: number, bytes: Uint8Array): Buffer {
  return der(0x80 | number, bytes)
}

/** TRUE. FALSE is mostly a default, and a default is left out. */
export const TRUE: Buffer = der(0x01, Buffer.of(0xff))

/** A positive INTEGER, from its bytes: the shortest encoding, with a zero in front where the first bit would be a sign. */
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

/** Seven bits in each byte, all but the last with the eighth one set. */
function base128(value: number): number[] {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128))
  return bytes
}

/** A time in whole seconds: UTCTime, which has two digits for the year, up to 2049, and GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replace(/\D/g, '')}Z`
  return text < '2050' ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text))
}
