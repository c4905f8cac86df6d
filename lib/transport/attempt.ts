// An operation under way that can be cut off: a name lookup, a connection attempt, a PROXY header, a TLS handshake. Each
// stage of `connect` and of the admission to a server is one, so that a time limit or a signal handles all of them alike.

/** An operation under way that can be cut off. */
export interface Attempt<T> {
  /** Resolves with the result, rejects with the failure. It need not settle once the operation is cut off. */
  readonly done: Promise<T>
  /** Cuts the operation off and frees everything that it holds, including a result. Safe at any time, also twice. */
  cut(): void
}
