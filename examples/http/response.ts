// Responses: what a handler returns, and its bytes (RFC 9112, sections 4 and 6). The server decides how the body is framed and
// whether the connection is kept. Names and values of headers that would end their line early are refused, so that text of a client
// in a header cannot split the response.

import { STATUS_CODES } from 'node:http'
import type { Connection } from 'linnet'
import { NO_TRAILERS } from './fields.js'
import type { Request } from './request.js'

export type Headers = Readonly<Record<string, string | number | readonly string[] | undefined>>

export interface Response {
  /** Default: 200. */
  readonly status?: number | undefined
  /** A list is one line for each item, as `Set-Cookie` needs. `connection: 'close'` closes the connection behind the response. */
  readonly headers?: Headers | undefined
  /** Text (as UTF-8) and bytes get a Content-Length. An async iterable is sent in chunks, unless the handler gives its length. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array> | undefined
  /** Called behind the last chunk of an async iterable. Clients may ignore trailers, and those of HTTP/1.0 do not get them. */
  readonly trailers?: (() => Headers) | undefined
}

/** A response with its head encoded, which can be sent. */
export interface EncodedResponse {
  readonly head: string
  readonly body: Response['body']
  readonly trailers: Response['trailers']
  /** How the end of a body that is an iterable is known. A number: its length. */
  readonly framing: 'chunked' | 'close' | number
  /** Whether the connection is closed behind it. */
  readonly close: boolean
}

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
const VALUE = /^[\t -~]*$/
/** Text up to this length is joined with the head. */
const SHORT = 4096
/** What the server itself sends. */
const OURS = new Set(['transfer-encoding', 'keep-alive', 'upgrade', 'trailer'])

let second = 0
let date = ''

/** The Date line, made once a second. */
function dateLine(): string {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) {
    second = now
    date = `Date: ${new Date(now * 1000).toUTCString()}\r\n`
  }
  return date
}

function fieldLine(name: string, value: string): string {
  if (!TOKEN.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a header`)
  if (!VALUE.test(value)) throw new TypeError(`the value of the header ${name} has characters that are not printable ASCII`)
  return `${name}: ${value}\r\n`
}

/** Encodes the head. @throws TypeError for a response that cannot be sent as it is */
export function encodeResponse(
  { method, version, keepAlive }: Pick<Request, 'method' | 'version' | 'keepAlive'>,
  response: Response,
  ends: boolean,
): EncodedResponse {
  const { status = 200, headers = {}, body, trailers } = response
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new TypeError(`a response has a status from 200 to 599, not ${status}`)
  let close = ends || !keepAlive
  let length: number | undefined
  let dated = false
  let lines = ''
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value === undefined) continue
    const lower = name.toLowerCase()
    if (OURS.has(lower)) throw new TypeError(`the server itself sets ${name}`)
    if (lower === 'connection') {
      if (value !== 'close') throw new TypeError(`the header connection can be 'close' only`)
      close = true
    } else if (lower === 'content-length') {
      if (!/^\d{1,15}$/.test(String(value))) throw new TypeError('content-length must be a number of bytes')
      length = Number(value)
    } else {
      if (lower === 'date') dated = true
      if (typeof value === 'object') for (const each of value) lines += fieldLine(name, each)
      else lines += fieldLine(name, String(value))
    }
  }
  const stream = typeof body === 'object' && !(body instanceof Uint8Array)
  let framing: EncodedResponse['framing'] = 'close'
  if (status === 204 || status === 304) {
    if (body !== undefined) throw new TypeError(`a response with the status ${status} has no body`)
    if (status === 304 && length !== undefined) lines += `Content-Length: ${length}\r\n`
  } else if (stream && length === undefined) {
    // HTTP/1.0 has no chunks: the end of the connection is the end of the body.
    if (version === '1.0') close = true
    else {
      framing = 'chunked'
      lines += 'Transfer-Encoding: chunked\r\n'
    }
  } else {
    const known = sizeOf(body)
    if (length !== undefined && known !== undefined && length !== known && !(method === 'HEAD' && body === undefined)) {
      throw new TypeError(`content-length is ${length}, and the body has ${known} bytes`)
    }
    framing = length ?? known ?? 0
    lines += `Content-Length: ${framing}\r\n`
  }
  if (close) lines += 'Connection: close\r\n'
  else if (version === '1.0') lines += 'Connection: keep-alive\r\n'
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${dated ? '' : dateLine()}${lines}\r\n`
  return { head, body, trailers, framing, close }
}

/** The bytes of a body; undefined for an iterable. */
function sizeOf(body: Response['body']): number | undefined {
  if (body === undefined) return 0
  if (typeof body === 'string') return Buffer.byteLength(body)
  return body instanceof Uint8Array ? body.length : undefined
}

/** Sends a response. Rejects, with a part of it sent, if the iterable fails or has not the length that the head says. */
export async function sendResponse(
  connection: Connection,
  { head, body, trailers, framing }: EncodedResponse,
  method: string,
): Promise<void> {
  if (typeof body === 'string' && body.length < SHORT) return connection.write(method === 'HEAD' ? head : head + body)
  const written = connection.write(head)
  if (body === undefined) return written
  if (typeof body === 'string' || body instanceof Uint8Array) return method === 'HEAD' ? written : connection.write(body)
  if (method === 'HEAD') {
    await closePieces(body)
    return written
  }
  let sent = 0
  for await (const piece of body) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    sent += bytes.length
    // An empty chunk would be the last one.
    if (bytes.length === 0) continue
    if (framing === 'chunked') await connection.write([`${bytes.length.toString(16)}\r\n`, bytes, '\r\n'])
    else if (framing === 'close' || sent <= framing) await connection.write(bytes)
    else throw new RangeError(`the body has more than the ${framing} bytes of its content-length`)
  }
  if (typeof framing === 'number' && sent < framing)
    throw new RangeError(`the body has ${sent} of the ${framing} bytes of its content-length`)
  if (framing === 'chunked') await connection.write(`0\r\n${trailers === undefined ? '' : trailerLines(trailers())}\r\n`)
}

/** Closes what a handler has opened for a body that is not sent. The iterator of a stream of Node closes nothing before it begins. */
export async function closePieces(body: Response['body']): Promise<void> {
  if (typeof body !== 'object' || body instanceof Uint8Array) return
  if ('destroy' in body && typeof body.destroy === 'function') body.destroy()
  else await body[Symbol.asyncIterator]().return?.()
}

function trailerLines(trailers: Headers): string {
  let lines = ''
  for (const [name, value] of Object.entries(trailers)) {
    if (NO_TRAILERS.has(name.toLowerCase())) throw new TypeError(`${name} is no trailer`)
    for (const each of typeof value === 'object' ? value : [value]) if (each !== undefined) lines += fieldLine(name, String(each))
  }
  return lines
}
