// A process of clients: connects to the given place, runs its side of the conversation, and reports.

import { inspect } from 'node:util'
import { ConnectError, type Connection, ConnectionLostError, connect, HandshakeError, LinnetError } from 'linnet'
import { answer } from './child.js'
import type { Place } from './places.js'
import { planOf } from './plan.js'
import { describe } from './receiving.js'
import { newSideReport, type SideReport } from './report.js'
import { closingOf, type Identity, Session } from './session.js'

interface Setup {
  readonly seed: number
  readonly identity: Identity
}

const PATIENCE = 60_000

let setup: Setup
const under = new Map<number, { connection: Connection; report: SideReport }>()

answer({
  setup: (given: Setup) => {
    setup = given
  },
  converse,
  describe: ({ id }: { id: number }) => {
    const found = under.get(id)
    if (found === undefined) return 'no such conversation'
    return `${inspect(found.connection)}\n${JSON.stringify(found.report)}`
  },
})

async function converse({ id, place }: { id: number; place: Place }): Promise<SideReport> {
  const plan = planOf(setup.seed, id)
  const report = newSideReport(id, 'client')
  let connection: Connection
  try {
    const tls = plan.tls ? { ca: setup.identity.cert, servername: 'localhost' } : undefined
    connection = await connect({ ...place, tls, timeout: PATIENCE, closeTimeout: PATIENCE })
  } catch (error) {
    report.connect = describe(error)
    if (!(error instanceof ConnectError || error instanceof ConnectionLostError || error instanceof HandshakeError))
      report.problems.push(`connect failed: ${report.connect}`)
    return report
  }
  under.set(id, { connection, report })
  const greeting = `SOAK ${id}\n`
  const talk = async (): Promise<unknown> => {
    void connection.write(greeting)
    return new Session(connection, plan, 'client', setup.identity, report, 0).run()
  }
  if (plan.run) await running(connection, talk, report)
  else {
    await talk()
    await connection.close()
  }
  report.closed = await closingOf(connection)
  under.delete(id)
  return report
}

/** `run` of a client rejects with the error of its handler. */
async function running(connection: Connection, talk: () => Promise<unknown>, report: SideReport): Promise<void> {
  let thrown: unknown
  try {
    await connection.run(async () => {
      const failure = await talk()
      if (failure instanceof LinnetError) throw (thrown = failure)
    })
    if (thrown !== undefined) report.problems.push('run has resolved although its handler threw')
  } catch (error) {
    if (error !== thrown) report.problems.push(`run failed: ${describe(error)}`)
  }
}
