// The object in which the most common read of a connection waits, again and again.

import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { collect } from '../../support/collect.js'
import { wired } from './support.js'

t.test('a message that was read is not kept by the connection until its next read', async (t) => {
  const { connection, push } = wired()
  const read = async (): Promise<WeakRef<Buffer>> => {
    const line = connection.readUntil('\n')
    push('a line\n')
    return new WeakRef(await line)
  }
  const line = await read()
  // A WeakRef that was made holds its target to the end of the turn.
  await nextTurn()
  collect()
  t.equal(line.deref(), undefined)
  connection.abort()
})
