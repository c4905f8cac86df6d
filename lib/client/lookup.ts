// The addresses of a name by the system's resolver (`getaddrinfo`: hosts file, DNS and others). A look-up runs in a thread of
// libuv and cannot be cancelled; a cancelled `connect` does not wait for it.

import type { LookupAddress } from 'node:dns'
import { dns } from '../builtins.js'
import type { Family } from '../options/connect.js'
import { withoutPrototype } from '../options/own.js'

/** Resolves with all addresses of a name, at least one, in the order of the system's preference. Rejects with Node's error. */
export async function lookup(host: string, family: Family): Promise<LookupAddress[]> {
  const found = await new Promise<LookupAddress[]>((resolve, reject) => {
    dns().lookup(host, withoutPrototype({ all: true as const, family }), (error, addresses) => (error ? reject(error) : resolve(addresses)))
  })
  // An IP address is found whatever `family` is.
  const fitting = found.filter((address) => family === 0 || address.family === family)
  if (fitting.length === 0) throw Object.assign(new Error(`${host} is no IPv${family} address`), { code: 'ENOTFOUND', hostname: host })
  return fitting
}
