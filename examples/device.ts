// A server that takes the readings of devices, and appends each to a file, once. A reading is acknowledged when it is on the disk, so
// the server may be killed at any moment: the device sends again what was not acknowledged. The protocol is in device-protocol.ts.
//
//   FILE=readings.jsonl node device.js
//   seq 20 30 | PORT=8888 node device-client.js

import { type FileHandle, open } from 'node:fs/promises'
import { listen, shutdownOn } from 'linnet'
import { limits, type Reading, type Store, takeReadings } from './device-session.js'

/** Readings in a file, one a line, as JSON. */
class FileStore implements Store {
  readonly #file: FileHandle
  /** The last sequence number of each run. */
  readonly #last = new Map<string, number>()
  /** The size of the file up to the end of its last complete line. */
  #end = 0
  /** Readings are added one after the other. It never rejects. */
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(file: FileHandle) {
    this.#file = file
  }

  static async open(path: string): Promise<FileStore> {
    const file = await open(path, 'a+')
    const store = new FileStore(file)
    const { size } = await file.stat()
    for await (const line of file.readLines({ start: 0, autoClose: false })) {
      const end = store.#end + Buffer.byteLength(line) + 1
      // A line without its end: the process was killed while it wrote it, and before it acknowledged the reading.
      if (end > size) break
      const { run, sequence } = JSON.parse(line) as Reading
      store.#last.set(run, sequence)
      store.#end = end
    }
    await file.truncate(store.#end)
    return store
  }

  last(run: string): number {
    return this.#last.get(run) ?? 0
  }

  add(reading: Reading): Promise<void> {
    const added = this.#queue.then(() => this.#append(reading))
    this.#queue = added.catch(() => {})
    return added
  }

  async #append(reading: Reading): Promise<void> {
    // Stored already: its acknowledgement was lost, or two connections of one device overlap.
    if (reading.sequence <= this.last(reading.run)) return
    const line = `${JSON.stringify(reading)}\n`
    try {
      await this.#file.appendFile(line)
      await this.#file.datasync()
    } catch (error) {
      // A full disk may have taken a part of the line.
      await this.#file.truncate(this.#end)
      throw error
    }
    this.#end += Buffer.byteLength(line)
    this.#last.set(reading.run, reading.sequence)
  }

  async close(): Promise<void> {
    await this.#queue
    await this.#file.close()
  }
}

const { PORT = 8888, FILE = 'readings.jsonl' } = process.env
const store = await FileStore.open(FILE)
const server = await listen({ port: Number(PORT), ...limits, maxConnections: 10_000, maxConnectionsPerAddress: 100 })
shutdownOn(server, { grace: 5_000 }) // Ctrl-C: what has arrived is stored and acknowledged first
server.on('handlerError', (error, { remote }) => console.error(`${remote}: ${error}`))
server.on('disconnect', ({ remote }, { error }) => console.log(`${remote} has gone${error === undefined ? '' : `: ${error}`}`))
console.log(`device: send it readings with  seq 20 30 | node device-client.js localhost:${server.port}`)

await server.serve((connection) => takeReadings(connection, store))
await store.close()
