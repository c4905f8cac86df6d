// The meta commands of memcached (its doc/protocol.txt): `mn`, `mg`, `ms` and `md`. Their flags say what is done and what is returned.

import { binaryKeyOf, CommandError, casOf, expiryOf, flagsOf, joined, keyOf, LARGEST_VALUE, lengthOf } from './arguments.js'
import type { Answer, Command } from './command.js'
import type { Item, Store } from './store.js'

/** The flags of a command by their letter, each with its token, which may be empty; in the order of the command. */
type Flags = ReadonlyMap<string, string>

const MOST_FLAGS = 32
const LONGEST_OPAQUE = 32

function flagsIn(words: readonly string[], known: string): Flags {
  const flags = new Map<string, string>()
  if (words.length > MOST_FLAGS) throw new CommandError('CLIENT_ERROR options flags are too long')
  for (const word of words) {
    const letter = word[0] as string
    if (!known.includes(letter)) throw new CommandError('CLIENT_ERROR invalid flag')
    if (flags.has(letter)) throw new CommandError('CLIENT_ERROR duplicate flag')
    flags.set(letter, word.slice(1))
  }
  if ((flags.get('O') ?? '').length > LONGEST_OPAQUE) throw new CommandError('CLIENT_ERROR opaque token too long')
  return flags
}

function keyIn(text: string | undefined, flags: Flags): string {
  return flags.has('b') ? binaryKeyOf(text) : keyOf(text)
}

/** The returned flags that every command has: the key as it was sent, and the opaque token. */
function common(flag: string, token: string, sent: string): string | undefined {
  if (flag === 'k') return `k${sent}`
  if (flag === 'O') return `O${token}`
  return flag === 'b' ? 'b' : undefined
}

/** `HD k… O…` and its like: a code, and what `value` makes of each flag. */
function line(code: string, flags: Flags, sent: string, value: (flag: string) => string | undefined = () => undefined): string {
  const returned = [...flags].map(([flag, token]) => value(flag) ?? common(flag, token, sent))
  return [code, ...returned.filter((each) => each !== undefined)].join(' ')
}

const secondsLeft = (item: Item, now: number): number => (Number.isFinite(item.expires) ? Math.ceil((item.expires - now) / 1000) : -1)

// --- mg ------------------------------------------------------------------------------------------------------------------

/** An empty item that asks the client to store it, where there is none. */
function vivify(store: Store, key: string, time: string): Item {
  const item = store.set(key, new Uint8Array(), 0, expiryOf(time, store.now()))
  item.awaited = true
  return item
}

/** Whether this client is to store the item anew: W. Another was asked before: Z. It is stale: X. */
function recaching(item: Item, isNew: boolean, flags: Flags, now: number): string[] {
  const least = flags.get('R')
  const left = secondsLeft(item, now)
  const isDue = isNew || item.stale || (least !== undefined && left >= 0 && left < Number(least))
  const wins = isDue && (isNew || !item.awaited)
  const stale = item.stale ? ['X'] : []
  const returned = wins ? [...stale, 'W'] : item.awaited ? ['Z', ...stale] : stale
  item.awaited ||= wins
  return returned
}

const metaGet: Command = ([sent = '', ...words], { store, counts }) => {
  const flags = flagsIn(words, 'bcfhklOqstvENRT')
  const key = keyIn(sent, flags)
  const now = store.now()
  counts.gets++
  const old = store.find(key)
  const time = flags.get('N')
  const item = old ?? (time === undefined ? undefined : vivify(store, key, time))
  if (item === undefined) {
    return flags.has('q') ? undefined : line('EN', flags, sent)
  }
  if (old !== undefined) counts.hits++
  const due = recaching(item, old === undefined, flags, now)
  const touched = flags.get('T')
  if (touched !== undefined) item.expires = expiryOf(touched, now)
  const facts: Readonly<Record<string, () => string>> = {
    c: () => `c${item.cas}`,
    f: () => `f${item.flags}`,
    h: () => `h${item.wasRead ? 1 : 0}`,
    l: () => `l${Math.floor((now - item.used) / 1000)}`,
    s: () => `s${item.value.length}`,
    t: () => `t${secondsLeft(item, now)}`,
  }
  const first = line(flags.has('v') ? `VA ${item.value.length}` : 'HD', flags, sent, (flag) => facts[flag]?.())
  if (old !== undefined) store.read(item)
  const whole = [first, ...due].join(' ')
  return flags.has('v') ? [`${whole}\r\n`, item.value, '\r\n'] : whole
}

