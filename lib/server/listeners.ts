// The listeners of a server, those that are still being bound included: it is known at any moment whether one is open, and
// one that is bound when nobody wants it any more is closed again.

import type { Address } from '../address.js'
import type { Listener } from '../transport/listening/listener.js'

export class Listeners {
  /** What was bound, in order; stays when the listeners close. */
  readonly addresses: Address[] = []
  readonly #all: Listener[] = []
  readonly #fewer: () => void
  /** Whose sockets are still open, or are being opened. */
  #open = 0
  #closed = false
  #referenced = true

  /** `fewer` is called when one of them is closed, or could not be opened. */
  constructor(fewer: () => void) {
    this.#fewer = fewer
  }

  /** True while one is open, or is being opened. */
  get any(): boolean {
    return this.#open > 0
  }

  /** Takes in what `bind` opens, unless they are closed by then. Rejects as it does. */
  async add(bind: () => Promise<Listener>): Promise<void> {
    // It counts from here on: whoever waits for all of them to be closed waits for one that was overtaken.
    this.#open++
    try {
      const listener = await bind()
      if (this.#closed) await listener.close()
      else this.include(listener)
    } finally {
      this.#left()
    }
  }

  /** Takes a bound listener in. */
  include(listener: Listener): void {
    this.#all.push(listener)
    this.addresses.push(...listener.addresses)
    this.#open++
    if (!this.#referenced) listener.unref()
  }

  reference(on: boolean): void {
    this.#referenced = on
    for (const listener of this.#all) on ? listener.ref() : listener.unref()
  }

  close(): void {
    this.#closed = true
    // A listener's close never rejects.
    for (const listener of this.#all) void listener.close().then(() => this.#left())
  }

  #left(): void {
    this.#open--
    this.#fewer()
  }
}
