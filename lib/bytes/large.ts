// From which size on bytes are passed by reference.

/**
 * The size from which on a copy costs more than a piece of its own in the system call, in bytes. A write keeps such a piece by
 * reference, and `chunks` joins what has arrived up to this size.
 */
export const LARGE: number = 16 * 1024
