// The option `proxyProtocol` of `connect`: the PROXY header that goes first, said outright or taken from a connection. What
// its version can say is for `lib/proxy-protocol/` to know; here it is only seen to that it is an address, or bytes.

import type * as z from 'zod/mini'
import { safeParse, transform } from 'zod/mini'
import type { Address } from '../address.js'
import type { Connection } from '../connection/connection.js'
import type { HeaderContents } from '../proxy-protocol/build.js'
import type { ProxyTlv } from '../proxy-protocol/header.js'
import { address } from './address.js'
import { type Lazy, once } from './once.js'
import { bare } from './own.js'
import { type Context, list, made, record, report } from './record.js'
import { mismatch, value } from './values.js'

/** A PROXY header, as `connect` sends one. Without `source` and `destination` it speaks of nobody: LOCAL, in version 1 UNKNOWN. */
export interface ProxyHeaderOptions {
  /** 1 is a line of text, for those who understand nothing else. Default: 2, which is binary, and alone has Unix addresses and TLVs. */
  version?: 1 | 2 | undefined
  /** The real client; together with `destination`. */
  source?: Address | undefined
  /** What the real client connected to; together with `source`. */
  destination?: Address | undefined
  /** What else there is to say, in order; one of type 3 is the checksum, and is worked out. Default: none. */
  tlvs?: readonly ProxyTlv[] | undefined
}

interface HeaderInput {
  version: 1 | 2
  source: Address
  destination: Address
  tlvs: ProxyTlv[]
}

const EXPECTED = 'a connection, or an object of `version`, `source`, `destination` and `tlvs`'

/** The schema: false, or what the header shall say. */
export const proxyHeader: Lazy<z.ZodMiniType<HeaderContents | false>> = once(() => {
  const header = record<HeaderInput>({
    version: value('1 or 2', (version) => version === 1 || version === 2),
    source: address(),
    destination: address(),
    tlvs: list('a list', made('{ type, value }: a whole number from 0 to 255, and bytes', tlvOf), 0),
  })
  return transform((input: unknown, context: Context): HeaderContents | false => {
    if (input === false) return false
    if (typeof input !== 'object' || input === null) {
      report(context, [], mismatch(EXPECTED)({ input }))
      return false
    }
    const { data, error } = safeParse(header, passingOn(input as Connection) ?? input, { jitless: true })
    if (error !== undefined) context.issues.push(...(error.issues as Context['issues']))
    return data ?? false
  })
})

/** What a header says that passes a connection on; undefined for what is no connection. */
function passingOn(connection: Connection): ProxyHeaderOptions | undefined {
  try {
    // Asked for what it has, so that a wrapped one does as well.
    const { remote, local, proxy } = connection
    // Every object has what somebody gave to all of them.
    const inherited = (Object.prototype as Partial<Connection>).remote
    return remote === undefined || remote === inherited ? undefined : { source: remote, destination: proxy?.destination ?? local }
  } catch {
    return undefined
  }
}

/** A copy, since it is sent later. */
function tlvOf(given: Partial<ProxyTlv>): ProxyTlv | undefined {
  const { type, value } = bare(given)
  const fits = typeof type === 'number' && Number.isInteger(type) && type >= 0 && type <= 255 && value instanceof Uint8Array
  return fits ? { type, value: Buffer.from(value) } : undefined
}
