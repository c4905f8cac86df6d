// TCP listeners: all addresses of a name, with one port. Here it is decided which of them must be bound, which may be
// missing on this machine, and what to do when the port that the system picked for one is taken on another.

import type { LookupAddress } from 'node:dns'
import type { Server } from 'node:net'
import { tcpAddress } from '../../address.js'
import { dns } from '../../builtins.js'
import { codeOf, DrainingError, InvalidOptionsError } from '../../errors.js'
import { net } from '../../net.js'
import type { ResolvedEndpoint } from '../../options/listen.js'
import { bare } from '../../options/own.js'
import type { Intake, Listener, SocketDefaults } from './listener.js'
import { closeAll, ListeningSocket, listenerOf, type Place } from './listening-socket.js'

type TcpPlan = Extract<ResolvedEndpoint, { kind: 'tcp' }>

// What bind says of an IPv6 address that a name has and the machine does not, or where there is no IPv6 at all, as in
// many containers; EINVAL is also that of an address that holds on one interface (fe80::1) without the interface's name, and of
// one that the machine does not have on Deno.
const UNBINDABLE = new Set<unknown>(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'])

// What it says when this process, or the system, has no descriptor or no memory to spare.
const EXHAUSTED = new Set<unknown>(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

// How often a port that the system picked may turn out to be taken on another address of the same name. Even with half
// of the ports taken there, so many misses in a row are one in a million.
const TRIES = 20

export async function bindTcp(plan: TcpPlan, intake: Intake, defaults: SocketDefaults): Promise<Listener> {
  if (plan.reusePort && !(await reusePortWorks())) {
    throw new InvalidOptionsError({
      issues: [{ path: ['reusePort'], message: 'expected false: two sockets on one port do not work here' }],
    })
  }
  const make = (): ListeningSocket => new ListeningSocket(intake, defaults)
  if (plan.host !== undefined) return listenerOf(await bindAll(await addressesOf(plan.host, intake.stopped), plan, make))
  // All interfaces: `::` takes IPv4 too. (Node does this itself, but for any failure, and then forgets `ipv6Only`.)
  try {
    return listenerOf(await bindAll(['::'], plan, make))
  } catch (error) {
    if (plan.ipv6Only || !UNBINDABLE.has(codeOf(error))) throw error
    return listenerOf(await bindAll(['0.0.0.0'], plan, make))
  }
}

/** The addresses of a name, each once, in the order of the system's preference. */
async function addressesOf(host: string, stopped: Promise<void> | undefined): Promise<string[]> {
  const found = await new Promise<LookupAddress[]>((resolve, reject) => {
    dns().lookup(host, bare({ all: true as const }), (error, addresses) => (error ? reject(error) : resolve(addresses)))
    void stopped?.then(() => reject(new DrainingError()))
  })
  return [...new Set(found.map(({ address }) => tcpAddress(address, 0).address))]
}

async function bindAll(
  hosts: readonly string[],
  plan: TcpPlan,
  make: () => ListeningSocket,
  tries: number = TRIES,
): Promise<ListeningSocket[]> {
  try {
    return await bindEach(hosts, plan, make)
  } catch (error) {
    if (plan.port !== 0 || hosts.length === 1 || codeOf(error) !== 'EADDRINUSE' || tries === 1) throw error
    return bindAll(hosts, plan, make, tries - 1)
  }
}

/** Binds them in turn, the later ones to the port of the first; all that there are, or none. */
async function bindEach(
  hosts: readonly string[],
  { port, backlog, ipv6Only, reusePort }: TcpPlan,
  make: () => ListeningSocket,
): Promise<ListeningSocket[]> {
  const bound: ListeningSocket[] = []
  let missing: unknown
  try {
    for (const host of hosts) {
      const place: Place = { host, port: bound[0]?.address.port ?? port, backlog, ipv6Only, reusePort }
      const listeningSocket = make()
      try {
        await listeningSocket.listen(place)
        bound.push(listeningSocket)
      } catch (error) {
        if (!net().isIPv6(host) || !UNBINDABLE.has(codeOf(error))) throw error
        missing = error
      }
    }
    if (bound.length === 0) throw missing
  } catch (error) {
    await closeAll(bound)
    throw error
  }
  return bound
}

// Node 20 takes the option and does nothing, and Bun and Deno call themselves a Node that they are not: so it is tried
// out, with two sockets on one port.
async function reusePortWorks(): Promise<boolean> {
  const servers = [net().createServer(), net().createServer()]
  let failure: unknown
  try {
    await share(servers)
  } catch (error) {
    failure = error
  }
  for (const server of servers) server.close()
  // That says nothing of the option.
  /* c8 ignore next: tried in a process of its own, which has no descriptor left (spec/danger/descriptors.spec.ts) */
  if (EXHAUSTED.has(codeOf(failure))) throw failure
  return failure === undefined
}

async function share(servers: readonly Server[]): Promise<void> {
  let port = 0
  for (const server of servers) {
    await new Promise<void>((resolve, reject) => {
      const place: Place = bare({ host: '127.0.0.1', port, reusePort: true })
      server.once('error', reject).listen(place, resolve)
    })
    port = (server.address() as { port: number }).port
  }
}
