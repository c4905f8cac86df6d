// The public type of an object to read from. Types only: the methods and their documentation are those of `ReadMethods`.

import type { ReadMethods } from './read-methods.js'

/**
 * Something to read bytes, lines and messages from: a connection, or the argument of the function of `readMessage`.
 *
 * All reads keep the same rules:
 * - A read that fails consumes nothing (but for `skip`, `skipUntil` and `overflow: 'skip'`), and the connection stays usable.
 * - Bytes that arrived come before an end of stream, a loss or a time-out.
 * - One read at a time: a second one rejects with ConcurrentReadError and does not affect the first.
 * - Returned bytes may share memory with their neighbours: copy what is kept for long. Copies are what `peek` resolves with and
 *   the `partial` of an error.
 * - Text is UTF-8 unless an encoding is given. Each result is decoded separately.
 */
export interface Reader extends Pick<ReadMethods, keyof ReadMethods> {}
