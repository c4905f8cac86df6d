// Headers for the specs of this folder, written by hand from proxy-protocol.txt, and the results of parsing.

import { MalformedHeader } from '../../lib/proxy-protocol/header.js'
import { HeaderParser, type Parsed } from '../../lib/proxy-protocol/parse.js'

export const signature: Buffer = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** A version 2 header around `body`. */
export function binary(command: number, family: number, body: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([signature, Buffer.from([command, family, body.length >> 8, body.length & 255]), body])
}

export function tlv(type: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 255]), bytes])
}

const ports = Buffer.from([40_000 >> 8, 40_000 & 255, 443 >> 8, 443 & 255])
export const four: Buffer = Buffer.concat([Buffer.from([192, 0, 2, 33, 198, 51, 100, 7]), ports])
export const six: Buffer = Buffer.concat([Buffer.from(`20010db8${'0'.repeat(23)}1fe80${'0'.repeat(24)}abcd`, 'hex'), ports])

/** Two paths, each padded to its 108 bytes. */
export function paths(source: string, destination: string): Buffer {
  return Buffer.concat([source, destination].map((path) => Buffer.concat([Buffer.from(path)], 108)))
}

export const line4 = 'PROXY TCP4 192.0.2.33 198.51.100.7 40000 443\r\n'
export const line6 = 'PROXY TCP6 2001:db8::1 fe80::abcd 40000 443\r\n'
export const tcp4: Buffer = binary(0x21, 0x11, four)
export const tcp6: Buffer = binary(0x21, 0x21, six)
export const unix: Buffer = binary(0x21, 0x31, paths('/run/client', '/run/server'))

/** The result for pieces: a header and the bytes behind it, the reason of an error, or undefined if more bytes are needed. */
export function parse(...pieces: (string | Uint8Array)[]): Parsed | string | undefined {
  const parser = new HeaderParser()
  let parsed: Parsed | undefined
  for (const piece of pieces) {
    const bytes = Buffer.from(piece as string, 'latin1')
    if (parsed !== undefined) parsed = { ...parsed, rest: Buffer.concat([parsed.rest, bytes]) }
    else {
      try {
        parsed = parser.push(bytes)
      } catch (error) {
        if (!(error instanceof MalformedHeader)) throw error
        return error.message
      }
    }
  }
  return parsed
}

/** The contents of a header in one line, or the other result of `parse`. */
export function read(...pieces: (string | Uint8Array)[]): string | undefined {
  const parsed = parse(...pieces)
  if (parsed === undefined || typeof parsed === 'string') return parsed
  const { version, source, destination, tlvs } = parsed.header
  const rest = parsed.rest.length === 0 ? '' : ` + ${parsed.rest.toString('latin1')}`
  const all = tlvs.map(({ type, value }) => ` ${type}=${value.toString('latin1')}`).join('')
  return `v${version} ${source} ${destination}${all}${rest}`
}
