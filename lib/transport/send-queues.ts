// The bytes that a TCP peer has not acknowledged, read from /proc/net/tcp and tcp6 on Linux.
//
// The kernel wakes a writer when a third of its send buffer, megabytes, is free. With a slow peer minutes may pass between two
// such steps, although the peer reads all the time. The table shows that progress: `tx_queue` counts the bytes that are not
// acknowledged. The table has a line for each connection of the machine. So it is read for all watches at once, in small
// pieces, asynchronously, at most once a second where that takes long, and not at all without an active watch.
//
// Where it cannot be read (other systems, another network namespace, no descriptor left) no progress is seen: then a step is
// the completion of one write.
// Decision: docs/decisions/progress-is-what-the-peer-takes.md

import { close, open, read } from 'node:fs'
import type { Address } from '../address.js'
import { ipv4Bytes, ipv6Bytes } from '../address-bytes.js'
import type { Carrier } from './carrier.js'
import { clearTimeout, setTimeout, systemClock } from './clock.js'

// The table of the process's own network namespace.
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6']
const EVERY = 1000
// An expired limit waits for the next read, so a small table is read sooner: after a millisecond for each 5,000 bytes of it, or
// 33 connections. From 33,000 connections on that is a second.
const SOONEST = 20
const BYTES_A_MILLISECOND = 5000
// A peer that stops reading leaves a window smaller than a segment. The kernel fills it by its persist timer, a quarter of a
// second after the last byte. A watch that begins before that sees the queue change once although the peer reads nothing.
const PERSIST = 250
// The kernel returns a page at a time.
const PIECE = 16 * 1024
const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** A watch on the send queues of these carriers; undefined where the system shows none of them. */
export function watchQueues(carriers: readonly Pick<Carrier, 'queueKeys'>[], ms: number, moved: () => void): QueueWatch | undefined {
  const keys = carriers.flatMap((carrier) => carrier.queueKeys?.() ?? [])
  return keys.length === 0 ? undefined : new QueueWatch(keys, ms, moved)
}

/** Watches the send queues of one or more connections while it is active. */
export class QueueWatch {
  readonly #keys: readonly string[]
  readonly #moved: () => void
  /** The length of each queue when it was last read, and the inode of its socket. */
  readonly #seen = new Map<string, { bytes: number; socket: string }>()
  active = false
  /** The longest time between two reads of the table, in ms. */
  readonly every: number
  /** Changes to ignore: see `PERSIST`. */
  #skipped: number

  /** For a limit of `ms`. `moved` is called when the length of a queue has changed. Growth counts too: a full queue grows only into room that the peer has made. */
  constructor(keys: readonly string[], ms: number, moved: () => void) {
    this.#keys = keys
    this.#moved = moved
    this.every = Math.min(EVERY, ms / 4)
    this.#skipped = ms / 2 < PERSIST ? 1 : 0
  }

  /** Begins to watch, with a first read soon. */
  start(): void {
    this.active = true
    for (const key of this.#keys) watches.set(key, (watches.get(key) ?? new Set()).add(this))
    void this.look()
  }

  /** Stops until `start`. The last lengths are kept. */
  rest(): void {
    if (!this.active) return
    this.active = false
    for (const key of this.#keys) {
      const others = watches.get(key) as Set<QueueWatch>
      others.delete(this)
      if (others.size === 0) watches.delete(key)
    }
  }

  /** Resolves after one more read of the table, which begins after this call. */
  look(): Promise<void> {
    return new Promise((resolve) => {
      requests.push(resolve)
      schedule()
    })
  }

  /** Takes the length of a queue. The same addresses with another inode belong to another socket. */
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
let requests: (() => void)[] = []
let looking = false
let lastBegan = Number.NEGATIVE_INFINITY
/** The least time from the beginning of one read to the beginning of the next. */
let gap: number = SOONEST
let timer: NodeJS.Timeout | undefined

function schedule(): void {
  clearTimeout(timer)
  timer = undefined
  if (looking || (watches.size === 0 && requests.length === 0)) return
  const due = lastBegan + (requests.length > 0 ? gap : Math.max(gap, every())) - systemClock.now()
  timer = setTimeout(look, Math.max(due, 1))
  // Each limit has a timer of its own, which keeps the process alive if it is to.
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
  const answered = requests
  requests = []
  let bytes = 0
  for (const table of TABLES) if (watches.size > 0) bytes += await readTable(table).catch(unreadable)
  gap = Math.min(EVERY, Math.max(SOONEST, bytes / BYTES_A_MILLISECOND))
  looking = false
  for (const resolve of answered) resolve()
  schedule()
}

// No table, or no descriptor for it: no queue is found. A later read may find them.
const unreadable = (): number => 0

/** Resolves with the size of the table. */
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

// `  12: 0100007F:1F90 0100007F:C350 01 0009C400:00000000 …`: the number of the line, the two addresses, the state and the
// queues. The inode is the tenth field.
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

/** The beginnings of a connection's lines. IPv4 has two: a socket that listens on both families shows the mapped address. A Unix socket has none. */
export function queueKeys(local: Address, remote: Address): string[] {
  if (local.family === 'unix' || remote.family === 'unix') return []
  const lineOf = (bytesOf: (address: string) => Buffer): string =>
    [local, remote].map(({ address, port }) => `${words(bytesOf(address))}:${hex(port, 4)}`).join(' ')
  const mapped = lineOf(ipv6Bytes)
  return local.family === 'IPv4' && remote.family === 'IPv4' ? [lineOf(ipv4Bytes), mapped] : [mapped]
}

/** An address as the kernel prints it: words of 32 bits in the byte order of the machine. */
function words(bytes: Buffer): string {
  let text = ''
  /* c8 ignore next: only one of the two is true of a machine */
  for (let at = 0; at < bytes.length; at += 4) text += hex(LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at), 8)
  return text
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
