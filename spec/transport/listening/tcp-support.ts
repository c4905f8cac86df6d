// Shared by the specs of TCP listeners.

import dns from 'node:dns'
import net from 'node:net'
import type { Test } from 'tap'
import type { ResolvedEndpoint } from '../../../lib/options/listen.js'

export const tcp = (options: { host?: string; port?: number; ipv6Only?: boolean; reusePort?: boolean } = {}): ResolvedEndpoint => ({
  kind: 'tcp',
  host: '127.0.0.1',
  port: 0,
  backlog: 511,
  ipv6Only: false,
  reusePort: false,
  ...options,
})

export const everywhere = (ipv6Only = false): ResolvedEndpoint => ({
  kind: 'tcp',
  host: undefined,
  port: 0,
  backlog: 511,
  ipv6Only,
  reusePort: false,
})

/** Makes a host name resolve to these addresses, for one test. */
export function named(t: Test, addresses: string[]): string {
  const { lookup } = dns
  const host = 'several.test'
  const fake = (name: string, options: dns.LookupAllOptions, done: (error: Error | null, found: dns.LookupAddress[]) => void): void => {
    if (name !== host) (lookup as (...args: unknown[]) => void)(name, options, done)
    else
      setImmediate(
        done,
        null,
        addresses.map((address) => ({ address, family: net.isIP(address) })),
      )
  }
  dns.lookup = fake as typeof dns.lookup
  t.teardown(() => {
    dns.lookup = lookup
  })
  return host
}

type Listen = (this: net.Server, place: net.ListenOptions & { reusePort?: boolean }, callback?: () => void) => net.Server

/** Puts `instead` in front of every `listen`, for one test. */
export function everyListen(
  t: Test,
  instead: (server: net.Server, place: net.ListenOptions & { reusePort?: boolean }, go: Listen) => void,
): void {
  const { listen } = net.Server.prototype
  net.Server.prototype.listen = function (this: net.Server, place: net.ListenOptions, callback: () => void) {
    if (callback !== undefined) this.once('listening', callback)
    instead(this, place, (listen as unknown as Listen).bind(this) as Listen)
    return this
  } as typeof listen
  t.teardown(() => {
    net.Server.prototype.listen = listen
  })
}

export const servers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
