// TCP listeners: all addresses of a host name, with one port. It decides which addresses must be bound, which may be missing on
// this machine, and what happens if the port that the system picked for one address is taken on another.

import type { LookupAddress } from 'node:dns'
import type { Server } from 'node:net'
import { tcpAddress } from '../../address.js'
import { dns } from '../../builtins.js'
import { codeOf, DrainingError, InvalidOptionsError } from '../../errors.js'
import { net } from '../../net.js'
import type { ResolvedEndpoint } from '../../options/listen.js'
import { withoutPrototype } from '../../options/own.js'
import type { SocketOptions } from '../socket.js'
import type { Listener, ListenerSink } from './listener.js'
import { type BindOptions, closeAll, ListeningSocket, listenerOf } from './listening-socket.js'

type TcpEndpoint = Extract<ResolvedEndpoint, { kind: 'tcp' }>

// The errors of `bind` for an IPv6 address that the name has and the machine does not, or without IPv6, as in many containers.
// EINVAL is also the error for a link-local address (fe80::1) without the name of its interface, and on Deno for an address
// that the machine does not have.
const UNBINDABLE = new Set<unknown>(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'])

// The errors when the process or the system has no descriptor or memory left.
const EXHAUSTED = new Set<unknown>(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

// The number of attempts to find a port that is free on all addresses of a name. Even if half of the ports are taken on one
// address, so many failures in a row happen once in a million.
const TRIES = 20

export async function bindTcp(endpoint: TcpEndpoint, sink: ListenerSink, defaults: SocketOptions): Promise<Listener> {
  if (endpoint.reusePort && !(await reusePortWorks())) {
    throw new InvalidOptionsError({
      issues: [{ path: ['reusePort'], message: 'expected false: two sockets on one port do not work here' }],
    })
  }
  const make = (): ListeningSocket => new ListeningSocket(sink, defaults)
  if (endpoint.host !== undefined) return listenerOf(await bindAll(await addressesOf(endpoint.host, sink.stopped), endpoint, make))
  // All interfaces: `::` accepts IPv4 too. (Node has the same fallback, but after any error, and then ignores `ipv6Only`.)
  try {
    return listenerOf(await bindAll(['::'], endpoint, make))
  } catch (error) {
    if (endpoint.ipv6Only || !UNBINDABLE.has(codeOf(error))) throw error
    return listenerOf(await bindAll(['0.0.0.0'], endpoint, make))
  }
}

/** The addresses of a host name, each once, in the order of the system's preference. */
async function addressesOf(host: string, stopped: Promise<void> | undefined): Promise<string[]> {
  const found = await new Promise<LookupAddress[]>((resolve, reject) => {
    dns().lookup(host, withoutPrototype({ all: true as const }), (error, addresses) => (error ? reject(error) : resolve(addresses)))
    void stopped?.then(() => reject(new DrainingError()))
  })
  return [...new Set(found.map(({ address }) => tcpAddress(address, 0).address))]
}

async function bindAll(
  hosts: readonly string[],
  endpoint: TcpEndpoint,
  make: () => ListeningSocket,
  tries: number = TRIES,
): Promise<ListeningSocket[]> {
  try {
    return await bindEach(hosts, endpoint, make)
  } catch (error) {
    if (endpoint.port !== 0 || hosts.length === 1 || codeOf(error) !== 'EADDRINUSE' || tries === 1) throw error
    return bindAll(hosts, endpoint, make, tries - 1)
  }
}

/** Binds the addresses in turn, the later ones to the port of the first: all that the machine has, or none. */
async function bindEach(
  hosts: readonly string[],
  { port, backlog, ipv6Only, reusePort }: TcpEndpoint,
  make: () => ListeningSocket,
): Promise<ListeningSocket[]> {
  const bound: ListeningSocket[] = []
  let missing: unknown
  try {
    for (const host of hosts) {
      const options: BindOptions = { host, port: bound[0]?.address.port ?? port, backlog, ipv6Only, reusePort }
      const listeningSocket = make()
      try {
        await listeningSocket.listen(options)
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

// Node 20 accepts the option and ignores it, and Bun and Deno report the version of a Node that supports it. So it is tested with
// two sockets on one port.
async function reusePortWorks(): Promise<boolean> {
  const servers = [net().createServer(), net().createServer()]
  let failure: unknown
  try {
    await bindToOnePort(servers)
  } catch (error) {
    failure = error
  }
  for (const server of servers) server.close()
  // Such an error does not answer the question.
  /* c8 ignore next: tried in a process of its own, which has no descriptor left (spec/danger/descriptors.spec.ts) */
  if (EXHAUSTED.has(codeOf(failure))) throw failure
  return failure === undefined
}

async function bindToOnePort(servers: readonly Server[]): Promise<void> {
  let port = 0
  for (const server of servers) {
    await new Promise<void>((resolve, reject) => {
      const options: BindOptions = withoutPrototype({ host: '127.0.0.1', port, reusePort: true })
      server.once('error', reject).listen(options, resolve)
    })
    port = (server.address() as { port: number }).port
  }
}
