// The course of a run: conversations are started while there is room, the server is drained and restarted at intervals, conversations that
// have ended are checked, and finally all processes are closed and checked for leaks.

import type { Case } from './judge.js'
import { judge } from './judge.js'
import { growthOf, type MemorySample, mib } from './memory.js'
import type { Options } from './options.js'
import type { Place, Places } from './places.js'
import { planOf } from './plan.js'
import type { Child } from './processes.js'
import { Random } from './random.js'
import type { ProxyReport, SideReport } from './report.js'
import type { Identity } from './session.js'
import { sleep, until, within } from './sleep.js'
import { Summary, type SummaryLine } from './summary.js'

interface Children {
  readonly server: Child
  readonly relay: Child
  readonly proxy: Child
  readonly clients: readonly Child[]
}

interface Setup {
  readonly seed: number
  readonly identity: Identity
  readonly folder: string
  readonly servers: Places
  readonly relays: Places
}

interface Open {
  drained: boolean
  client?: SideReport
  server?: SideReport
  proxy?: ProxyReport
}

// Longer than any plan can take on a busy machine. A conversation that takes longer hangs.
const LONGEST = 120_000
const SAMPLE_EVERY = 4_000
/** The run stops after so many failures. */
const MOST_FAILURES = 8
/** The time from a start of the server to its drain, in milliseconds. */
const LIVES = { least: 4_000, most: 14_000 }

export class Course {
  readonly #options: Options
  readonly #children: Children
  readonly #random: Random
  readonly #summary: Summary
  readonly #open = new Map<number, Open>()
  /** Conversations whose client is running. */
  #busy = 0
  #next = 1
  #restarting: Promise<void> | undefined
  readonly #memory = new Map<Child, MemorySample[]>()
  /** The places on which the relay listens. */
  #relays: Places = {}

  constructor(options: Options, children: Children) {
    this.#options = options
    this.#children = children
    this.#random = new Random(options.seed, 'course')
    this.#summary = new Summary(options)
  }

