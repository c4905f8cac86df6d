// How a connection ended, and how that is reported: to its server, through the `closed` promise, and through `signal`. Each
// report is made once; a listener that is added after the end is called at once. The promise and the signal are made when
// they are first asked for.

import { throwLater } from '../throw-later.js'

/** How a connection ended. */
export interface CloseInfo {
  /**
   * `'local'` or `'peer'`: both sides ended, this one first. `'lost'`: the peer or the network broke the connection.
   * `'aborted'`: this side called `abort`, or a limit did. `'timeout'`: `writeTimeout` or `closeTimeout` ran out.
   */
  readonly by: 'local' | 'peer' | 'lost' | 'aborted' | 'timeout'
  /** What cut the connection, or what its handler threw or rejected with. */
  readonly error?: unknown
  /** Bytes received. */
  readonly bytesRead: number
  /** Bytes sent: handed to the operating system. */
  readonly bytesWritten: number
  /** The time from opening to the end, in milliseconds. */
  readonly duration: number
}

/** The server of a connection. */
export interface Supervisor {
  /** The connection is closed. Called once. */
  closed(info: CloseInfo): void
  /** The handler failed with an error that the connection did not raise. */
  handlerFailed(error: unknown): void
}

type Listener = (info: CloseInfo) => void

/** An exception of one listener, such as of a foreign stream that is destroyed, does not keep the others from being called. */
function callListener(listener: Listener, info: CloseInfo): void {
  try {
    listener(info)
  } catch (error) {
    throwLater(error)
  }
}

export class CloseState {
  /** Undefined until the connection is closed. */
  info: CloseInfo | undefined
  supervisor: Supervisor | undefined
  readonly #reads: { endError(): Error }
  /** A single listener, as nearly every connection has, or a list. */
  #listeners: Listener | Listener[] | undefined
  #closed: Promise<CloseInfo> | undefined
  #signal: AbortController | undefined

  /** `reads.endError()` is what reads reject with after the end: the reason of the signal. */
  constructor(reads: { endError(): Error }) {
    this.#reads = reads
  }

  /** Resolves when the connection is closed. */
  get closed(): Promise<CloseInfo> {
    this.#closed ??= new Promise((resolve) => this.onClosed(resolve))
    return this.#closed
  }

  /** Aborts when the connection is closed. */
  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#signal = new AbortController()
      if (this.info !== undefined) this.#signal.abort(this.#reads.endError())
    }
    return this.#signal.signal
  }

  /** Calls `listener` when the connection is closed; at once if it is already. */
  onClosed(listener: Listener): void {
    if (this.info !== undefined) callListener(listener, this.info)
    else this.#listeners = this.#listeners === undefined ? listener : [this.#listeners, listener].flat()
  }

  /** The same; returns a function that removes the listener. */
  listen(listener: Listener): () => void {
    this.onClosed(listener)
    return () => {
      if (this.#listeners === listener) this.#listeners = undefined
      else if (typeof this.#listeners === 'object') this.#listeners = this.#listeners.filter((other) => other !== listener)
    }
  }

  /** Reports the end. Called once. */
  settle(info: CloseInfo): void {
    this.info = info
    this.#signal?.abort(this.#reads.endError())
    this.supervisor?.closed(info)
    const listeners = this.#listeners
    this.#listeners = undefined
    if (typeof listeners === 'function') callListener(listeners, info)
    else if (listeners !== undefined) for (const listener of listeners) callListener(listener, info)
  }
}
