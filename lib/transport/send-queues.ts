// What the system still holds of what was written to a TCP peer, where it shows that: on Linux, in /proc/net/tcp and tcp6.
//
// The kernel wakes a writer when a third of its send buffer is free, megabytes; to a peer that reads slowly minutes may lie
// between two such steps, in which the peer takes bytes all the time. The table shows it: `tx_queue` counts what the peer
// has not acknowledged. The table has a line for each connection of the machine, so it is read for all who wait at once, at
// most once a second where that takes long, in small pieces, asynchronously; and not at all while nobody waits.
//
// Where it cannot be read (other systems, another network namespace, no descriptor left), nothing moves: then a step is what
// one write hands on.

import { close, open, read } from 'node:fs'
import { endianness } from 'node:os'
import type { Address } from '../address.js'
import { ipv4Bytes, ipv6Bytes } from '../address-bytes.js'
import type { Carrier } from './carrier.js'
import { clearTimeout, setTimeout, systemClock } from './clock.js'

// The table of the process's own network namespace.
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6']
const EVERY = 1000
// Somebody whose limit is over waits for a look, so a small table is looked at sooner: after a millisecond for each 5,000
// bytes of it, or 33 connections. From 33,000 connections on that is a second.
const SOONEST = 20
const BYTES_A_MILLISECOND = 5000
// A peer that stops leaves a window that is smaller than a segment; the kernel fills it by its persist timer, a quarter of a
// second after the last byte. A watch that begins before that sees the queue move once without anybody's reading.
const PERSIST = 250
// The kernel hands out a page at a time.
const PIECE = 16 * 1024
const LITTLE = endianness() === 'LE'

/** A watch of the send queues of these carriers; undefined where the system shows none of them. */
export function watchQueues(carriers: readonly Pick<Carrier, 'queueKeys'>[], ms: number, moved: () => void): QueueWatch | undefined {
  const keys = carriers.flatMap((carrier) => carrier.queueKeys?.() ?? [])
  return keys.length === 0 ? undefined : new QueueWatch(keys, ms, moved)
}

/** One or more connections, whose send queues are looked at while it is active. */
export class QueueWatch {
  readonly #keys: readonly string[]
  readonly #moved: () => void
  /** What each queue held when it was last seen, and whose it was. */
  readonly #seen = new Map<string, { bytes: number; socket: string }>()
  active = false
  /** How often it wants to be looked at. */
  readonly every: number
  /** Moves that show nothing. */
  #skipped: number

  /** For a limit of `ms`. `moved` is called when a queue holds something else than when it was last looked at: it also grows only into room that the peer has made. */
  constructor(keys: readonly string[], ms: number, moved: () => void) {
    this.#keys = keys
    this.#moved = moved
    this.every = Math.min(EVERY, ms / 4)
    this.#skipped = ms / 2 < PERSIST ? 1 : 0
  }

