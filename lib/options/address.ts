// Addresses that a program gives: as an object, `{ address, port, family }`, as linnet shows them; and, where the option says
// so, as the text of one. Only what is an address is taken: no name is looked up.

import type * as z from 'zod/mini'
import { type Address, tcpAddress, unixAddress } from '../address.js'
import { net } from '../net.js'
import { type Lazy, once } from './once.js'
import { bare } from './own.js'
import { made } from './record.js'

const families: Record<string, number> = { IPv4: 4, IPv6: 6 }

/** The address that an object says; undefined for what is none. May throw what a getter of the object throws. */
export function addressOf(given: Partial<Address>): Address | undefined {
  const { address, port = 0, family } = bare(given)
  if (typeof address !== 'string') return undefined
  // In the header a path ends at a NUL: what stands behind it would be lost.
  if (family === 'unix') return address.includes('\0', 1) ? undefined : unixAddress(address)
  return net().isIP(address) === families[family as string] ? ipAddress(address, port) : undefined
}

function ipAddress(address: string, port: number): Address | undefined {
  const fits = net().isIP(address) !== 0 && Number.isInteger(port) && port >= 0 && port <= 65_535
  return fits ? tcpAddress(address, port) : undefined
}

/** The schema of an address, as an object. */
export const address: Lazy<z.ZodMiniType<Address>> = once(() => made('an address: { address, port, family }', addressOf))

const BRACKETED = /^\[([^\]]*:[^\]]*)\](?::(\d{1,5}))?$/
const DOTTED = /^([\d.]+)(?::(\d{1,5}))?$/
// What a path begins with, or an abstract name: `10.0.0.0/8` and `localhost:80` are mistakes.
const PATH = /^(?:\.{0,2}\/|\0)/

/** The address that a text says, as `String(address)` writes it; the port may be left out. */
function addressIn(text: string): Address | undefined {
  if (text === '' || PATH.test(text)) return addressOf({ address: text, family: 'unix' })
  const [, bracketed, port = '0'] = BRACKETED.exec(text) ?? DOTTED.exec(text) ?? [text, text]
  return ipAddress(bracketed as string, Number(port))
}

const EITHER = "an address: { address, port, family }, or its text: '192.0.2.1:4000', '[2001:db8::1]:4000' or '/a/path'"

/** The schema of an address, as an object or as its text. */
export const addressOrText: Lazy<z.ZodMiniType<Address>> = once(() =>
  made(EITHER, (given: Partial<Address> | string) => (typeof given === 'string' ? addressIn(given) : addressOf(given))),
)
