// Where things listen. A port of the server is below those that the system gives to clients, or another process's connection
// might take it while the server is away.

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

/** A place for each kind, free at present. `prefix` is for the names of Unix sockets. */
export async function freePlaces(folder: string, prefix: string, from: number): Promise<{ places: Places; next: number }> {
  const places: Record<string, Place> = {}
  let port = from
  for (const { name, transport } of placeKinds) {
    if (transport === 'unix') {
      places[name] = { path: join(folder, `${prefix}-${name}`) }
      continue
    }
    const host = transport === 'tcp4' ? '127.0.0.1' : '::1'
    while (!(await isFree(host, port))) port++
    places[name] = { host, port: port++ }
  }
  return { places, next: port }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const probe = createServer()
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false)).listen(port, host, () => resolve(true))
  })
  if (free) await new Promise((resolve) => probe.close(resolve))
  return free
}
