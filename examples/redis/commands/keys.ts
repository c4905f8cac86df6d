// Commands on keys, whatever their values are.

import { expiryOf, integerOf, numberOf } from '../arguments.js'
import type { Client } from '../client.js'
import { ALL_KEYS, type Command, command, NO_KEYS, ONE_KEY } from '../command.js'
import type { Entry } from '../database.js'
import { CommandError, SYNTAX } from '../error.js'
import { glob } from '../glob.js'
import { array, bulk, bulks, integer, OK, simple } from '../reply.js'

const CONDITIONS = new Set(['NX', 'XX', 'GT', 'LT'])
const DEFAULT_COUNT = 10

/** Whether EXPIRE may replace one time by another. A key that does not expire has a time that is larger than all others. */
function mayExpire({ expires }: Entry, at: number, conditions: ReadonlySet<string>): boolean {
  const never = expires === Number.POSITIVE_INFINITY
  if (conditions.has('NX') && !never) return false
  if (conditions.has('XX') && never) return false
  if (conditions.has('GT') && at <= expires) return false
  return !(conditions.has('LT') && at >= expires)
}

function expire(name: string, unit: bigint): Command {
  return command(name, -3, ['write', 'fast'], ONE_KEY, ([, key = '', time = '', ...options], { database, redis }) => {
    const conditions = new Set(options.map((option) => option.toUpperCase()))
    const unknown = options.find((option) => !CONDITIONS.has(option.toUpperCase()))
    if (unknown !== undefined) throw new CommandError(`ERR Unsupported option ${unknown}`)
    const [nx, xx, gt, lt] = [...CONDITIONS].map((condition) => conditions.has(condition))
    if (nx && (xx || gt || lt)) throw new CommandError('ERR NX and XX, GT or LT options at the same time are not compatible')
    if (gt && lt) throw new CommandError('ERR GT and LT options at the same time are not compatible')
    const now = redis.settings.now()
    const at = expiryOf(integerOf(time), unit, now, name)
    const entry = database.find(key)
    if (entry === undefined || !mayExpire(entry, at, conditions)) return integer(0)
    if (at <= now) database.remove(entry)
    else database.expire(entry, at)
    return integer(1)
  })
}

/** @param unit - the milliseconds of the answer's unit */
function timeToLive(name: string, unit: number): Command {
  return command(name, 2, ['readonly', 'fast'], ONE_KEY, ([, key = ''], { database, redis }) => {
    const entry = database.find(key)
    if (entry === undefined) return integer(-2)
    if (entry.expires === Number.POSITIVE_INFINITY) return integer(-1)
    return integer(Math.floor((entry.expires - redis.settings.now() + unit / 2) / unit))
  })
}

function del(name: string): Command {
  return command(name, -2, ['write'], ALL_KEYS, ([, ...keys], { database }) => integer(keys.filter((key) => database.delete(key)).length))
}

function flush(name: string, databases: (client: Client) => Client['redis']['databases']): Command {
  return command(name, -1, ['write'], NO_KEYS, ([, how = 'sync', ...more], client) => {
    if (!/^a?sync$/i.test(how) || more.length > 0) throw new CommandError(SYNTAX)
    for (const database of databases(client)) database.clear()
    return OK
  })
}

function scan([, start = '', ...options]: readonly string[], { database }: Client): string {
  if (!/^-?\d{1,19}$/.test(start)) throw new CommandError('ERR invalid cursor')
  let count = DEFAULT_COUNT
  let match = (_: string): boolean => true
  let type: string | undefined
  for (let at = 0; at < options.length; at += 2) {
    const [option = '', value] = options.slice(at, at + 2)
    if (value === undefined) throw new CommandError(SYNTAX)
    if (/^count$/i.test(option)) {
      count = numberOf(value)
      if (count < 1) throw new CommandError(SYNTAX)
    } else if (/^match$/i.test(option)) match = glob(value)
    else if (/^type$/i.test(option)) type = value.toLowerCase()
    else throw new CommandError(SYNTAX)
  }
  const { cursor, entries } = database.scan(Math.abs(Number(start)), count)
  const keys = entries.map(({ key }) => key).filter((key) => match(key) && (type === undefined || database.typeOf(key) === type))
  return array([bulk(String(cursor)), bulks(keys)])
}

export const keys: readonly Command[] = [
  del('del'),
  del('unlink'),
  command('exists', -2, ['readonly', 'fast'], ALL_KEYS, ([, ...keys], { database }) => {
    return integer(keys.filter((key) => database.find(key) !== undefined).length)
  }),
  expire('expire', 1000n),
  expire('pexpire', 1n),
  timeToLive('ttl', 1000),
  timeToLive('pttl', 1),
  command('persist', 2, ['write', 'fast'], ONE_KEY, ([, key = ''], { database }) => {
    const entry = database.find(key)
    if (entry === undefined || entry.expires === Number.POSITIVE_INFINITY) return integer(0)
    database.expire(entry, Number.POSITIVE_INFINITY)
    return integer(1)
  }),
  command('keys', 2, ['readonly'], NO_KEYS, ([, pattern = ''], { database }) => bulks(database.keys().filter(glob(pattern)))),
  command('scan', -2, ['readonly'], NO_KEYS, scan),
  command('type', 2, ['readonly', 'fast'], ONE_KEY, ([, key = ''], { database }) => simple(database.typeOf(key))),
  command('dbsize', 1, ['readonly', 'fast'], NO_KEYS, (_, { database }) => integer(database.size)),
  flush('flushall', ({ redis }) => redis.databases),
  flush('flushdb', ({ database }) => [database]),
]
