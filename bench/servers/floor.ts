// The floor: the least that a loop with two awaits a line can be. A promise for each line and one for all writes, a view of
// the chunk, one write a turn; and nothing else: no limits, no time, no cancellation, no second reader, no back-pressure, no
// end. What linnet's linear loop costs beyond it is linnet's; what this costs beyond N3 is the promises'.

import type { Socket } from 'node:net'
import { listenWithNet } from './support.js'

const LINE_FEED = 10
const DONE: Promise<void> = Promise.resolve()

class Floor {
  readonly #socket: Socket
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  #resolve: ((line: Buffer) => void) | undefined
  readonly #slab = Buffer.allocUnsafeSlow(1024 * 1024)
  #filled = 0

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk
      this.#at = 0
      const resolve = this.#resolve
      if (resolve === undefined) return
      const line = this.#take()
      if (line === undefined) return
      this.#resolve = undefined
      resolve(line)
    })
  }

  #take(): Buffer | undefined {
    const end = this.#chunk.indexOf(LINE_FEED, this.#at) + 1
    if (end === 0) return undefined
    const line = this.#chunk.subarray(this.#at, end)
    this.#at = end
    return line
  }

  readLine(): Promise<Buffer> {
    const line = this.#take()
    if (line !== undefined) return Promise.resolve(line)
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  write(line: Buffer): Promise<void> {
    if (this.#filled + line.length > this.#slab.length) this.#flush()
    if (line.length > this.#slab.length) {
      this.#socket.write(line)
      return DONE
    }
    if (this.#filled === 0) process.nextTick(() => this.#flush())
    this.#slab.set(line, this.#filled)
    this.#filled += line.length
    return DONE
  }

  #flush(): void {
    if (this.#filled > 0) this.#socket.write(Buffer.from(this.#slab.subarray(0, this.#filled)))
    this.#filled = 0
  }
}

listenWithNet(async (socket) => {
  const floor = new Floor(socket)
  for (;;) await floor.write(await floor.readLine())
})
