// What a client can ask about the server.

import type { Client } from '../client.js'
import { type Command, command, NO_KEYS, subcommands } from '../command.js'
import { glob } from '../glob.js'
import { array, bulk, bulks, integer, map, nothing, type Protocol, set, simple, verbatim } from '../reply.js'
import { VERSION } from '../server.js'
import { LIMITS } from '../settings.js'

/** The settings that clients ask for, under the names that Redis has for them. */
function configOf({ redis: { settings, databases } }: Client): Readonly<Record<string, string>> {
  return {
    appendonly: 'no',
    databases: String(databases.length),
    maxmemory: String(settings.memory),
    'maxmemory-policy': 'noeviction',
    'proto-max-bulk-len': String(LIMITS.word),
    save: '',
    timeout: String(Math.ceil(settings.idle / 1000)),
  }
}

function configGet([, , ...patterns]: readonly string[], client: Client): string {
  const matches = patterns.map((pattern) => glob(pattern.toLowerCase()))
  const found = Object.entries(configOf(client)).filter(([name]) => matches.some((match) => match(name)))
  return map(
    found.map(([name, value]) => [name, bulk(value)]),
    client.protocol,
  )
}

/** The sections of INFO. */
const sections: Readonly<Record<string, (client: Client) => Readonly<Record<string, string | number>>>> = {
  Server: ({ redis }) => ({
    redis_version: VERSION,
    redis_mode: 'standalone',
    process_id: process.pid,
    uptime_in_seconds: Math.floor((redis.settings.now() - redis.started) / 1000),
  }),
  Clients: ({ redis }) => ({ connected_clients: redis.clients }),
  Memory: ({ redis }) => ({ used_memory: redis.memory.used, maxmemory: redis.memory.limit, maxmemory_policy: 'noeviction' }),
  Persistence: () => ({ loading: 0 }),
  Stats: ({ redis }) => ({ total_connections_received: redis.connections, total_commands_processed: redis.commands }),
  Replication: () => ({ role: 'master', connected_slaves: 0 }),
  Keyspace: ({ redis }) => {
    const used = [...redis.databases.entries()].filter(([, { size }]) => size > 0)
    return Object.fromEntries(used.map(([index, { size, expiring }]) => [`db${index}`, `keys=${size},expires=${expiring}`]))
  },
}

function info([, ...wanted]: readonly string[], client: Client): string {
  const names = new Set(wanted.map((name) => name.toLowerCase()))
  const all = names.size === 0 || ['all', 'default', 'everything'].some((name) => names.has(name))
  const shown = Object.entries(sections).filter(([title]) => all || names.has(title.toLowerCase()))
  const texts = shown.map(([title, facts]) => {
    const lines = Object.entries(facts(client)).map(([name, value]) => `${name}:${value}\r\n`)
    return `# ${title}\r\n${lines.join('')}`
  })
  return verbatim(texts.join('\r\n'), client.protocol)
}

/** What COMMAND says of a command; the last four parts are not kept here. */
function describe({ name, arity, flags, keys }: Command, protocol: Protocol): string {
  const empty = array([])
  return array([bulk(name), integer(arity), set(flags.map(simple), protocol), ...keys.map(integer), empty, empty, empty, empty])
}

/** @param all - all commands, also those of this file */
export function serverCommands(all: () => ReadonlyMap<string, Command>): readonly Command[] {
  const commands = subcommands('command', {
    count: [2, () => integer(all().size)],
    list: [2, () => bulks(all().keys())],
    // There is no documentation in the server; clients do without.
    docs: [-2, (_, { protocol }) => map([], protocol)],
    info: [
      -2,
      ([, , ...names], { protocol }) => {
        const found = names.length === 0 ? [...all().values()] : names.map((name) => all().get(name.toLowerCase()))
        return array(found.map((each) => (each === undefined ? nothing(protocol) : describe(each, protocol))))
      },
    ],
  })
  return [
    command('command', -1, [], NO_KEYS, (words, client) => commands(words.length === 1 ? ['command', 'info'] : words, client)),
    command('config', -2, [], NO_KEYS, subcommands('config', { get: [-3, configGet] })),
    command('info', -1, [], NO_KEYS, info),
  ]
}
