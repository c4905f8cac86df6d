// The public function `reconnect`. It checks its arguments when it is called; each loop over what it returns is an iterator of its own,
// which connects, waits and ends: `reconnect-iterator.ts`.

import type { Connection } from '../connection/connection.js'
import { AsyncIteratorBase, DONE } from '../iterator.js'
import {
  type ReconnectOptions,
  type ReconnectTarget,
  type ResolvedReconnectOptions,
  resolveReconnectOptions,
} from '../options/reconnect.js'
import { systemDialer } from './connecting.js'
import { ReconnectIterator } from './reconnect-iterator.js'

/**
 * Connects again and again: an async iterable of connections, one at a time. The loop's body gets each connection that `connect`
 * makes. When the body ends, its connection is closed if it is open, and once it has closed the next attempt begins.
 *
 * A failed attempt is followed by a delay: `minDelay` (100 ms), doubled by each further failure up to `maxDelay` (30 s), of which a
 * random part, at least half, is waited. A connection that lived for `resetAfter` (10 s) begins the delays anew, and the next attempt
 * follows it at once. A shorter one counts as a failure for the delay.
 *
 * `options` may be a function, sync or async, that returns the options. It is called before each attempt.
 *
 * **Resolves**: `next()` resolves with the next connection, or with `done` once the loop was left or `signal` has aborted.
 *
 * **Rejects**: `next()` rejects, and the loop ends, with InvalidOptionsError for options of either argument that do not fit (the first
 * `next()`, before any attempt) and for what `options` returns; with what `options` or `onFailure` throws; and with the error of the
 * last attempt after `maxAttempts` failures in a row. Every other failure, of a TLS handshake too, is passed to `onFailure` and tried
 * again. An exception in the loop's body, such as a ConnectionLostError of a read, ends the loop: catch what is to be tried again.
 *
 * **Cancelling**: aborting `signal`, and leaving the loop, end it at any time: during an attempt, a delay or the body. The pending
 * `next()` resolves with `done`. The attempt is cancelled, and an open connection is closed (what was written is sent), which the loop
 * does not wait for. What `options` or `onFailure` still does then is ignored, and so is what it rejects with.
 *
 * @param options - the options of `connect` without `signal`, or a function that returns them
 * @param settings - the delays, and what ends or observes the loop
 * @example
 * for await (const connection of reconnect({ host: 'example.com', port: 7000 }, { signal, onFailure: console.error })) {
 *   try {
 *     await connection.write(hello)
 *     for await (const line of connection.lines()) handle(line)
 *   } catch (error) {
 *     if (!(error instanceof LinnetError)) throw error
 *   }
 * }
 */
export function reconnect(
  options: ReconnectTarget | (() => ReconnectTarget | PromiseLike<ReconnectTarget>),
  settings?: ReconnectOptions,
): AsyncIterable<Connection> {
  let resolved: ResolvedReconnectOptions
  try {
    resolved = resolveReconnectOptions(options, settings)
  } catch (error) {
    return { [Symbol.asyncIterator]: () => new Refusal(error) }
  }
  const dialer = { ...systemDialer, clock: resolved.clock }
  return { [Symbol.asyncIterator]: () => new ReconnectIterator(resolved, dialer) }
}

/** A loop over options that do not fit: the first `next` rejects. */
class Refusal extends AsyncIteratorBase<never> {
  readonly #error: unknown
  #ended = false

  constructor(error: unknown) {
    super()
    this.#error = error
  }

  async next(): Promise<IteratorResult<never>> {
    if (this.#ended) return DONE
    this.#ended = true
    throw this.#error
  }

  protected endIteration(): void {
    this.#ended = true
  }
}
