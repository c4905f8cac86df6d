// Memory that holds unread bytes of a connection must not leave this thread. A returned Buffer may share its memory with
// bytes that are still unread, so that memory is marked before the Buffer is handed out: `postMessage` and
// `structuredClone` then refuse to transfer it (Node 20 copies it). See docs/decisions/unread-memory-is-not-transferable.md.

type Mark = (memory: ArrayBufferLike) => void

let mark: Mark | undefined

/** Makes what marks memory with `marker`, or what does nothing where the runtime has no such function. */
export function keeperBy(marker: unknown): Mark {
  return typeof marker === 'function' ? (marker as Mark) : () => {}
}

/** Marks memory as untransferable. The module that does it takes as long to load as this library, and is loaded by the first call. */
export function keepHere(memory: ArrayBufferLike): void {
  mark ??= keeperBy(process.getBuiltinModule('node:worker_threads').markAsUntransferable)
  mark(memory)
}
