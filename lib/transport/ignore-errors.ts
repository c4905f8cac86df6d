// Errors that are emitted after the outcome was reported. Nothing has to act on them, and an emitter without a listener
// throws them.

import type { EventEmitter } from 'node:events'

const ignore = (): void => {}

/** Adds an 'error' listener that does nothing, and returns the emitter. */
export function ignoreErrors<E extends EventEmitter>(emitter: E): E {
  return emitter.on('error', ignore)
}
