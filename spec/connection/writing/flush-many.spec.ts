// When the answers of whole connections are sent, few or many of them in one turn of the event loop. flush-schedule.spec.ts has the
// schedule alone.

import { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { Connection } from '../../../lib/index.js'
import { turn } from '../../support/wait.js'

/** Connections that echo lines. `round` lets a line arrive at each in one turn. */
function echoes(t: Test, count: number): { round(): Promise<{ waiting: number; sent: number }> } {
  let waiting = 0
  let sent = 0
  /** How many readers waited again when the first answer was sent. */
  let first: number | undefined
  const streams = Array.from({ length: count }, () => {
    const stream = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        first ??= waiting
        sent++
        done()
      },
    })
    const connection = Connection.from(stream)
    t.teardown(() => connection.abort())
    void (async () => {
      for (;;) {
        waiting++
        connection.write(`${await connection.readLine()}\n`)
      }
    })().catch(() => {})
    return stream
  })
  return {
    async round() {
      await turn()
      waiting = 0
      sent = 0
      first = undefined
      for (const stream of streams) stream.push('line\n')
      await turn()
      await turn()
      return { waiting: first ?? 0, sent }
    },
  }
}

t.test('the answer of one of few connections is sent when its reader waits again', async (t) => {
  const { round } = echoes(t, 4)
  for (let rounds = 0; rounds < 5; rounds++) t.same(await round(), { waiting: 1, sent: 4 })
})

t.test('the answers of many connections are sent in groups, and all of them within the turn', async (t) => {
  const { round } = echoes(t, 40)
  // The first turns are counted, and not grouped yet.
  for (let rounds = 0; rounds < 3; rounds++) t.equal((await round()).sent, 40)
  for (let rounds = 0; rounds < 3; rounds++) {
    const { waiting, sent } = await round()
    t.ok(waiting >= 16, `${waiting} readers waited when the first answer was sent`)
    t.equal(sent, 40)
  }
})
