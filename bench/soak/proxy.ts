// The process of the fault proxy, over `node:net` alone and without linnet. Each conversation has a separate listener, which determines
// its plan.

import { existsSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { answer, tell } from './child.js'
import { Forward } from './forward.js'
import { forgedHeader } from './header.js'
import type { Place, Places } from './places.js'
import { type Direction, type Plan, placeOf, planOf } from './plan.js'
import { Random } from './random.js'
import type { ProxyReport } from './report.js'

let seed = 0
let folder = ''
let servers: Places = {}
let relays: Places = {}

interface Setup {
  readonly seed: number
  readonly folder: string
}

answer({
  setup: (given: Setup) => {
    ;({ seed, folder } = given)
  },
  /** Sets the places of the server and the relay. On a place that one of them has left, another process may listen. */
  places: (given: { servers: Places; relays: Places }) => {
    ;({ servers, relays } = given)
    for (const conversation of conversations) conversation.moved()
  },
  /** Listens for one connection, and resolves with its place. */
  open: ({ id }: { id: number }) => open(planOf(seed, id)),
})

async function open(plan: Plan): Promise<Place> {
  const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
  const path = join(folder, `p${plan.id}`)
  const at = { tcp4: { host: '127.0.0.1', port: 0 }, tcp6: { host: '::1', port: 0 }, unix: { path } }[plan.transport]
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject).listen(at, resolve)
  })
  listener.once('connection', (client: Socket) => {
    closeListener(listener, path)
    new Conversation(plan, client)
  })
  if (plan.transport === 'unix') return { path }
  return { host: at.host as string, port: (listener.address() as AddressInfo).port }
}

function closeListener(listener: Server, path: string): void {
  listener.close()
  if (existsSync(path)) rmSync(path)
}

const conversations = new Set<Conversation>()

class Conversation {
  readonly #plan: Plan
  readonly #place: Place
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #forwards: Record<Direction, Forward>
  readonly #report: ProxyReport
  #open = 2

  constructor(plan: Plan, client: Socket) {
    this.#plan = plan
    this.#client = client
    this.#report = { id: plan.id, broke: undefined, refused: undefined, lost: [], unsure: [], ended: [], bytes: { up: 0, down: 0 } }
    this.#place = this.#placeNow()
    this.#upstream = connect({ ...this.#place, allowHalfOpen: true, noDelay: true })
    conversations.add(this)
    this.#forwards = { up: this.#forward('up', client, this.#upstream), down: this.#forward('down', this.#upstream, client) }
    this.#watch(client, 'client')
    this.#watch(this.#upstream, 'server')
    this.#upstream.once('connect', () => {
      this.#forwards.up.start(forgedHeader(plan))
      this.#forwards.down.start(Buffer.alloc(0))
    })
  }

  #placeNow(): Place {
    return (this.#plan.relay ? relays : servers)[placeOf(this.#plan)] as Place
  }

  /** Leaves a place on which another process may have answered. */
  moved(): void {
    if (isDeepStrictEqual(this.#place, this.#placeNow())) return
    this.#report.refused ??= 'the place was taken by another process'
    this.#reset()
  }

  #forward(direction: Direction, from: Socket, to: Socket): Forward {
    const { seed, id, faults } = this.#plan
    const broken = faults.break?.direction === direction ? faults.break : undefined
    return new Forward(from, to, faults[direction], broken, new Random(seed, id, direction, 'forwarding'), {
      broken: (kind) => {
        this.#report.broke = kind
        if (kind === 'reset') this.#reset()
      },
      ended: (sure) => {
        this.#report.ended.push(direction)
        if (!sure) this.#report.unsure.push(direction)
      },
    })
  }

  /** A socket that fails resets the other one. */
  #watch(socket: Socket, name: 'client' | 'server'): void {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? error.message
      if (error.syscall === 'connect') this.#report.refused = code
      else if (this.#report.broke !== 'reset') this.#report.lost.push(`${name} ${code}`)
      this.#reset()
    })
    socket.on('close', () => {
      if (--this.#open > 0) return
      conversations.delete(this)
      for (const direction of ['up', 'down'] as const) {
        this.#forwards[direction].stop()
        this.#report.bytes[direction] = this.#forwards[direction].bytes
      }
      tell('proxied', this.#report)
    })
  }

  #reset(): void {
    for (const direction of ['up', 'down'] as const) this.#forwards[direction].stop()
    for (const socket of [this.#client, this.#upstream]) reset(socket)
  }
}

/**
 * Sends a reset where the transport has one. `destroy` in the same turn prevents a wait for queued bytes. libuv refuses a reset while the
 * sending side is being shut down with an empty queue; that state is short.
 */
function reset(socket: Socket): void {
  if (socket.destroyed) return
  if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0 && !socket.connecting) {
    socket.once('finish', () => setImmediate(reset, socket))
    return
  }
  try {
    socket.resetAndDestroy()
  } catch {
    // A Unix socket has no reset.
  }
  socket.destroy()
}