// --- ms ------------------------------------------------------------------------------------------------------------------

type Outcome = 'HD' | 'NS' | 'EX' | 'NF'

/** Stores by the mode of the command: set, add, append, prepend or replace. */
function store(into: Store, key: string, value: Uint8Array, flags: Flags): Outcome {
  const old = into.find(key)
  const wanted = flags.get('C')
  const mode = (flags.get('M') ?? 'S').toUpperCase()
  if (!/^[EAPRS]$/.test(mode)) throw new CommandError('CLIENT_ERROR invalid mode for ms M token')
  const now = into.now()
  const expires = flags.has('T') ? expiryOf(flags.get('T'), now) : Number.POSITIVE_INFINITY
  const clientFlags = flags.has('F') ? flagsOf(flags.get('F')) : 0
  let isStale = false
  if (wanted !== undefined) {
    if (old === undefined) return 'NF'
    const cas = casOf(wanted)
    // With `I`, an older value is stored as a stale one.
    isStale = flags.has('I') && cas < old.cas
    if (cas !== old.cas && !isStale) return 'EX'
  }
  if (mode === 'E' && old !== undefined) return 'NS'
  if (mode !== 'E' && mode !== 'S' && old === undefined) return 'NS'
  const cas = flags.has('E') ? casOf(flags.get('E')) : undefined
  const item =
    old !== undefined && (mode === 'A' || mode === 'P')
      ? into.set(key, mode === 'A' ? joined(old.value, value) : joined(value, old.value), old.flags, old.expires, cas)
      : into.set(key, value, clientFlags, expires, cas)
  item.stale = isStale
  item.awaited = isStale && (old as Item).awaited
  return 'HD'
}

const metaSet: Command = async ([sent = '', length, ...words], session) => {
  const size = lengthOf(length)
  // What a client could not replace must not be found any more.
  if (size > LARGEST_VALUE) session.store.delete(words.includes('b') ? Buffer.from(sent, 'base64').toString('latin1') : sent)
  // First, so that the value is taken whatever else is wrong.
  const value = await session.value(size)
  const flags = flagsIn(words, 'bcCEFIkOqsTM')
  const key = keyIn(sent, flags)
  session.counts.sets++
  const outcome = store(session.store, key, value, flags)
  if (outcome === 'HD' && flags.has('q')) return undefined
  const item = session.store.find(key)
  return line(outcome, flags, sent, (flag) => {
    if (flag === 'c' && item !== undefined) return `c${item.cas}`
    return flag === 's' ? `s${value.length}` : undefined
  })
}

// --- md ------------------------------------------------------------------------------------------------------------------

const metaDelete: Command = ([sent = '', ...words], { store }) => {
  const flags = flagsIn(words, 'bCEIkOqTx')
  const key = keyIn(sent, flags)
  const item = store.find(key)
  const wanted = flags.get('C')
  let outcome: Outcome = 'HD'
  if (item === undefined) outcome = 'NF'
  else if (wanted !== undefined && casOf(wanted) !== item.cas) outcome = 'EX'
  else if (flags.has('I')) {
    // Kept for clients that can use what is old, until one has stored it anew.
    item.stale = true
    item.awaited = false
    item.cas = flags.has('E') ? casOf(flags.get('E')) : store.nextCas()
    if (flags.has('T')) item.expires = expiryOf(flags.get('T'), store.now())
  } else if (flags.has('x')) {
    store.set(key, new Uint8Array(), 0, flags.has('T') ? expiryOf(flags.get('T'), store.now()) : item.expires)
  } else store.delete(key)
  if (flags.has('q') && outcome === 'HD') return undefined
  return line(outcome, flags, sent)
}

/** A command with a key. */
function keyed(command: Command): Command {
  return (args, session): Answer | Promise<Answer> => {
    return args.length === 0 ? 'ERROR' : command(args, session)
  }
}

export const metaCommands: Readonly<Record<string, Command>> = {
  mn: () => 'MN',
  mg: keyed(metaGet),
  ms: keyed(metaSet),
  md: keyed(metaDelete),
}
