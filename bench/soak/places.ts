// The places on which the processes listen. Ports are below the system's ephemeral range, so that no client connection takes one while the
// server is stopped. If another process listens on one meanwhile, the server listens on new ones.

import { createServer } from 'node:net'
import { join } from 'node:path'

export type Place = { readonly host: string; readonly port: number } | { readonly path: string }
/** By the name of the place, as `placeOf` has it. */
export type Places = Readonly<Record<string, Place>>

export interface PlaceKind {
  readonly name: string
  readonly transport: 'tcp4' | 'tcp6' | 'unix'
  readonly endpoint: 'plain' | 'tls' | 'optional'
  readonly header: boolean
}

/** All kinds of endpoints. */
export const placeKinds: readonly PlaceKind[] = (['tcp4', 'tcp6', 'unix'] as const).flatMap((transport) =>
  (['plain', 'tls', 'optional'] as const).flatMap((endpoint) =>
    [false, true].map((header) => ({ name: `${transport}-${endpoint}-${header ? 'header' : 'bare'}`, transport, endpoint, header })),
  ),
)

// Each run has a block of ports, by its process id, so that two runs at once look for theirs in different blocks.
const FIRST_PORT = 20_000
const BLOCK = 64
const BLOCKS = 187

/** The first port of the block of the run whose parent has this process id. */
export function firstPort(pid: number): number {
  return FIRST_PORT + (pid % BLOCKS) * BLOCK
}

/** The number of attempts with new ports before taken ports are an error. */
const MOST_MOVES = 20

/** A place for each kind, free at present. `prefix` is for the names of Unix sockets. */
export async function freePlaces(folder: string, prefix: string, from: number): Promise<Places> {
  const places = Object.fromEntries(
    placeKinds.map(({ name, transport }): [string, Place] => [
      name,
      transport === 'unix' ? { path: join(folder, `${prefix}-${name}`) } : { host: transport === 'tcp4' ? '127.0.0.1' : '::1', port: 0 },
    ]),
  )
  return withPorts(places, from)
}

/** The same with other ports, free at present; Unix sockets stay where they are. */
async function withPorts(places: Places, from: number): Promise<Places> {
  const moved: Record<string, Place> = {}
  let port = from
  for (const [name, place] of Object.entries(places)) {
    moved[name] = place
    if ('path' in place) continue
    while (!(await isFree(place.host, port))) port++
    moved[name] = { host: place.host, port: port++ }
  }
  return moved
}

/** The port after all of these. */
export function portAfter(places: Places): number {
  return Math.max(...Object.values(places).map((place) => ('port' in place ? place.port + 1 : 0)))
}

/**
 * Calls `listen` with these places. If it fails since another process has taken a port of them meanwhile, it is called again with
 * new ports; Unix sockets stay where they are. Resolves with the places that it could listen at.
 */
export async function listenAt(places: Places, listen: (places: Places) => Promise<unknown>): Promise<Places> {
  for (let moves = 0; ; moves++) {
    try {
      await listen(places)
      return places
    } catch (error) {
      if (moves === MOST_MOVES || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      places = await withPorts(places, portAfter(places))
    }
  }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const probe = createServer()
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false)).listen(port, host, () => resolve(true))
  })
  if (free) await new Promise((resolve) => probe.close(resolve))
  return free
}
