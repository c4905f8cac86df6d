// The option `proxyProtocol`: of a server, which peers send a PROXY header first; of a client, the header to send. And the addresses
// that a program gives, as an object or as text; no name is looked up. What a header of either version can say is decided in
// `lib/proxy-protocol/`.

import type * as z from 'zod/mini'
import { transform } from 'zod/mini'
import { type Address, tcpAddress, unixAddress } from '../address.js'
import type { Connection } from '../connection/connection.js'
import { net } from '../net.js'
import type { HeaderContents } from '../proxy-protocol/build.js'
import type { ProxyTlv } from '../proxy-protocol/header.js'
import type { ResolvedProxyProtocol } from '../proxy-protocol/trust.js'
import { socketAddress } from '../socket-address.js'
import { withoutPrototype } from './own.js'
import { list, parsed, strictObject } from './schema.js'
import { type Context, made, mismatch, report, value } from './values.js'

/** A PROXY header (version 1 or 2) comes first, and names the real client. */
export interface ProxyProtocolOptions {
  /**
   * The proxies: addresses and networks (`10.0.0.0/8`), at least one. They must send a header; connections of other peers are taken
   * without one. A peer with an IPv4-mapped address counts as IPv4, and peers on a Unix socket as trusted. Default: every peer
   * must send one.
   */
  trust?: readonly string[] | undefined
}

/** A PROXY header, as `connect` sends one. Without `source` and `destination` it names no client: LOCAL, in version 1 UNKNOWN. */
export interface ProxyHeaderOptions {
  /** 1 is a line of text, for servers that read nothing else. Default: 2, which is binary, and alone has Unix addresses and TLVs. */
  version?: 1 | 2 | undefined
  /** The real client; together with `destination`. */
  source?: Address | undefined
  /** What the real client connected to; together with `source`. */
  destination?: Address | undefined
  /** Further values, in order; the value of one of type 3, the checksum, is computed. Default: none. */
  tlvs?: readonly ProxyTlv[] | undefined
}

const families: ReadonlyMap<unknown, number> = new Map([
  ['IPv4', 4],
  ['IPv6', 6],
])

/** The address that an object describes; undefined if it describes none. A getter of the object may throw. */
function addressOf(given: Partial<Address>): Address | undefined {
  const { address, port = 0, family } = withoutPrototype(given)
  if (typeof address !== 'string') return undefined
  // In a header a path ends at a NUL: the rest of it would be lost.
  if (family === 'unix') return address.includes('\0', 1) ? undefined : unixAddress(address)
  return net().isIP(address) === families.get(family) ? ipAddress(address, port) : undefined
}

function ipAddress(address: string, port: number): Address | undefined {
  const fits = net().isIP(address) !== 0 && Number.isInteger(port) && port >= 0 && port <= 65_535
  return fits ? tcpAddress(address, port) : undefined
}

const BRACKETED = /^\[([^\]]*:[^\]]*)\](?::(\d{1,5}))?$/
const DOTTED = /^([\d.]+)(?::(\d{1,5}))?$/
// How a path begins, or an abstract name: `10.0.0.0/8` and `localhost:80` are mistakes.
const PATH = /^(?:\.{0,2}\/|\0)/

/** The address that a text describes, in the form of `String(address)`; the port may be left out. */
function addressIn(text: string): Address | undefined {
  if (text === '' || PATH.test(text)) return addressOf({ address: text, family: 'unix' })
  const [, address, port = '0'] = BRACKETED.exec(text) ?? DOTTED.exec(text) ?? [text, text]
  return ipAddress(address as string, Number(port))
}

const ADDRESS = 'an address: { address, port, family }'
const address = made(ADDRESS, addressOf)

/** An address, as an object or as its text. */
export const addressOrText: z.ZodMiniType<Address> = made(
  `${ADDRESS}, or its text: '192.0.2.1:4000', '[2001:db8::1]:4000' or '/a/path'`,
  (given: Partial<Address> | string) => (typeof given === 'string' ? addressIn(given) : addressOf(given)),
)

