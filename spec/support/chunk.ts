// How much a runtime reads at once of a socket. It stands in what a connection may read ahead: its mark, and two of these.

/** The largest chunk that a socket brings. */
export const CHUNK: number = ('bun' in process.versions ? 512 : 64) * 1024
