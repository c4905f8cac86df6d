// Field lines: the headers in front of a body and the trailers behind a chunked one (RFC 9112, section 5). A line that two
// programs may read in different ways is refused: a space before the colon, a folded line, a bare CR or LF, a control character.

import { HttpError } from './error.js'

/** Fields by their names in lower case. Several lines of one name are joined, as RFC 9110, section 5.3, has it. */
export type Fields = ReadonlyMap<string, string>

/** Fields that may occur once only. The two that decide where a request goes and where it ends. */
const SINGLE = new Set(['host', 'content-length'])

/** Fields that say where a message goes and where it ends. As trailers they would come too late for that, and are dropped. */
export const NO_TRAILERS: ReadonlySet<string> = new Set([
  ...['content-length', 'transfer-encoding', 'host', 'connection', 'keep-alive', 'upgrade', 'trailer', 'te', 'expect'],
])

/** A name, a colon, visible characters, spaces, tabs and bytes above 127, and CR LF. Sticky: it is tried at `lastIndex` only. */
const LINE = /([!#$%&'*+.^_`|~\w-]+):([\t -~\x80-\xff]*)\r\n/y

/** Parses the field lines of `text` from `at` on, up to the empty line that ends them. The text is Latin-1. */
export function parseFields(text: string, at: number, maxHeaders: number): Fields {
  const fields = new Map<string, string>()
  let end = at
  for (let count = 1; ; count++) {
    LINE.lastIndex = end
    const line = LINE.exec(text)
    if (line === null) break
    if (count > maxHeaders) throw new HttpError(431, `a request has at most ${maxHeaders} header lines`)
    end = LINE.lastIndex
    const name = (line[1] as string).toLowerCase()
    const value = withoutBlanks(line[2] as string)
    const before = fields.get(name)
    if (before === undefined) fields.set(name, value)
    else if (SINGLE.has(name)) throw new HttpError(400, `there are two ${name} lines`)
    else fields.set(name, before + (name === 'cookie' ? '; ' : ', ') + value)
  }
  if (text.length - end !== 2 || !text.endsWith('\r\n')) throw new HttpError(400, `a header line is malformed: ${faultOf(text.slice(end))}`)
  return fields
}

/** Removes spaces and tabs at both ends. `trim` would remove U+00A0 too, and make `\xa0chunked` the same as `chunked`. */
function withoutBlanks(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

/** The items of a list that is separated by commas. A pattern for the blanks around a comma would take quadratic time for many of them. */
export function listOf(value: string): string[] {
  return value.toLowerCase().split(',').map(withoutBlanks)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** What is wrong with the line at the beginning of `text`, for the person who reads the answer. */
function faultOf(text: string): string {
  const line = text.slice(0, text.indexOf('\n') + 1)
  if (/^[ \t]/.test(line)) return 'it begins with a space'
  if (!/^[^\r]*\r\n$/.test(line)) return 'a CR or LF stands alone'
  if (/^[^:]*[ \t]:/.test(line)) return 'a space stands before its colon'
  return /^[!#$%&'*+.^_`|~\w-]+:/.test(line) ? 'its value has a control character' : 'it has no valid name'
}
