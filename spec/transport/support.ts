// The helpers of the specs of this folder: a sink that records events and lets a test wait for them, and pairs of carriers of
// every kind, which are closed after the test.

import fs from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import type { Test } from 'tap'
import type { Carrier, CarrierSink } from '../../lib/transport/carrier.js'
import { systemClock } from '../../lib/transport/clock.js'
import { DuplexCarrier } from '../../lib/transport/duplex.js'
import { memoryPair } from '../../lib/transport/memory/carrier.js'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { turn } from '../support/wait.js'

/** A sink that records. `events` has the names of the events; consecutive `data` events count as one. */
export class Recorder implements CarrierSink {
  readonly chunks: Buffer[] = []
  readonly events: string[] = []
  bytes = 0
  loss: (Error & { code?: string }) | undefined
  /** Called within `data`. */
  onData: (chunk: Buffer) => void = () => {}
  #waiting: (() => void)[] = []

  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }

  get all(): Buffer {
    return Buffer.concat(this.chunks)
  }

  data(chunk: Buffer): void {
    if (!Buffer.isBuffer(chunk)) throw new Error('a chunk must be a Buffer')
    this.chunks.push(chunk)
    this.bytes += chunk.length
    if (this.events.at(-1) !== 'data') this.events.push('data')
    this.onData(chunk)
    this.#notify()
  }

  end(): void {
    this.#record('end')
  }

  sent(): void {
    this.#record('sent')
  }

  finished(): void {
    this.#record('finished')
  }

  lost(error: Error): void {
    this.loss = error
    this.#record('lost')
  }

  count(what: string): number {
    return this.events.filter((one) => one === what).length
  }

  has(what: string): boolean {
    return this.events.includes(what)
  }

  /** Resolves as soon as `condition` holds. It is checked after each event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  waitFor(what: string, times = 1): Promise<void> {
    return this.until(() => this.count(what) >= times)
  }

  #record(what: string): void {
    this.events.push(what)
    this.#notify()
  }

  #notify(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

/** Attaches a recorder and resumes. */
export function recording(carrier: Carrier): Recorder {
  const recorder = new Recorder()
  carrier.attach(recorder)
  carrier.resume()
  return recorder
}

/** One turn of the event loop, or several. */
export async function turns(count = 1): Promise<void> {
  for (let n = 0; n < count; n++) await turn()
}

/** Resolves with the arguments of the next `event`. */
export function next<T extends unknown[]>(
  emitter: { once(event: string, listener: (...args: never[]) => void): unknown },
  event: string,
): Promise<T> {
  return new Promise((resolve) => void emitter.once(event, (...args: unknown[]) => resolve(args as T)))
}

/** Writes all of it, in pieces, and waits for `sent` where the carrier requires it. */
export async function writeAll(carrier: Carrier, recorder: Recorder, data: Uint8Array, size = 64 * 1024): Promise<void> {
  for (let at = 0; at < data.length; at += size) {
    const before = recorder.count('sent')
    if (!carrier.write(data.subarray(at, at + size))) await recorder.until(() => recorder.count('sent') > before || recorder.has('lost'))
    if (recorder.has('lost')) return
  }
}

/** Writes until bytes are under way. Returns the number of written bytes. */
export function fill(carrier: Carrier, limit = 64 * 1024 * 1024): number {
  const piece = Buffer.alloc(64 * 1024, 'x')
  for (let given = 0; given < limit; ) {
    given += piece.length
    if (!carrier.write(piece)) return given
  }
  throw new Error('the carrier took everything')
}

/** Writes until a piece stays under way for ten turns. Resolves with the number of written bytes. */
export async function fillUp(carrier: Carrier, recorder: Recorder): Promise<number> {
  for (let given = 0; ; ) {
    const before = recorder.count('sent')
    given += fill(carrier)
    for (let n = 0; n < 10 && recorder.count('sent') === before; n++) await turns()
    if (recorder.count('sent') === before) return given
  }
}

export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length + 4)
  for (let at = 0; at < length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at)
  return bytes.subarray(0, length)
}

let paths = 0
/** An unused path in a directory that is removed when the process exits. */
export function scratch(name = `${++paths}.sock`): string {
  directory ??= fs.mkdtempSync(join(tmpdir(), 'linnet-transport-'))
  return join(directory, name)
}
let directory: string | undefined
process.on('exit', () => {
  if (directory !== undefined) fs.rmSync(directory, { recursive: true, force: true })
})

export interface Sockets {
  readonly client: net.Socket
  readonly server: net.Socket
}

/** Two connected sockets. The accepted one is paused, as by a listener of linnet. */
export async function sockets(t: Test, at: net.ListenOptions = { host: '127.0.0.1', port: 0 }): Promise<Sockets> {
  const listener = net.createServer({ allowHalfOpen: true, pauseOnConnect: true })
  await new Promise<void>((resolve) => void listener.listen(at, resolve))
  const accepted = next<[net.Socket]>(listener, 'connection')
  const address = listener.address() as net.AddressInfo | string
  const to = typeof address === 'string' ? { path: address } : { host: address.address, port: address.port }
  const client = net.connect({ ...to, allowHalfOpen: true })
  client.on('error', () => {})
  const [[server]] = await Promise.all([accepted, next(client, 'connect')])
  listener.close()
  t.teardown(() => {
    client.destroy()
    server.destroy()
  })
  return { client, server }
}

export type Pair = readonly [Carrier, Carrier]

/** A kind of carrier, for the rules that all carriers keep. */
export interface Kind {
  /** Whether a reset reaches the peer as a break. If not (Unix sockets), it may look like an end. */
  readonly breaks: boolean
}

/** Adds one test: a rule, and a pair of carriers that is reset after it. */
export type Rule = (name: string, body: (t: Test, pair: Pair) => Promise<void>) => void

export async function tcpPair(t: Test): Promise<Pair> {
  const { client, server } = await sockets(t)
  return [new SocketCarrier(client), new SocketCarrier(server)]
}

export async function unixPair(t: Test): Promise<Pair> {
  const { client, server } = await sockets(t, { path: scratch() })
  return [new SocketCarrier(client), new SocketCarrier(server)]
}

export const FOREVER: number = Number.POSITIVE_INFINITY
export const NO_FAULTS = { resetAfter: FOREVER, stallAfter: FOREVER, endAfter: FOREVER }

export async function inMemory(): Promise<Pair> {
  return memoryPair({ maxChunk: FOREVER, latency: 0, highWaterMark: 64 * 1024, faults: NO_FAULTS, clock: systemClock })
}

class Half extends Duplex {
  far: Half = this
  #taken: ((error?: Error) => void) | undefined

  override _read(): void {
    const done = this.#taken
    this.#taken = undefined
    done?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.far.#receive(Buffer.from(chunk), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.far.#receive(null, done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#taken?.(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }))
    this.#taken = undefined
    if (!this.writableFinished) setImmediate(() => this.far.destroy())
    done(error)
  }

  #receive(chunk: Buffer | null, done: (error?: Error) => void): void {
    if (this.destroyed) done(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }))
    else if (this.push(chunk) || chunk === null) done()
    else this.#taken = done
  }
}

/** Two Duplexes, each the far end of the other, with back-pressure. Destroying one before its end destroys the other. */
export function duplexes(): [Duplex, Duplex] {
  const [a, b] = [new Half(), new Half()]
  a.far = b
  b.far = a
  return [a, b]
}

export async function overDuplexes(): Promise<Pair> {
  const [a, b] = duplexes()
  return [new DuplexCarrier(a), new DuplexCarrier(b)]
}
