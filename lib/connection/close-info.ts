// How a connection ended, and who is told: the server around it, those who wait for `closed`, and whoever listens to its
// signal. Each is told once; who asks late hears it at once. What nobody asks for is never made.

import { throwLater } from '../throw-later.js'

/** How a connection ended. */
export interface CloseInfo {
  /**
   * Where nothing cut it, who ended first: `'local'` or `'peer'`. Else `'lost'` (the peer or the network broke it),
   * `'aborted'` (this side did) or `'timeout'` (a write or close limit ran out).
   */
  readonly by: 'local' | 'peer' | 'lost' | 'aborted' | 'timeout'
  /** What cut it, or what its handler let through or threw. */
  readonly error?: unknown
  /** Bytes that arrived. */
  readonly bytesRead: number
  /** Bytes that left for the operating system. */
  readonly bytesWritten: number
  /** How long it was open, in milliseconds. */
  readonly duration: number
}

/** What stands around a connection: a server, or nobody. */
export interface Supervisor {
  /** It is over. Called once. */
  over(info: CloseInfo): void
  /** Its handler failed for a reason of its own. */
  handlerFailed(error: unknown): void
}

type Listener = (info: CloseInfo) => void

/** What one listener throws (a stream of somebody else's that is destroyed) keeps no other from hearing. */
function callListener(listener: Listener, info: CloseInfo): void {
  try {
    listener(info)
  } catch (error) {
    throwLater(error)
  }
}

export class CloseState {
  /** Undefined while it is not over. */
  info: CloseInfo | undefined
  supervisor: Supervisor | undefined
  readonly #reads: { endError(): Error }
  /** One, as nearly every connection has, or more. */
  #listeners: Listener | Listener[] | undefined
  #closed: Promise<CloseInfo> | undefined
  #signal: AbortController | undefined

  /** `reads` knows what a read rejects with from then on: the reason of the signal. */
  constructor(reads: { endError(): Error }) {
    this.#reads = reads
  }

  /** Resolves when it is over. */
  get closed(): Promise<CloseInfo> {
    this.#closed ??= new Promise((resolve) => this.onClosed(resolve))
    return this.#closed
  }

  /** Aborts when it is over. */
  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#signal = new AbortController()
      if (this.info !== undefined) this.#signal.abort(this.#reads.endError())
    }
    return this.#signal.signal
  }

  /** Calls `listener` when it is over; at once if it is. */
  onClosed(listener: Listener): void {
    if (this.info !== undefined) callListener(listener, this.info)
    else this.#listeners = this.#listeners === undefined ? listener : [this.#listeners, listener].flat()
  }

  /** The same, and returns what takes it back. */
  listen(listener: Listener): () => void {
    this.onClosed(listener)
    return () => {
      if (this.#listeners === listener) this.#listeners = undefined
      else if (typeof this.#listeners === 'object') this.#listeners = this.#listeners.filter((other) => other !== listener)
    }
  }

  /** It is over. Called once. */
  settle(info: CloseInfo): void {
    this.info = info
    this.#signal?.abort(this.#reads.endError())
    this.supervisor?.over(info)
    const listeners = this.#listeners
    this.#listeners = undefined
    if (typeof listeners === 'function') callListener(listeners, info)
    else if (listeners !== undefined) for (const listener of listeners) callListener(listener, info)
  }
}
