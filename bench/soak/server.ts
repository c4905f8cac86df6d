// The process of the server under test: one server with all kinds of endpoints, which is drained at intervals and listens again on the same
// places.

import { inspect } from 'node:util'
import { type Connection, type Endpoint, LinnetError, listen, type Server, shutdownOn } from 'linnet'
import { Books } from './books.js'
import { answer, problem, tell } from './child.js'
import { forgedClient } from './header.js'
import { leftovers } from './leftovers.js'
import { listenAt, type Place, type Places, placeKinds } from './places.js'
import { type Plan, planOf } from './plan.js'
import { newSideReport, type SideReport } from './report.js'
import { closingOf, type Identity, Session } from './session.js'
import { until } from './sleep.js'

interface Setup {
  readonly seed: number
  readonly identity: Identity
  readonly places: Places
}

// Fewer than sometimes arrive at once, so that accepted connections must wait.
const MOST_CONNECTIONS = 60
// Long enough for a busy machine.
const PATIENCE = 60_000
const CHECK_EVERY = 250

let setup: Setup
let places: Places
let server: Server
let books: Books
let served: Promise<void>
let incarnation = 0
const under = new Map<number, { connection: Connection; report: SideReport }>()
let checking: NodeJS.Timeout | undefined

answer({
  setup: (given: Setup) => {
    setup = given
    places = given.places
  },
  start,
  stop,
  /** Reports the state of a conversation that hangs. */
  describe: ({ id }: { id: number }) => {
    const found = under.get(id)
    if (found === undefined) return `no such conversation; ${inspect(server)}`
    return `${inspect(found.connection)}\n${JSON.stringify(found.report)}`
  },
})

/** Resolves with its places: the same as before, unless another process has taken one of the ports. */
async function start(): Promise<Places> {
  const { identity } = setup
  places = await listenAt(places, async (places) => {
    const endpoints = placeKinds.map(
      ({ name, endpoint, header }): Endpoint => ({
        ...(places[name] as Place),
        tls: endpoint === 'plain' ? false : { ...identity, optional: endpoint === 'optional' },
        proxyProtocol: header,
      }),
    )
    server = await listen({ endpoints, maxConnections: MOST_CONNECTIONS, handshakeTimeout: PATIENCE, closeTimeout: PATIENCE })
  })
  books = new Books(server, `server ${++incarnation}`)
  if (incarnation % 2 === 0) shutdownOn(server)
  served = incarnation % 2 === 0 ? server.serve(converse) : loop(server)
  checking = setInterval(() => books.check(), CHECK_EVERY)
  return places
}

async function loop(server: Server): Promise<void> {
  const running = new Set<Promise<unknown>>()
  for await (const connection of server) {
    const run = connection.run(converse)
    running.add(run)
    void run.finally(() => running.delete(run))
  }
  await Promise.all(running)
}

/** Drains it. All reports before the answer belong to this server. */
async function stop({ grace }: { grace: number }): Promise<void> {
  const alive = server.connections.size
  const { drained, aborted } = await server.close({ grace })
  if (drained + aborted !== alive) problem(`close: ${drained} drained and ${aborted} aborted are not the ${alive} that were alive`)
  books.checkClosed()
  clearInterval(checking)
  await served
  if (!(await until(() => under.size === 0, 1000))) problem(`serve has settled with ${under.size} conversations under way`)
  for (const left of await leftovers()) problem(`left when the server had closed: ${left}`)
}

async function converse(connection: Connection): Promise<void> {
  const greeting = await connection.readLine({ delimiter: '\n' })
  const [, number] = /^SOAK (\d+)$/.exec(greeting) ?? []
  if (number === undefined) return problem(`a greeting that is none: ${JSON.stringify(greeting.slice(0, 80))}`)
  const plan = planOf(setup.seed, Number(number))
  const report = newSideReport(plan.id, 'server')
  checkIdentity(connection, plan, report)
  if (under.has(plan.id)) report.problems.push('a second connection for the same conversation')
  under.set(plan.id, { connection, report })
  const talk = new Session(connection, plan, 'server', setup.identity, report, greeting.length + 1).run()
  // A lost connection closes before all received bytes have been read.
  void Promise.all([closingOf(connection), talk]).then(([closed]) => {
    report.closed = closed
    under.delete(plan.id)
    tell('report', report)
  })
  const failure = await talk
  // A handler may reject with an error of its connection.
  if (failure instanceof LinnetError) throw failure
}

function checkIdentity(connection: Connection, plan: Plan, report: SideReport): void {
  if ((connection.tls !== undefined) !== plan.tls) report.problems.push(`TLS is ${plan.tls ? 'missing' : 'there'}`)
  const { proxy, remote } = connection
  if ((proxy?.version ?? 0) !== plan.header) report.problems.push(`the PROXY header's version is ${proxy?.version}, not ${plan.header}`)
  const { address, port } = forgedClient(plan)
  if (plan.header !== 0 && String(remote) !== `${address}:${port}`) report.problems.push(`remote is ${remote}, not ${address}:${port}`)
  const field = plan.header === 2 ? proxy?.tlvs[0] : undefined
  if (plan.header === 2 && field?.value.length !== plan.id % 300)
    report.problems.push(`the header's field has ${field?.value.length} bytes`)
}