  get #all(): Child[] {
    const { server, relay, proxy, clients } = this.#children
    return [server, relay, proxy, ...clients]
  }

  async prepare({ seed, identity, folder, servers, relays }: Setup): Promise<void> {
    const { server, relay, proxy, clients } = this.#children
    for (const child of this.#all) child.hear<string>('problem', (text) => this.#summary.fail(`${child.name}: ${text}`))
    server.hear<SideReport>('report', (report) => this.#reported(report))
    proxy.hear<ProxyReport>('proxied', (report) => this.#proxied(report))
    await proxy.call('setup', { seed, folder })
    await server.call('setup', { seed, identity, places: servers })
    for (const client of clients) await client.call('setup', { seed, identity })
    // A first cycle of everything opens the handles that Node keeps open permanently.
    await Promise.all(this.#all.map((child) => child.call('baseline')))
    this.#relays = await relay.call<Places>('start', { places: relays })
    await this.#start()
    await sleep(100)
  }

  /** Starts the server, and passes its places to the processes that connect to it. */
  async #start(): Promise<void> {
    const { server, relay, proxy } = this.#children
    const servers = await server.call<Places>('start')
    await relay.call('places', { servers })
    await proxy.call('places', { servers, relays: this.#relays })
  }

  async run(): Promise<void> {
    const end = Date.now() + this.#options.seconds * 1000
    let sampled = Date.now()
    let restart = Date.now() + this.#random.int(LIVES.least, LIVES.most)
    while (Date.now() < end && this.#summary.failures < MOST_FAILURES) {
      if (this.#busy >= this.#options.connections || !this.#begin(this.#nextId())) await sleep(2)
      if (Date.now() > restart && this.#restarting === undefined) {
        restart = Date.now() + this.#random.int(LIVES.least, LIVES.most)
        this.#restarting = this.#restart(this.#random.pick([0, 200, 1000, 5000])).catch((error) => this.#summary.fail(String(error)))
      }
      // While the server is stopped, a conversation ends quickly.
      if (this.#restarting !== undefined) await sleep(20)
      if (Date.now() - sampled < SAMPLE_EVERY) continue
      sampled = Date.now()
      await this.#sample()
    }
  }

  /** Waits for all conversations to end, closes the processes, and checks for leaks. */
  async finish(): Promise<SummaryLine> {
    const { server, relay } = this.#children
    await this.#restarting
    await until(() => this.#busy === 0, LONGEST + 10_000)
    await this.#closing(relay, 'stop', { grace: 5_000 })
    await this.#closing(server, 'stop', { grace: 5_000 })
    for (const id of [...this.#open.keys()]) this.#settle(id)
    for (const child of this.#all) {
      for (const left of await child.call<string[]>('leftovers')) this.#summary.fail(`${child.name}: left at the end: ${left}`)
      const growth = growthOf(this.#memory.get(child) ?? [])
      if (growth !== undefined) this.#summary.fail(`${child.name}: ${growth}`)
      if (!(await child.end())) this.#summary.fail(`the ${child.name} process did not end by itself`)
    }
    return this.#summary.line(Object.fromEntries([...this.#memory].map(([{ name }, samples]) => [name, mib(samples.at(-1)?.held ?? 0)])))
  }

  async #closing(child: Child, name: string, data: unknown): Promise<void> {
    const said = await within(
      LONGEST,
      child.call(name, data).then(() => 'done', String),
    )
    if (said !== 'done') this.#summary.fail(`${child.name}: ${said ?? `'${name}' has not come to its end`}`)
  }

  // --- one conversation ------------------------------------------------------------------------------------------------

  #nextId(): number {
    const { only } = this.#options
    return only.length === 0 ? this.#next++ : (only[(this.#next++ - 1) % only.length] as number)
  }

  /** Restarts a conversation of `--only` when it has ended. */
  #begin(id: number): boolean {
    if (this.#open.has(id)) return false
    const open: Open = { drained: this.#restarting !== undefined }
    this.#open.set(id, open)
    this.#busy++
    void this.#converse(id, open)
      .catch((error) => this.#summary.fail(`conversation ${id}: ${error}`))
      .finally(() => this.#busy--)
    return true
  }

  async #converse(id: number, open: Open): Promise<void> {
    const { proxy, clients } = this.#children
    const place = await proxy.call<Place>('open', { id })
    const client = clients[id % clients.length] as Child
    const report = await within(LONGEST, client.call<SideReport>('converse', { id, place }))
    if (report === undefined) return this.#hangs(id, client)
    open.client = report
    if (!(await until(() => open.proxy !== undefined, LONGEST))) return this.#hangs(id, client)
    if (open.server !== undefined) this.#settle(id)
  }

  #reported(report: SideReport): void {
    const open = this.#open.get(report.id)
    if (open === undefined) return this.#summary.fail(`the server reports conversation ${report.id}, which is over or was never begun`)
    open.server = report
    if (open.client !== undefined && open.proxy !== undefined) this.#settle(report.id)
  }

  #proxied(report: ProxyReport): void {
    const open = this.#open.get(report.id)
    if (open !== undefined) open.proxy = report
  }

  /** Checks conversations that have ended, and removes them. */
  #settle(id: number): void {
    const open = this.#open.get(id)
    this.#open.delete(id)
    if (open?.client === undefined || open.proxy === undefined) return
    const { client, server, proxy, drained } = open
    const found: Case = { plan: planOf(this.#options.seed, id), client, server, proxy, drained }
    this.#summary.count(found)
    const problems = judge(found)
    if (problems.length > 0) this.#summary.fail(`conversation ${id}`, problems, found)
  }

  async #hangs(id: number, client: Child): Promise<void> {
    const open = this.#open.get(id)
    this.#open.delete(id)
    const said = await Promise.all([client, this.#children.server].map((child) => child.call<string>('describe', { id })))
    const problems = [`it has not ended within ${LONGEST / 1000} seconds`, `client: ${said[0]}`, `server: ${said[1]}`]
    this.#summary.fail(`conversation ${id}`, problems, { plan: planOf(this.#options.seed, id), ...open })
  }

  // --- now and then ----------------------------------------------------------------------------------------------------

  async #restart(grace: number): Promise<void> {
    const { server } = this.#children
    for (const open of this.#open.values()) open.drained = true
    const before = [...this.#open].filter(([, { client, proxy }]) => client !== undefined && proxy !== undefined)
    await this.#closing(server, 'stop', { grace })
    // Conversations that the server has not reported by now did not reach it.
    for (const [id, open] of before) if (this.#open.get(id) === open) this.#settle(id)
    await sleep(this.#random.int(0, 100))
    await this.#start()
    for (const open of this.#open.values()) open.drained = true
    this.#summary.restarts++
    this.#restarting = undefined
  }

  async #sample(): Promise<void> {
    await Promise.all(
      this.#all.map(async (child) => {
        const samples = this.#memory.get(child) ?? []
        samples.push(await child.call<MemorySample>('memory'))
        this.#memory.set(child, samples)
      }),
    )
  }
}