  /** From now on it is looked at, for the first time soon. */
  start(): void {
    this.active = true
    for (const key of this.#keys) watches.set(key, (watches.get(key) ?? new Set()).add(this))
    void this.look()
  }

  /** Until `start` it is not looked at; what was seen last is remembered. */
  rest(): void {
    if (!this.active) return
    this.active = false
    for (const key of this.#keys) {
      const others = watches.get(key) as Set<QueueWatch>
      others.delete(this)
      if (others.size === 0) watches.delete(key)
    }
  }

  /** One more look, which begins after this call, and soon. */
  look(): Promise<void> {
    return new Promise((resolve) => {
      asked.push(resolve)
      schedule()
    })
  }

  /** A queue was seen. The same addresses with another inode are another socket, whose queue says nothing of this one. */
  saw(key: string, bytes: number, socket: string): void {
    const before = this.#seen.get(key)
    this.#seen.set(key, { bytes, socket })
    if (!this.active || before === undefined || before.socket !== socket || bytes === before.bytes) return
    if (this.#skipped-- > 0) return
    this.#skipped = 0
    this.#moved()
  }
}

const watches = new Map<string, Set<QueueWatch>>()
let asked: (() => void)[] = []
let looking = false
let lastBegan = Number.NEGATIVE_INFINITY
/** The least from the beginning of one look to that of the next. */
let gap: number = SOONEST
let timer: NodeJS.Timeout | undefined

function schedule(): void {
  clearTimeout(timer)
  timer = undefined
  if (looking || (watches.size === 0 && asked.length === 0)) return
  const due = lastBegan + (asked.length > 0 ? gap : Math.max(gap, every())) - systemClock.now()
  timer = setTimeout(look, Math.max(due, 1))
  // Who waits has a timer of its own.
  timer.unref()
}

function every(): number {
  let least = EVERY
  for (const each of watches.values()) for (const watch of each) least = Math.min(least, watch.every)
  return least
}

async function look(): Promise<void> {
  looking = true
  lastBegan = systemClock.now()
  const who = asked
  asked = []
  let bytes = 0
  for (const table of TABLES) if (watches.size > 0) bytes += await readTable(table).catch(unreadable)
  gap = Math.min(EVERY, Math.max(SOONEST, bytes / BYTES_A_MILLISECOND))
  looking = false
  for (const resolve of who) resolve()
  schedule()
}

// No table, or no descriptor for it: nobody is found, and a later look may find more.
const unreadable = (): number => 0

/** Resolves with its size. */
async function readTable(path: string): Promise<number> {
  const file = await new Promise<number>((resolve, reject) =>
    /* c8 ignore next: it fails only where the system has no such table, or the process no descriptor */
    open(path, (error, descriptor) => (error ? reject(error) : resolve(descriptor))),
  )
  const piece = Buffer.allocUnsafe(PIECE)
  let rest = ''
  let bytes = 0
  try {
    for (let size = await readPiece(file, piece); size > 0; size = await readPiece(file, piece)) {
      bytes += size
      const text = rest + piece.toString('latin1', 0, size)
      const end = text.lastIndexOf('\n') + 1
      seeLines(text, end)
      rest = text.slice(end)
    }
  } finally {
    close(file, unreadable)
  }
  return bytes
}

function readPiece(file: number, piece: Buffer): Promise<number> {
  /* c8 ignore next: the kernel does not fail to print a table that it has opened */
  return new Promise((resolve, reject) => read(file, piece, 0, PIECE, null, (error, size) => (error ? reject(error) : resolve(size))))
}

// `  12: 0100007F:1F90 0100007F:C350 01 0009C400:00000000 …`: the number of the line, then the two ends, the state and the
// queues; the inode is the tenth field.
function seeLines(text: string, end: number): void {
  for (let start = 0; start < end; start = text.indexOf('\n', start) + 1) {
    const local = text.indexOf(':', start) + 2
    const state = text.indexOf(' ', text.indexOf(' ', local) + 1)
    const watching = watches.get(text.slice(local, state))
    if (watching === undefined) continue
    const fields = text.slice(state + 1, text.indexOf('\n', start)).split(/ +/)
    for (const watch of [...watching]) watch.saw(text.slice(local, state), Number.parseInt(fields[1] as string, 16), fields[6] as string)
  }
}

/** What the lines of a connection begin with: two for IPv4, which is seen mapped where the socket listens on both families. None where there is no TCP. */
export function queueKeys(local: Address, remote: Address): string[] {
  if (local.family === 'unix' || remote.family === 'unix') return []
  const lineOf = (bytesOf: (address: string) => Buffer): string =>
    [local, remote].map(({ address, port }) => `${words(bytesOf(address))}:${hex(port, 4)}`).join(' ')
  const mapped = lineOf(ipv6Bytes)
  return local.family === 'IPv4' && remote.family === 'IPv4' ? [lineOf(ipv4Bytes), mapped] : [mapped]
}

/** An address as the kernel prints it: words of 32 bits, each as the machine reads it. */
function words(bytes: Buffer): string {
  let text = ''
  /* c8 ignore next: only one of the two is true of a machine */
  for (let at = 0; at < bytes.length; at += 4) text += hex(LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at), 8)
  return text
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
