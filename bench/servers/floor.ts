// The floor: the minimal loop with two awaits a line. It has a promise for each line and one for all writes, a view of the chunk, and one
// write a turn. It has no limits, time limits, cancelling, second reader, back-pressure or end. The difference to linnet's loop is the cost
// of linnet; the difference to N3 is the cost of promises.

import type { Socket } from 'node:net'
import { listenWithNet } from './support.js'

const LINE_FEED = 10
const MIB = 1024 * 1024
const DONE: Promise<void> = Promise.resolve()

// As in n3-bytes.ts.
type Maker = new (memory: ArrayBufferLike, offset: number, length: number) => Buffer
const { [Symbol.species]: View } = Buffer as unknown as Record<symbol, Maker>
const { indexOf } = Buffer.prototype
const { set } = Uint8Array.prototype

class Floor {
  readonly #socket: Socket
  #answers = Buffer.allocUnsafeSlow(MIB)
  readonly #flush = (): void => {
    if (this.#filled > 0) this.#socket.write(this.#answers.subarray(0, this.#filled))
    // The bytes that the system has not taken.
    if (this.#socket.writableLength > 0) this.#answers = Buffer.allocUnsafeSlow(MIB)
    this.#filled = 0
  }
  #chunk: Buffer = Buffer.alloc(0)
  #memory: ArrayBufferLike = this.#chunk.buffer
  #base = 0
  #at = 0
  #resolve: ((line: Buffer) => void) | undefined
  #filled = 0

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk
      this.#memory = this.#chunk.buffer
      this.#base = this.#chunk.byteOffset
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
    const start = this.#at
    const end = indexOf.call(this.#chunk, LINE_FEED, start) + 1
    if (end === 0) return undefined
    this.#at = end
    return new (View as Maker)(this.#memory, this.#base + start, end - start)
  }

  readLine(): Promise<Buffer> {
    const line = this.#take()
    if (line !== undefined) return Promise.resolve(line)
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  write(line: Buffer): Promise<void> {
    if (this.#filled + line.length > MIB) this.#flush()
    if (line.length > MIB) {
      this.#socket.write(line)
      return DONE
    }
    if (this.#filled === 0) process.nextTick(this.#flush)
    set.call(this.#answers, line, this.#filled)
    this.#filled += line.length
    return DONE
  }
}

listenWithNet(async (socket) => {
  const floor = new Floor(socket)
  for (;;) await floor.write(await floor.readLine())
})
