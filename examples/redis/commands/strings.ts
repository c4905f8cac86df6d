// Commands on strings.

import { expiryOf, integerOf, LARGEST, SMALLEST } from '../arguments.js'
import type { Client } from '../client.js'
import { ALL_KEYS, type Command, command, ONE_KEY } from '../command.js'
import { CommandError, SYNTAX, wrongArity } from '../error.js'
import { array, bulkOrNothing, integer, nothing, OK } from '../reply.js'
import { LIMITS } from '../settings.js'

/** What stands behind the value of SET. */
interface SetOptions {
  onlyIf?: 'NX' | 'XX'
  get?: boolean
  keepExpiry?: boolean
  expires?: number
}

/** The units of a time, and whether it counts from now. */
const TIMES: Readonly<Record<string, { readonly unit: bigint; readonly fromNow: boolean }>> = {
  EX: { unit: 1000n, fromNow: true },
  PX: { unit: 1n, fromNow: true },
  EXAT: { unit: 1000n, fromNow: false },
  PXAT: { unit: 1n, fromNow: false },
}

function setOptions(words: readonly string[], now: number): SetOptions {
  const options: SetOptions = {}
  let time: { readonly text: string; readonly unit: bigint; readonly fromNow: boolean } | undefined
  for (let at = 3; at < words.length; at++) {
    const option = (words[at] as string).toUpperCase()
    const text = words[at + 1]
    if (option === 'GET') options.get = true
    else if ((option === 'NX' || option === 'XX') && (options.onlyIf ?? option) === option) options.onlyIf = option
    else if (option === 'KEEPTTL' && time === undefined) options.keepExpiry = true
    else if (Object.hasOwn(TIMES, option) && text !== undefined && time === undefined && options.keepExpiry === undefined) {
      time = { text, ...(TIMES[option] as { unit: bigint; fromNow: boolean }) }
      at++
    } else throw new CommandError(SYNTAX)
  }
  if (time !== undefined) {
    const number = integerOf(time.text)
    if (number <= 0n) throw new CommandError("ERR invalid expire time in 'set' command")
    options.expires = expiryOf(number, time.unit, time.fromNow ? now : 0, 'set')
  }
  return options
}

function setWith(words: readonly string[], { database, redis, protocol }: Client): string {
  const [, key = '', value = ''] = words
  const { onlyIf, get, keepExpiry, expires } = setOptions(words, redis.settings.now())
  const old = database.find(key)
  // GET fails where the command GET would, and then nothing is set.
  const before = get === true ? bulkOrNothing(database.string(key), protocol) : undefined
  if (onlyIf !== undefined && (old !== undefined) !== (onlyIf === 'XX')) return before ?? nothing(protocol)
  database.put(key, value, keepExpiry === true ? old?.expires : expires)
  return before ?? OK
}

function add(key: string, by: bigint, { database }: Client): string {
  const value = integerOf(database.string(key) ?? '0') + by
  if (value > LARGEST || value < SMALLEST) throw new CommandError('ERR increment or decrement would overflow')
  database.put(key, String(value), database.find(key)?.expires)
  return integer(value)
}

export const strings: readonly Command[] = [
  command('get', 2, ['readonly', 'fast'], ONE_KEY, (words, { database, protocol }) => {
    return bulkOrNothing(database.string(words[1] as string), protocol)
  }),
  command('set', -3, ['write', 'denyoom'], ONE_KEY, (words, client) => {
    if (words.length > 3) return setWith(words, client)
    client.database.put(words[1] as string, words[2] as string)
    return OK
  }),
  command('incr', 2, ['write', 'denyoom', 'fast'], ONE_KEY, ([, key = ''], client) => add(key, 1n, client)),
  command('decr', 2, ['write', 'denyoom', 'fast'], ONE_KEY, ([, key = ''], client) => add(key, -1n, client)),
  command('incrby', 3, ['write', 'denyoom', 'fast'], ONE_KEY, ([, key = '', by = ''], client) => add(key, integerOf(by), client)),
  command('decrby', 3, ['write', 'denyoom', 'fast'], ONE_KEY, ([, key = '', by = ''], client) => {
    const number = integerOf(by)
    if (number === SMALLEST) throw new CommandError('ERR decrement would overflow')
    return add(key, -number, client)
  }),
  command('append', 3, ['write', 'denyoom', 'fast'], ONE_KEY, ([, key = '', more = ''], { database }) => {
    const length = (database.string(key)?.length ?? 0) + more.length
    if (length > LIMITS.word) throw new CommandError('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
    return integer(database.append(key, more))
  }),
  command('strlen', 2, ['readonly', 'fast'], ONE_KEY, ([, key = ''], { database }) => integer(database.string(key)?.length ?? 0)),
  command('mget', -2, ['readonly', 'fast'], ALL_KEYS, ([, ...keys], { database, protocol }) => {
    // A key with another kind of value has no string.
    const values = keys.map((key) => database.find(key)?.value)
    return array(values.map((value) => bulkOrNothing(typeof value === 'string' ? value : undefined, protocol)))
  }),
  command('mset', -3, ['write', 'denyoom'], [1, -1, 2], (words, { database }) => {
    if (words.length % 2 === 0) throw wrongArity('mset')
    for (let at = 1; at < words.length; at += 2) database.put(words[at] as string, words[at + 1] as string)
    return OK
  }),
]
