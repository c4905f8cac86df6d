// Commands on the connection itself.

import { createHash, timingSafeEqual } from 'node:crypto'
import { numberOf } from '../arguments.js'
import type { Client } from '../client.js'
import { type Command, command, NO_KEYS, subcommands } from '../command.js'
import { CommandError, SYNTAX, WRONG_PASSWORD, wrongArity } from '../error.js'
import { array, bulk, bulkOrNothing, integer, map, OK, push, simple } from '../reply.js'
import { VERSION } from '../server.js'
import { compact } from '../text.js'

/** There is one user, which has the password. */
const USER = 'default'
const NO_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?'
const AUTH_FIRST =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time'
/** What a name may consist of: it is shown in a line. */
const NAME = /^[!-~]*$/

/** @throws CommandError if they are not those of a user */
function authenticate(client: Client, user: string, password: string): void {
  const { password: right } = client.redis.settings
  if (user !== USER || (right !== undefined && !isSame(password, right))) throw new CommandError(WRONG_PASSWORD)
  client.authenticate()
}

/** Compares in a time that does not depend on where they differ. */
function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given, 'latin1'), Buffer.from(right)].map((bytes) => createHash('sha256').update(bytes).digest())
  return timingSafeEqual(a as Buffer, b as Buffer)
}

function setName(client: Client, name: string): void {
  if (!NAME.test(name)) throw new CommandError('ERR Client names cannot contain spaces, newlines or special characters.')
  client.name = compact(name)
}

/** Chooses the version of the protocol; with options, also authenticates and sets the name. */
function hello(words: readonly string[], client: Client): string {
  const [, version, ...options] = words
  const protocol = version === undefined ? client.protocol : numberOf(version, 'ERR Protocol version is not an integer or out of range')
  if (protocol !== 2 && protocol !== 3) throw new CommandError('NOPROTO unsupported protocol version')
  let name: string | undefined
  for (let at = 0; at < options.length; ) {
    const [option = '', first, second] = options.slice(at, at + 3)
    if (/^auth$/i.test(option) && first !== undefined && second !== undefined) {
      authenticate(client, first, second)
      at += 3
    } else if (/^setname$/i.test(option) && first !== undefined) {
      name = first
      at += 2
    } else throw new CommandError(`ERR Syntax error in HELLO option '${option}'`)
  }
  if (!client.authenticated) throw new CommandError(AUTH_FIRST)
  if (name !== undefined) setName(client, name)
  client.protocol = protocol
  const entries = [
    ['server', bulk('redis')],
    ['version', bulk(VERSION)],
    ['proto', integer(protocol)],
    ['id', integer(client.id)],
    ['mode', bulk('standalone')],
    ['role', bulk('master')],
    ['modules', array([])],
  ] as const
  return map(entries, protocol)
}

/** What a client library says about itself. It is checked, and not kept. */
function setInfo([, , option = '', value = '']: readonly string[]): string {
  const name = option.toLowerCase()
  if (name !== 'lib-name' && name !== 'lib-ver') throw new CommandError(`ERR Unrecognized option '${option}'`)
  if (!NAME.test(value)) throw new CommandError(`ERR ${name} cannot contain spaces, newlines or special characters.`)
  return OK
}

export const connection: readonly Command[] = [
  command('ping', -1, ['fast'], NO_KEYS, (words, { protocol, subscriptions }) => {
    const [, text] = words
    if (words.length > 2) throw wrongArity('ping')
    // In RESP2 this answer has the form of a message, so that a client finds it among the messages.
    if (protocol === 2 && subscriptions > 0) return push([bulk('pong'), bulk(text ?? '')], protocol)
    return text === undefined ? simple('PONG') : bulk(text)
  }),
  command('echo', 2, ['fast'], NO_KEYS, ([, text = '']) => bulk(text)),
  command('select', 2, ['fast'], NO_KEYS, ([, index = ''], client) => {
    const database = client.redis.databases[numberOf(index)]
    if (database === undefined) throw new CommandError('ERR DB index is out of range')
    client.database = database
    return OK
  }),
  command('auth', -2, ['no_auth', 'fast'], NO_KEYS, ([, first = '', second, ...more], client) => {
    if (more.length > 0) throw new CommandError(SYNTAX)
    if (second === undefined && client.redis.settings.password === undefined) throw new CommandError(NO_PASSWORD)
    authenticate(client, second === undefined ? USER : first, second ?? first)
    return OK
  }),
  command('hello', -1, ['no_auth', 'fast'], NO_KEYS, hello),
  command(
    'client',
    -2,
    [],
    NO_KEYS,
    subcommands('client', {
      id: [2, (_, { id }) => integer(id)],
      getname: [2, (_, { name, protocol }) => bulkOrNothing(name === '' ? undefined : name, protocol)],
      setname: [
        3,
        ([, , name = ''], client) => {
          setName(client, name)
          return OK
        },
      ],
      setinfo: [4, setInfo],
    }),
  ),
  command('quit', -1, ['no_auth', 'no_multi', 'fast'], NO_KEYS, (_, client) => {
    client.quitting = true
    return OK
  }),
  command('reset', 1, ['no_auth', 'no_multi', 'fast'], NO_KEYS, (_, client) => {
    client.reset()
    return simple('RESET')
  }),
]
