// The option `proxyProtocol` of whoever listens: whether a PROXY header comes first, and from whom. The header itself is
// the business of `lib/proxy-protocol/`.

import type * as z from 'zod/mini'
import { safeParse, transform } from 'zod/mini'
import { tcpAddress } from '../address.js'
import { net } from '../net.js'
import type { ProxyPlan } from '../proxy-protocol/trust.js'
import { socketAddress } from '../socket-address.js'
import { type Lazy, once } from './once.js'
import { type Context, list, record, report } from './record.js'
import { mismatch } from './values.js'

/** A PROXY header (version 1 or 2) comes first, and names the real client. */
export interface ProxyProtocolOptions {
  /**
   * The proxies: addresses and networks (`10.0.0.0/8`), at least one. They must send a header; what others send is taken as
   * it is. A peer with an IPv4-mapped address counts as IPv4, and peers on a Unix socket as trusted. Default: every peer
   * must send one.
   */
  trust?: readonly string[] | undefined
}

const EVERYBODY: ProxyPlan = { trust: undefined }

const network: Lazy<z.ZodMiniType<Network>> = once(() =>
  transform((input: unknown, context: Context): Network => {
    const network = typeof input === 'string' ? parse(input) : undefined
    if (network === undefined) report(context, [], mismatch('an IP address or a network, as in 10.0.0.0/8')({ input }))
    return network as Network
  }),
)

/** The schema: false, or who must send a header. */
export const proxyProtocol: Lazy<z.ZodMiniType<ProxyPlan | false>> = once(() => {
  const options = record<{ trust: Network[] }>({ trust: list('a list of at least one address or network', network()) })
  return transform((input: unknown, context: Context): ProxyPlan | false => {
    if (typeof input === 'boolean') return input && EVERYBODY
    if (typeof input !== 'object' || input === null) {
      report(context, [], mismatch('true, false or an object with `trust`')({ input }))
      return false
    }
    const { success, data, error } = safeParse(options, input, { jitless: true })
    if (!success) context.issues.push(...(error.issues as Context['issues']))
    return data?.trust === undefined ? EVERYBODY : { trust: listsOf(data.trust) }
  })
})

interface Network {
  address: string
  prefix: number
  family: 'IPv4' | 'IPv6'
}

/** An address is a network of one; an IPv4-mapped network is an IPv4 one, unless it is wider than what is mapped. */
function parse(text: string): Network | undefined {
  const [, address = '', length] = /^([^/%]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? []
  const bits = net().isIPv4(address) ? 32 : net().isIPv6(address) ? 128 : -1
  const prefix = length === undefined ? bits : Number(length)
  if (bits < 0 || prefix > bits) return undefined
  const canonical = tcpAddress(address, 0)
  if (bits === 32 || canonical.family === 'IPv6') return { address, prefix, family: canonical.family as Network['family'] }
  return prefix < 96 ? { address, prefix, family: 'IPv6' } : { address: canonical.address, prefix: prefix - 96, family: 'IPv4' }
}

function listsOf(networks: readonly Network[]): ProxyPlan['trust'] {
  const { BlockList } = net()
  const lists = { IPv4: new BlockList(), IPv6: new BlockList() }
  for (const { address, prefix, family } of networks)
    lists[family].addSubnet(socketAddress(address, family === 'IPv4' ? 'ipv4' : 'ipv6'), prefix)
  return lists
}
