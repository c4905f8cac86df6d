// The head of a request: its line and its headers, and what they say about the body and the connection (RFC 9112, sections 3, 6
// and 9). Each ambiguity by which a request could be smuggled past a proxy is an error, and an error closes the connection.

import { HttpError } from './error.js'
import { type Fields, listOf, parseFields } from './fields.js'
import type { Settings } from './settings.js'

/** The methods that handlers get. Others are answered with 501. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** A token, a target of visible characters without `#`, and a version, with one space between two of them. Sticky. */
const REQUEST_LINE = /([!#$%&'*+.^_`|~\w-]+) ([!"$-~]+) HTTP\/(\d)\.(\d)\r\n/y
const AUTHORITY = String.raw`(?:\[[\da-f:.]+\]|(?:[\w.~!$&'()*+;=-]|%[\da-f]{2})*)(?::\d{0,5})?`
const HOST = new RegExp(`^${AUTHORITY}$`, 'i')
const ABSOLUTE = new RegExp(`^https?://(${AUTHORITY})([/?].*)?$`, 'i')

/** A head. The constructor parses it. */
export class Head {
  readonly method: string
  /** As it was sent. */
  readonly target: string
  /** The path of the target, percent-encoded as it was sent; `*` for `OPTIONS *`. */
  readonly path: string
  /** What follows the question mark: `new URLSearchParams(request.query)`. */
  readonly query: string
  /** The host and port that the client asks: of a target that is a whole URL, else of the Host header; '' without one (HTTP/1.0). */
  readonly authority: string
  readonly version: '1.0' | '1.1'
  readonly headers: Fields
  /** The bytes of the body; Infinity if it is chunked. */
  readonly length: number
  /** Whether the client keeps the connection. */
  readonly keepAlive: boolean
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly expects: boolean

  /** @param text - all bytes up to and including the empty line, as Latin-1 */
  constructor(text: string, { maxRequestLine, maxHeaderBytes, maxHeaders, maxBody }: Settings) {
    // Old clients send an empty line behind a body. RFC 9112, section 2.2: one in front of a request is ignored.
    const start = text.startsWith('\r\n') ? 2 : 0
    REQUEST_LINE.lastIndex = start
    const line = REQUEST_LINE.exec(text)
    const end = line === null ? text.indexOf('\n', start) + 1 : REQUEST_LINE.lastIndex
    if (end - start > maxRequestLine) throw new HttpError(414, `a request line has at most ${maxRequestLine} bytes`)
    if (text.length - end > maxHeaderBytes) throw new HttpError(431, `the header lines have at most ${maxHeaderBytes} bytes`)
    if (line === null) throw new HttpError(400, 'the request line is malformed')
    const [, method = '', target = '', major, minor] = line
    if (major !== '1' || (minor !== '0' && minor !== '1')) throw new HttpError(505, 'the versions are HTTP/1.0 and HTTP/1.1')
    this.method = method
    this.target = target
    this.version = minor === '0' ? '1.0' : '1.1'
    this.headers = parseFields(text, end, maxHeaders)
    const host = hostOf(this)
    if (!METHODS.has(method)) throw new HttpError(501, `the methods are ${[...METHODS].join(', ')}`)
    this.length = lengthOf(this)
    if (this.length > maxBody && this.length !== Number.POSITIVE_INFINITY) throw tooLarge(maxBody)
    const { authority, path, query } = partsOf(this, host)
    this.authority = authority
    this.path = path
    this.query = query
    this.keepAlive = keepsAlive(this)
    this.expects = expectsContinue(this)
  }
}

export function tooLarge(maxBody: number): HttpError {
  return new HttpError(413, `a body has at most ${maxBody} bytes`)
}

/** RFC 9112, section 3.2: HTTP/1.1 requires the header, also where the target has a host. */
function hostOf({ headers, version }: Head): string {
  const host = headers.get('host')
  if (host === undefined && version === '1.1') throw new HttpError(400, 'there is no Host line')
  if (host !== undefined && !HOST.test(host)) throw new HttpError(400, 'the Host line is malformed')
  return host ?? ''
}

/** The authority, the path and the query of a target in origin form, absolute form or asterisk form (RFC 9112, section 3.2). */
function partsOf({ method, target }: Head, host: string): Pick<Head, 'authority' | 'path' | 'query'> {
  if (target === '*' && method === 'OPTIONS') return { authority: host, path: '*', query: '' }
  let [authority, local] = [host, target]
  if (!target.startsWith('/')) {
    const absolute = ABSOLUTE.exec(target)
    if (absolute === null || absolute[1] === '') throw new HttpError(400, 'the target is malformed')
    // The Host header does not count then.
    authority = absolute[1] as string
    local = absolute[2] ?? '/'
    if (local.startsWith('?')) local = `/${local}`
  }
  const mark = local.indexOf('?')
  return mark < 0 ? { authority, path: local, query: '' } : { authority, path: local.slice(0, mark), query: local.slice(mark + 1) }
}

/** RFC 9112, section 6.3, without what it lets a server repair: two lengths of the same value, or a length beside a coding. */
function lengthOf({ headers, version }: Head): number {
  const coding = headers.get('transfer-encoding')
  const length = headers.get('content-length')
  if (coding === undefined) {
    if (length === undefined) return 0
    if (!/^\d+$/.test(length)) throw new HttpError(400, 'the length of the body is malformed')
    // Many digits are Infinity as a number, which means chunks here.
    return Math.min(Number(length), Number.MAX_VALUE)
  }
  if (length !== undefined) throw new HttpError(400, 'the body has a length and a transfer coding')
  if (version === '1.0') throw new HttpError(400, 'HTTP/1.0 has no transfer codings')
  const codings = listOf(coding)
  // Without chunks the end of the body is not known; behind another coding it is, but the body cannot be read.
  if (codings.indexOf('chunked') !== codings.length - 1) throw new HttpError(400, 'the last transfer coding, and no other, must be chunked')
  if (codings.length > 1) throw new HttpError(501, 'the only transfer coding is chunked')
  return Number.POSITIVE_INFINITY
}

/** RFC 9112, section 9.3. */
function keepsAlive({ headers, version }: Head): boolean {
  const connection = headers.get('connection')
  if (connection === undefined) return version === '1.1'
  const options = listOf(connection)
  return !options.includes('close') && (version === '1.1' || options.includes('keep-alive'))
}

/** RFC 9110, section 10.1.1. */
function expectsContinue({ headers, version }: Head): boolean {
  const expect = headers.get('expect')
  if (expect === undefined || version === '1.0') return false
  if (expect.toLowerCase() !== '100-continue') throw new HttpError(417, 'the only expectation is 100-continue')
  return true
}
