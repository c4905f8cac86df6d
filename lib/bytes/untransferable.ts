// Keeps memory with unread bytes in this thread. A returned Buffer may share its memory with bytes that are still unread, so
// that memory is marked before the Buffer is returned: `postMessage` and `structuredClone` then refuse to transfer it
// (Node 20 copies it).
// Decision: docs/decisions/unread-memory-is-not-transferable.md

type Marker = (memory: ArrayBufferLike) => void

let mark: Marker | undefined

/** A function that marks memory with `marker`, or does nothing if the runtime has no such function. */
export function markerFrom(marker: unknown): Marker {
  return typeof marker === 'function' ? (marker as Marker) : () => {}
}

/** Marks memory as untransferable. The first call loads `node:worker_threads`, which takes as long to load as this library. */
export function markUntransferable(memory: ArrayBufferLike): void {
  mark ??= markerFrom(process.getBuiltinModule('node:worker_threads').markAsUntransferable)
  mark(memory)
}
