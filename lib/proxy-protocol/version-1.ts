// Version 1 of the PROXY protocol: one line of text. A line is refused at the first byte with which it can no longer become
// a header, long before its end; and what is nearly a header is none, since whoever may write a lax one may choose the
// address that a server believes.

import { tcpAddress } from '../address.js'
import { net } from '../net.js'
import { MalformedHeader, NO_HEADER, type ProxyHeader } from './header.js'
import { NO_TLVS } from './tlvs.js'

const CR = 13
const LF = 10

/** The longest line that there is, CR LF included (section 2.1). */
const LONGEST = 107
const LONGEST_TEXT = LONGEST - 2

const START = 'PROXY '

const unknown: ProxyHeader = { version: 1, source: undefined, destination: undefined, tlvs: NO_TLVS }

/** The header, once its line is whole, and how many bytes that took; undefined while it may still become one. @throws MalformedHeader */
export function parseLine(bytes: Buffer): { header: ProxyHeader; length: number } | undefined {
  const end = bytes.subarray(0, LONGEST_TEXT + 1).indexOf(CR)
  const text = bytes.toString('latin1', 0, end < 0 ? LONGEST_TEXT + 1 : end)
  if (end < 0) {
    mayBecomeLine(text)
    return undefined
  }
  const header = headerOf(text)
  const next = bytes[end + 1]
  if (next !== undefined && next !== LF) throw new MalformedHeader('a carriage return without a line feed')
  return next === undefined ? undefined : { header, length: end + 2 }
}

// --- a part of a line --------------------------------------------------------------------------------------------------

function mayBecomeLine(text: string): void {
  if (!text.startsWith(START.slice(0, text.length))) throw notOne()
  if (text.includes('\n')) throw new MalformedHeader('a line feed without a carriage return')
  if (text.length > LONGEST_TEXT) throw new MalformedHeader(`a line of more than ${LONGEST} bytes`)
  const [family = '', ...fields] = text.slice(START.length).split(' ')
  if (fields.length === 0) {
    if (!['TCP4', 'TCP6', 'UNKNOWN'].some((name) => name.startsWith(family))) throw noFamily(family)
  } else if (family !== 'UNKNOWN') {
    const last = fields.pop() as string
    const kinds = kindsOf(family)
    for (const [index, field] of fields.entries()) check(kinds[index], field)
    const kind = kinds[fields.length]
    // The last field goes on: with one of these it would be whole.
    if (!kind?.endings.some((ending) => kind.is(last + ending))) throw wrong(kind, last)
  }
}

// --- a whole one -------------------------------------------------------------------------------------------------------

function headerOf(text: string): ProxyHeader {
  if (!text.startsWith(START)) throw notOne()
  if (text.includes('\n')) throw new MalformedHeader('a line feed without a carriage return')
  const [family = '', ...fields] = text.slice(START.length).split(' ')
  // Whatever follows UNKNOWN is to be ignored.
  if (family === 'UNKNOWN') return unknown
  const kinds = kindsOf(family)
  for (let index = 0; index < Math.max(kinds.length, fields.length); index++) check(kinds[index], fields[index] ?? '')
  const [source = '', destination = '', sourcePort, destinationPort] = fields
  return {
    version: 1,
    source: tcpAddress(source, Number(sourcePort)),
    destination: tcpAddress(destination, Number(destinationPort)),
    tlvs: NO_TLVS,
  }
}

// --- fields ------------------------------------------------------------------------------------------------------------

interface Kind {
  readonly name: string
  is(field: string): boolean
  /** Whatever can still become such a field does so with one of these behind it. */
  readonly endings: readonly string[]
}

const ipv4: Kind = {
  name: 'an IPv4 address',
  is: (field) => net().isIPv4(field),
  endings: ['', '0', '.0', '0.0', '.0.0', '0.0.0', '.0.0.0', '0.0.0.0'],
}

// The document knows groups and colons only. But HAProxy and nginx, where they listen for both families on one socket,
// write an IPv4 client as every system prints it: with a dotted end.
const MAPPED = /^::ffff:[\d.]+$/i

const ipv6: Kind = {
  name: 'an IPv6 address',
  // A zone means nothing on another machine.
  is: (field) => (MAPPED.test(field) || !/[.%]/.test(field)) && net().isIPv6(field),
  endings: ['', ':', '::', ...ipv4.endings],
}

const port: Kind = {
  name: 'a port',
  is: (field) => /^(0|[1-9]\d{0,4})$/.test(field) && Number(field) <= 65_535,
  endings: ['', '0'],
}

function kindsOf(family: string): readonly Kind[] {
  if (family === 'TCP4') return [ipv4, ipv4, port, port]
  if (family === 'TCP6') return [ipv6, ipv6, port, port]
  throw noFamily(family)
}

function check(kind: Kind | undefined, field: string): void {
  if (!kind?.is(field)) throw wrong(kind, field)
}

function notOne(): MalformedHeader {
  return new MalformedHeader(NO_HEADER)
}

function noFamily(family: string): MalformedHeader {
  return new MalformedHeader(`expected TCP4, TCP6 or UNKNOWN, got ${JSON.stringify(family)}`)
}

function wrong(kind: Kind | undefined, field: string): MalformedHeader {
  return new MalformedHeader(`expected ${kind?.name ?? 'the end of the line'}, got ${JSON.stringify(field)}`)
}
