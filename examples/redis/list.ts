// A list to which both ends add and from which both ends take, each in constant time: a ring in an array.

const SMALLEST = 8

export class List {
  #items: (string | undefined)[] = new Array(SMALLEST)
  /** Where the first item is. */
  #first = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  pushLeft(item: string): void {
    if (this.#length === this.#items.length) this.#resize(2 * this.#length)
    this.#first = this.#place(-1)
    this.#items[this.#first] = item
    this.#length++
  }

  pushRight(item: string): void {
    if (this.#length === this.#items.length) this.#resize(2 * this.#length)
    this.#items[this.#place(this.#length)] = item
    this.#length++
  }

  popLeft(): string | undefined {
    if (this.#length === 0) return undefined
    const item = this.#take(this.#first)
    this.#first = this.#place(1)
    this.#length--
    this.#shrink()
    return item
  }

  popRight(): string | undefined {
    if (this.#length === 0) return undefined
    const item = this.#take(this.#place(this.#length - 1))
    this.#length--
    this.#shrink()
    return item
  }

  /** The items from one place up to another, which is not included. */
  slice(from: number, to: number): string[] {
    return Array.from({ length: Math.max(0, to - from) }, (_, at) => this.#items[this.#place(from + at)] as string)
  }

  /** The place of an item in the array, whose length is a power of two. */
  #place(index: number): number {
    return (this.#first + index) & (this.#items.length - 1)
  }

  #take(place: number): string | undefined {
    const item = this.#items[place]
    this.#items[place] = undefined
    return item
  }

  #shrink(): void {
    if (this.#items.length > SMALLEST && this.#length <= this.#items.length / 4) this.#resize(this.#items.length / 2)
  }

  #resize(size: number): void {
    const items: (string | undefined)[] = this.slice(0, this.#length)
    items.length = size
    this.#items = items
    this.#first = 0
  }
}
