// Where a writer waits for its reader: a client that may be so many messages ahead of the answers, a server that answers what
// it has read. Once the reader has come to its end nobody waits any more.

export class Gate {
  #count = 0
  #open = false
  #waiting: { count: number; pass: () => void }[] = []

  /** One message more has been read. */
  advance(): void {
    this.#count++
    this.#release()
  }

  /** No more will be read. */
  open(): void {
    this.#open = true
    this.#release()
  }

  /** Resolves once so many messages have been read, or no more will be. */
  async passed(count: number): Promise<void> {
    if (this.#open || this.#count >= count) return
    await new Promise<void>((pass) => this.#waiting.push({ count, pass }))
  }

  #release(): void {
    const ready = this.#waiting.filter(({ count }) => this.#open || this.#count >= count)
    this.#waiting = this.#waiting.filter((each) => !ready.includes(each))
    for (const { pass } of ready) pass()
  }
}
