// The most that a runtime reads from a socket at once. A connection may read ahead `readHighWaterMark` and two chunks.

/** The largest chunk of a socket, in bytes. */
export const CHUNK: number = ('bun' in process.versions ? 512 : 64) * 1024
