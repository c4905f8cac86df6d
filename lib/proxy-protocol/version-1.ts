// Version 1 of the PROXY protocol: one line of text. A line is refused at the first byte with which it can no longer become a
// header, before its end. The parser is strict: a client that can send a lax header chooses the address that the server
// trusts.

import { tcpAddress } from '../address.js'
import { net } from '../net.js'
import { MalformedHeader, NO_HEADER, type ProxyHeader } from './header.js'
import { NO_TLVS } from './tlvs.js'

const CR = 13
const LF = 10

/** The longest line, with CR LF (section 2.1). */
const LONGEST = 107
const LONGEST_TEXT = LONGEST - 2

const START = 'PROXY '

const unknown: ProxyHeader = { version: 1, source: undefined, destination: undefined, tlvs: NO_TLVS }

/** Returns the header once its line is complete, and the length of the line; undefined while the bytes may still become one. @throws MalformedHeader */
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

// --- an incomplete line --------------------------------------------------------------------------------------------------

function mayBecomeLine(text: string): void {
  if (!text.startsWith(START.slice(0, text.length))) throw noHeader()
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
    // The last field may be incomplete: one of these endings completes it.
    if (!kind?.endings.some((ending) => kind.is(last + ending))) throw wrong(kind, last)
  }
}

// --- a complete line -------------------------------------------------------------------------------------------------------

function headerOf(text: string): ProxyHeader {
  if (!text.startsWith(START)) throw noHeader()
  if (text.includes('\n')) throw new MalformedHeader('a line feed without a carriage return')
  const [family = '', ...fields] = text.slice(START.length).split(' ')
  // Everything behind UNKNOWN is ignored (section 2.1).
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

interface FieldKind {
  readonly name: string
  is(field: string): boolean
  /** Every prefix of such a field becomes one with one of these endings. */
  readonly endings: readonly string[]
}

const ipv4: FieldKind = {
  name: 'an IPv4 address',
  is: (field) => net().isIPv4(field),
  endings: ['', '0', '.0', '0.0', '.0.0', '0.0.0', '.0.0.0', '0.0.0.0'],
}

// The specification has only groups and colons. But HAProxy and nginx, when they listen for both families on one socket, write an
// IPv4 client as every system prints it: in dotted notation.
const MAPPED = /^::ffff:[\d.]+$/i

const ipv6: FieldKind = {
  name: 'an IPv6 address',
  // A zone has no meaning on another machine.
  is: (field) => (MAPPED.test(field) || !/[.%]/.test(field)) && net().isIPv6(field),
  endings: ['', ':', '::', ...ipv4.endings],
}

const port: FieldKind = {
  name: 'a port',
  is: (field) => /^(0|[1-9]\d{0,4})$/.test(field) && Number(field) <= 65_535,
  endings: ['', '0'],
}

function kindsOf(family: string): readonly FieldKind[] {
  if (family === 'TCP4') return [ipv4, ipv4, port, port]
  if (family === 'TCP6') return [ipv6, ipv6, port, port]
  throw noFamily(family)
}

function check(kind: FieldKind | undefined, field: string): void {
  if (!kind?.is(field)) throw wrong(kind, field)
}

function noHeader(): MalformedHeader {
  return new MalformedHeader(NO_HEADER)
}

function noFamily(family: string): MalformedHeader {
  return new MalformedHeader(`expected TCP4, TCP6 or UNKNOWN, got ${JSON.stringify(family)}`)
}

function wrong(kind: FieldKind | undefined, field: string): MalformedHeader {
  return new MalformedHeader(`expected ${kind?.name ?? 'the end of the line'}, got ${JSON.stringify(field)}`)
}
