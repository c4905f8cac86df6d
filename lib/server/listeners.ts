// The listeners of a server, including those that are still being bound, so that the server can wait until all of them are
// closed. A listener whose bind completes after `close` is closed at once.

import type { Address } from '../address.js'
import type { Listener } from '../transport/listening/listener.js'

export class Listeners {
  /** The bound addresses, in order. Closing does not remove them. */
  readonly addresses: Address[] = []
  readonly #all: Listener[] = []
  readonly #onClosed: () => void
  /** The number of listeners that are open or being bound. */
  #open = 0
  #closed = false
  #referenced = true

  /** `onClosed` is called whenever a listener has closed, or a bind has ended. */
  constructor(onClosed: () => void) {
    this.#onClosed = onClosed
  }

  /** Whether a listener is open or being bound. */
  get any(): boolean {
    return this.#open > 0
  }

  /** Adds the listener that `bind` opens, or closes it if the server has closed meanwhile. Rejects as `bind` does. */
  async add(bind: () => Promise<Listener>): Promise<void> {
    // Counted while it is being bound, so that the server does not count as closed before this listener is.
    this.#open++
    try {
      const listener = await bind()
      if (this.#closed) await listener.close()
      else this.include(listener)
    } finally {
      this.#closedOne()
    }
  }

  /** Adds a listener that is bound. */
  include(listener: Listener): void {
    this.#all.push(listener)
    this.addresses.push(...listener.addresses)
    this.#open++
    if (!this.#referenced) listener.unref()
  }

  /** Sets whether the listeners, and those that are added later, keep the process alive. */
  reference(on: boolean): void {
    this.#referenced = on
    for (const listener of this.#all) on ? listener.ref() : listener.unref()
  }

  close(): void {
    this.#closed = true
    // `close` of a listener never rejects.
    for (const listener of this.#all) void listener.close().then(() => this.#closedOne())
  }

  #closedOne(): void {
    this.#open--
    this.#onClosed()
  }
}
