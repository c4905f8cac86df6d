// The block that a bulk server sends repeatedly: the pattern that the generator checks, lines of 64 bytes.

const LINE = 64
const SIZE = 64 * 1024

const line = Buffer.from(Array.from({ length: LINE }, (_, at) => (at === LINE - 1 ? 10 : 97 + (at % 23))))

/** 64 KiB. The number of bytes that a bulk server sends is a multiple of it. */
export const block: Buffer = Buffer.alloc(SIZE, line)
