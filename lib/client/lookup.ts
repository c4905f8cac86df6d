// The addresses of a name, as the system knows them: hosts file, DNS and whatever else it asks. A look-up cannot be called
// off (it sits in a thread of libuv's); who does not want it any more does not wait for it.

import type { LookupAddress } from 'node:dns'
import { dns } from '../builtins.js'
import type { Family } from '../options/connect.js'
import { bare } from '../options/own.js'

/** All addresses of a name, in the order of the system's preference; at least one. Rejects with Node's error. */
export async function lookup(host: string, family: Family): Promise<LookupAddress[]> {
  const found = await new Promise<LookupAddress[]>((resolve, reject) => {
    dns().lookup(host, bare({ all: true as const, family }), (error, addresses) => (error ? reject(error) : resolve(addresses)))
  })
  // What is an address already is found whatever family was asked for.
  const fitting = found.filter((address) => family === 0 || address.family === family)
  if (fitting.length === 0) throw Object.assign(new Error(`${host} is no IPv${family} address`), { code: 'ENOTFOUND', hostname: host })
  return fitting
}
