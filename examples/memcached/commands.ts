// The classic text commands of memcached (its doc/protocol.txt).

import { CommandError, casOf, expiryOf, flagsOf, isInteger, joined, keyOf, LARGEST_VALUE, lengthOf, unsigned } from './arguments.js'
import type { Answer, Command, Session } from './command.js'
import type { Item, Store } from './store.js'

const VERSION = '1.6.0-linnet'

/** The arguments without a `noreply` at the end, and whether there was one. */
function withoutNoreply(args: readonly string[]): { rest: readonly string[]; quiet: boolean } {
  const quiet = args.at(-1) === 'noreply'
  return { rest: quiet ? args.slice(0, -1) : args, quiet }
}

/** A command that may be sent with `noreply`: then it is not answered, whatever comes of it. */
function quietable(least: number, most: number, run: (args: readonly string[], session: Session) => Answer): Command {
  return (args, session) => {
    const { rest, quiet } = withoutNoreply(args)
    if (rest.length < least || rest.length > most) return quiet ? undefined : 'ERROR'
    try {
      const answer = run(rest, session)
      return quiet ? undefined : answer
    } catch (error) {
      if (quiet && error instanceof CommandError) return undefined
      throw error
    }
  }
}

// --- storing -------------------------------------------------------------------------------------------------------------

/** Decides about a value that was sent for a key: the item to be stored, or why there is none. */
type Decision = (old: Item | undefined, value: Uint8Array, cas: bigint) => Uint8Array | string

const decisions: Readonly<Record<string, Decision>> = {
  set: (_, value) => value,
  add: (old, value) => (old === undefined ? value : 'NOT_STORED'),
  replace: (old, value) => (old === undefined ? 'NOT_STORED' : value),
  append: (old, value) => (old === undefined ? 'NOT_STORED' : joined(old.value, value)),
  prepend: (old, value) => (old === undefined ? 'NOT_STORED' : joined(value, old.value)),
  cas: (old, value, cas) => (old === undefined ? 'NOT_FOUND' : old.cas === cas ? value : 'EXISTS'),
}

function storing(name: string): Command {
  const decide = decisions[name] as Decision
  const joins = name === 'append' || name === 'prepend'
  const count = name === 'cas' ? 5 : 4
  return async (args, session) => {
    const { rest, quiet } = withoutNoreply(args)
    if (rest.length !== count) return 'ERROR'
    const [key, flags, time, length, cas] = rest
    const { store, counts } = session
    const size = lengthOf(length)
    // What a client could not replace must not be found any more.
    if (name === 'set' && size > LARGEST_VALUE) store.delete(key as string)
    // First, so that the value is taken whatever else is wrong.
    const value = await session.value(size)
    const validKey = keyOf(key)
    const expires = expiryOf(time, store.now())
    const given = flagsOf(flags)
    const number = cas === undefined ? 0n : casOf(cas)
    counts.sets++
    const old = store.find(validKey)
    const result = decide(old, value, number)
    if (typeof result !== 'string')
      store.set(validKey, result, joins ? (old as Item).flags : given, joins ? (old as Item).expires : expires)
    return quiet ? undefined : typeof result === 'string' ? result : 'STORED'
  }
}

// --- reading -------------------------------------------------------------------------------------------------------------

function reading(withCas: boolean, touches: boolean): Command {
  return (args, session) => {
    const keys = touches ? args.slice(1) : args
    if (keys.length === 0) return 'ERROR'
    const expires = touches ? expiryOf(args[0], session.store.now()) : undefined
    return found(keys.map(keyOf), withCas, expires, session)
  }
}

/** The items of these keys, each looked up when it is sent: a client that does not read keeps no values in memory. */
function* found(
  keys: readonly string[],
  withCas: boolean,
  expires: number | undefined,
  { store, counts }: Session,
): Generator<string | Uint8Array, undefined> {
  for (const key of keys) {
    const item = store.find(key)
    counts.gets++
    if (expires !== undefined) counts.touches++
    if (item === undefined) continue
    counts.hits++
    store.read(item)
    if (expires !== undefined) item.expires = expires
    const { flags, value, cas } = item
    yield `VALUE ${key} ${flags} ${value.length}${withCas ? ` ${cas}` : ''}\r\n`
    yield value
    yield '\r\n'
  }
  yield 'END\r\n'
}