interface Network {
  address: string
  prefix: number
  family: 'IPv4' | 'IPv6'
}

/** An address is a network of one; an IPv4-mapped network is an IPv4 one, unless it is wider than the mapped addresses. */
function networkIn(text: unknown): Network | undefined {
  if (typeof text !== 'string') return undefined
  const [, address = '', length] = /^([^/%]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? []
  const bits = net().isIPv4(address) ? 32 : net().isIPv6(address) ? 128 : -1
  const prefix = length === undefined ? bits : Number(length)
  if (bits < 0 || prefix > bits) return undefined
  const canonical = tcpAddress(address, 0)
  if (bits === 32 || canonical.family === 'IPv6') return { address, prefix, family: canonical.family as Network['family'] }
  return prefix < 96 ? { address, prefix, family: 'IPv6' } : { address: canonical.address, prefix: prefix - 96, family: 'IPv4' }
}

function listsOf(networks: readonly Network[]): ResolvedProxyProtocol['trust'] {
  const { BlockList } = net()
  const lists = { IPv4: new BlockList(), IPv6: new BlockList() }
  for (const { address, prefix, family } of networks)
    lists[family].addSubnet(socketAddress(address, family === 'IPv4' ? 'ipv4' : 'ipv6'), prefix)
  return lists
}

/** A boolean for which `short` has the value, or an object, from which `long` makes it. */
function either<T>(
  expected: string,
  short: (input: boolean) => T | undefined,
  long: (input: object, context: Context) => T,
): z.ZodMiniType<T> {
  return transform((input: unknown, context: Context): T => {
    const value = typeof input === 'boolean' ? short(input) : undefined
    if (value !== undefined) return value
    if (typeof input === 'object' && input !== null) return long(input, context)
    report(context, [], mismatch(expected)({ input }))
    return undefined as T
  })
}

const EVERYBODY: ResolvedProxyProtocol = { trust: undefined }

const trusting = strictObject<{ trust: Network[] }>({
  trust: list('a list of at least one address or network', made('an IP address or a network, as in 10.0.0.0/8', networkIn)),
})

/** Of a server: false, or which peers must send a header. */
export const proxyProtocol: z.ZodMiniType<ResolvedProxyProtocol | false> = either<ResolvedProxyProtocol | false>(
  'true, false or an object with `trust`',
  (input) => input && EVERYBODY,
  (input, context) => {
    const trust = parsed(trusting, input, context)?.trust
    return trust === undefined ? EVERYBODY : { trust: listsOf(trust) }
  },
)

/** A copy, since it is sent later. */
function tlvOf(given: Partial<ProxyTlv>): ProxyTlv | undefined {
  const { type, value } = withoutPrototype(given)
  const fits = typeof type === 'number' && Number.isInteger(type) && type >= 0 && type <= 255 && value instanceof Uint8Array
  return fits ? { type, value: Buffer.from(value) } : undefined
}

const header = strictObject<ProxyHeaderOptions>({
  version: value('1 or 2', (version) => version === 1 || version === 2),
  source: address,
  destination: address,
  tlvs: list('a list', made('{ type, value }: a whole number from 0 to 255, and bytes', tlvOf), 0),
})

/** Of a client: false, or the contents of the header. */
export const proxyHeader: z.ZodMiniType<HeaderContents | false> = either<HeaderContents | false>(
  'a connection, or an object of `version`, `source`, `destination` and `tlvs`',
  (input) => (input ? undefined : false),
  (input, context) => parsed(header, passingOn(input) ?? input, context) ?? false,
)

/** The contents of a header that passes a connection on; undefined for an object that is no connection. */
function passingOn(connection: Partial<Connection>): ProxyHeaderOptions | undefined {
  try {
    // A connection by its members and not by its class, so that a wrapped one fits as well.
    const { remote, local, proxy } = connection
    // If a program gave Object.prototype a `remote`, every object has it.
    const inherited = (Object.prototype as Partial<Connection>).remote
    return remote === undefined || remote === inherited ? undefined : { source: remote, destination: proxy?.destination ?? local }
  } catch {
    return undefined
  }
}
