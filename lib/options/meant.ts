// What was probably meant by something that is no object of options: `connect('localhost:80')`, `listen('8888')`,
// `server.close(5000)`. Pure, and only asked once something is wrong.

import { inspect } from 'node:util'
import { isInstance, tagOf } from '../kind-of.js'

// No name, address or path that is longer is worth repeating.
const LONGEST = 100
/** A URL, a host with a port behind it, or an IPv6 address in the brackets that both of them need. */
const MORE_THAN_A_HOST = /^(?:[a-z][a-z+.-]*:\/\/)?(\[[^\]\s]+\]|[^\s/:[\]]+)(?::(\d{1,5}))?(?:\/.*)?$/i

/** How a text that holds more than a host is written as options; undefined for a host alone. */
export function meantHost(text: string): string | undefined {
  const [, named = text, port] = MORE_THAN_A_HOST.exec(text) ?? []
  const host = named.replace(/^\[|\]$/g, '')
  if (host === text) return undefined
  return `{ host: ${inspect(host)}, port${port === undefined ? '' : `: ${port}`} }`
}

/** How a place to listen on, or to connect to, is written. */
export function meantPlace(input: unknown): string | undefined {
  if (typeof input === 'number') return `{ port: ${input} }`
  const text = textOf(input)
  if (text === undefined || text === '' || text.length > LONGEST) return undefined
  if (/^\d+$/.test(text)) return `{ port: ${text} }`
  if (/^[./~\0]|\.sock$/.test(text)) return `{ path: ${inspect(text)} }`
  return meantHost(text) ?? `{ host: ${inspect(text)}, port }`
}

/** A text, or what a URL says as one. */
function textOf(input: unknown): string | undefined {
  if (typeof input === 'string') return input
  return isInstance(input, URL) ? (input as URL).href : undefined
}

/** How the one option of a method is written, where its value alone was given. */
export function meantValue(name: string): (input: unknown) => string | undefined {
  return (input) => {
    if (typeof input === 'number') return `{ ${name}: ${input} }`
    return typeof input === 'object' && input !== null && tagOf(input) === 'AbortSignal' ? '{ signal }' : undefined
  }
}