// --- changing ------------------------------------------------------------------------------------------------------------

const WRAP = 2n ** 64n

/** Adds to a decimal number: beyond 64 bits it begins again at 0, and below 0 it stays 0. What gets shorter is filled up with spaces. */
function add(store: Store, key: string, by: bigint): string {
  const item = store.find(key)
  if (item === undefined) return 'NOT_FOUND'
  const { value } = item
  const number = unsigned(Buffer.from(value).toString('latin1').trimEnd())
  if (number === undefined) throw new CommandError('CLIENT_ERROR cannot increment or decrement non-numeric value')
  const sum = number + by
  const text = String(sum < 0n ? 0n : sum % WRAP)
  store.set(key, new TextEncoder().encode(by < 0n ? text.padEnd(value.length) : text), item.flags, item.expires)
  return text
}

function adding(sign: bigint): Command {
  return quietable(2, 2, ([key, delta = ''], { store }) => {
    const name = keyOf(key)
    const by = unsigned(delta)
    if (by === undefined) throw new CommandError('CLIENT_ERROR invalid numeric delta argument')
    return add(store, name, sign * by)
  })
}

// --- all of them ---------------------------------------------------------------------------------------------------------

export const commands: Readonly<Record<string, Command>> = {
  set: storing('set'),
  add: storing('add'),
  replace: storing('replace'),
  append: storing('append'),
  prepend: storing('prepend'),
  cas: storing('cas'),
  get: reading(false, false),
  gets: reading(true, false),
  gat: reading(false, true),
  gats: reading(true, true),
  incr: adding(1n),
  decr: adding(-1n),
  delete: quietable(1, 2, ([key, time], { store }) => {
    const name = keyOf(key)
    // A time was once allowed here; only 0 still is.
    if (time !== undefined && time !== '0') throw new CommandError('CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]')
    if (store.find(name) === undefined) return 'NOT_FOUND'
    store.delete(name)
    return 'DELETED'
  }),
  touch: quietable(2, 2, ([key, time], { store, counts }) => {
    const item = store.find(keyOf(key))
    const expires = expiryOf(time, store.now())
    counts.touches++
    if (item === undefined) return 'NOT_FOUND'
    item.expires = expires
    return 'TOUCHED'
  }),
  flush_all: quietable(0, 1, ([delay = '0'], { store, counts }) => {
    if (!isInteger(delay)) throw new CommandError('CLIENT_ERROR invalid exptime argument')
    counts.flushes++
    store.clearIn(Number(delay) * 1000)
    return 'OK'
  }),
  verbosity: quietable(1, 2, () => 'OK'),
  version: () => `VERSION ${VERSION}`,
  stats: ([what, ...more], { store, counts }) => {
    if (what === 'reset' && more.length === 0) return 'RESET'
    if (what !== undefined) return 'ERROR'
    const now = Date.now()
    const facts = {
      pid: process.pid,
      uptime: Math.floor((now - counts.started) / 1000),
      time: Math.floor(now / 1000),
      version: VERSION,
      pointer_size: 64,
      curr_connections: counts.connections,
      cmd_get: counts.gets,
      cmd_set: counts.sets,
      cmd_flush: counts.flushes,
      cmd_touch: counts.touches,
      get_hits: counts.hits,
      get_misses: counts.gets - counts.hits,
      bytes: store.bytes,
      curr_items: store.size,
      total_items: store.stored,
      limit_maxbytes: store.limit,
      evictions: store.evictions,
      threads: 1,
    }
    return [...Object.entries(facts).map(([name, value]) => `STAT ${name} ${value}\r\n`), 'END\r\n']
  },
}
