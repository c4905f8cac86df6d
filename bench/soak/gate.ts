// Lets a writer wait for its reader: a client that may be a number of messages ahead of the answers, a server that answers the messages
// that it has read. After the reader has ended no writer waits.

export class Gate {
  #count = 0
  #open = false
  #waiting: { count: number; pass: () => void }[] = []

  /** Counts a message that was read. */
  advance(): void {
    this.#count++
    this.#release()
  }

  /** Opens the gate: no more messages will be read. */
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
