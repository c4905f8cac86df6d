// Commands that are carried out together, with those of no other client between them.

import { type Command, command, NO_KEYS } from '../command.js'
import { CommandError } from '../error.js'
import { array, OK } from '../reply.js'

export const transactions: readonly Command[] = [
  command('multi', 1, ['no_multi', 'fast'], NO_KEYS, (_, client) => {
    if (client.transaction !== undefined) throw new CommandError('ERR MULTI calls can not be nested')
    client.transaction = { commands: [], bytes: 0, aborted: false }
    return OK
  }),
  command('exec', 1, ['no_multi'], NO_KEYS, (_, client) => {
    const { transaction } = client
    if (transaction === undefined) throw new CommandError('ERR EXEC without MULTI')
    client.transaction = undefined
    if (transaction.aborted) throw new CommandError('EXECABORT Transaction discarded because of previous errors.')
    client.executing = true
    try {
      return array(transaction.commands.map((run) => run()))
    } finally {
      client.executing = false
    }
  }),
  command('discard', 1, ['no_multi', 'fast'], NO_KEYS, (_, client) => {
    if (client.transaction === undefined) throw new CommandError('ERR DISCARD without MULTI')
    client.transaction = undefined
    return OK
  }),
]
