// Commands on hashes and sets.

import { type Command, command, ONE_KEY } from '../command.js'
import { wrongArity } from '../error.js'
import { bulk, bulkOrNothing, integer, map, set as setReply } from '../reply.js'
import { compact } from '../text.js'

export const collections: readonly Command[] = [
  command('hset', -4, ['write', 'denyoom', 'fast'], ONE_KEY, (words, { database }) => {
    const [, key = '', ...rest] = words
    if (rest.length % 2 === 1) throw wrongArity('hset')
    const hash = database.hash(key) ?? database.put(key, new Map<string, string>())
    const before = hash.size
    let bytes = 0
    for (let at = 0; at < rest.length; at += 2) {
      const [field, value] = [rest[at] as string, rest[at + 1] as string]
      const old = hash.get(field)
      bytes += old === undefined ? field.length + value.length : value.length - old.length
      hash.set(old === undefined ? compact(field) : field, compact(value))
    }
    database.grow(key, hash.size - before, bytes)
    return integer(hash.size - before)
  }),
  command('hget', 3, ['readonly', 'fast'], ONE_KEY, ([, key = '', field = ''], { database, protocol }) => {
    return bulkOrNothing(database.hash(key)?.get(field), protocol)
  }),
  command('hgetall', 2, ['readonly'], ONE_KEY, ([, key = ''], { database, protocol }) => {
    return map(
      Array.from(database.hash(key) ?? [], ([field, value]) => [field, bulk(value)]),
      protocol,
    )
  }),
  command('hdel', -3, ['write', 'fast'], ONE_KEY, ([, key = '', ...fields], { database }) => {
    const hash = database.hash(key)
    let [removed, bytes] = [0, 0]
    for (const field of fields) {
      const value = hash?.get(field)
      if (value === undefined) continue
      hash?.delete(field)
      removed++
      bytes += field.length + value.length
    }
    if (removed > 0) database.shrink(key, removed, bytes)
    return integer(removed)
  }),
  command('sadd', -3, ['write', 'denyoom', 'fast'], ONE_KEY, ([, key = '', ...members], { database }) => {
    const set = database.set(key) ?? database.put(key, new Set<string>())
    const before = set.size
    let bytes = 0
    for (const member of members) {
      if (set.has(member)) continue
      set.add(compact(member))
      bytes += member.length
    }
    database.grow(key, set.size - before, bytes)
    return integer(set.size - before)
  }),
  command('smembers', 2, ['readonly'], ONE_KEY, ([, key = ''], { database, protocol }) => {
    return setReply(Array.from(database.set(key) ?? [], bulk), protocol)
  }),
]
