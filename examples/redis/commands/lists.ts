// Commands on lists.

import { countOf, numberOf, timeoutOf } from '../arguments.js'
import type { Client } from '../client.js'
import { type Command, command, ONE_KEY } from '../command.js'
import type { Side } from '../database.js'
import { wrongArity } from '../error.js'
import { List } from '../list.js'
import { array, bulk, bulkOrNothing, bulks, integer, noArray } from '../reply.js'
import { compact } from '../text.js'

function push(name: string, side: Side): Command {
  return command(name, -3, ['write', 'denyoom', 'fast'], ONE_KEY, ([, key = '', ...items], { database, redis }) => {
    const list = database.list(key) ?? database.put(key, new List())
    let bytes = 0
    for (const item of items) {
      bytes += item.length
      if (side === 'left') list.pushLeft(compact(item))
      else list.pushRight(compact(item))
    }
    database.grow(key, items.length, bytes)
    redis.waiting.pushed(database, key)
    return integer(list.length)
  })
}

/** Without a count it answers one element, with a count an array. */
function pop(name: string, side: Side): Command {
  return command(name, -2, ['write', 'fast'], ONE_KEY, (words, { database, protocol }) => {
    const [, key = '', count] = words
    if (words.length > 3) throw wrongArity(name)
    const most = count === undefined ? undefined : countOf(count)
    if (most === undefined) return bulkOrNothing(database.pop(key, side), protocol)
    const length = database.list(key)?.length
    if (length === undefined) return noArray(protocol)
    return bulks(Array.from({ length: Math.min(most, length) }, () => database.pop(key, side) as string))
  })
}

/** Takes an element from the first list that has one, or waits for one. In a transaction it does not wait. */
function blockingPop(name: string, side: Side): Command {
  return command(name, -3, ['write', 'blocking'], [1, -2, 1], (words, { database, protocol, executing }: Client) => {
    const keys = words.slice(1, -1)
    const timeout = timeoutOf(words.at(-1) as string)
    for (const key of keys) {
      const item = database.pop(key, side)
      if (item !== undefined) return array([bulk(key), bulk(item)])
    }
    return executing ? noArray(protocol) : { database, keys: keys.map(compact), side, timeout }
  })
}

function range([, key = '', start = '', stop = '']: readonly string[], { database }: Client): string {
  let [from, to] = [numberOf(start), numberOf(stop)]
  const list = database.list(key)
  if (list === undefined) return bulks([])
  if (from < 0) from = Math.max(0, from + list.length)
  if (to < 0) to += list.length
  return bulks(list.slice(from, Math.min(to + 1, list.length)))
}

export const lists: readonly Command[] = [
  push('lpush', 'left'),
  push('rpush', 'right'),
  pop('lpop', 'left'),
  pop('rpop', 'right'),
  blockingPop('blpop', 'left'),
  blockingPop('brpop', 'right'),
  command('lrange', 4, ['readonly'], ONE_KEY, range),
  command('llen', 2, ['readonly', 'fast'], ONE_KEY, ([, key = ''], { database }) => integer(database.list(key)?.length ?? 0)),
]
