// All commands, by name.

import type { Command } from '../command.js'
import { collections } from './collections.js'
import { connection } from './connection.js'
import { keys } from './keys.js'
import { lists } from './lists.js'
import { pubsub } from './pubsub.js'
import { serverCommands } from './server.js'
import { strings } from './strings.js'
import { transactions } from './transactions.js'

const all = [...strings, ...keys, ...lists, ...collections, ...transactions, ...pubsub, ...connection, ...serverCommands(() => commands)]

const commands: ReadonlyMap<string, Command> = new Map(all.map((command) => [command.name, command]))

/** Also by the name in capitals, which is how most clients write it. */
const spelt = new Map(all.flatMap((command) => [command.name, command.name.toUpperCase()].map((name) => [name, command])))

export function commandOf(name: string): Command | undefined {
  return spelt.get(name) ?? commands.get(name.toLowerCase())
}
