// What a program probably meant: by an unknown option (a known name that is spelt nearly alike, or that other libraries use for the
// same thing), and by a value that is no object of options (`connect('localhost:80')`, `server.close(5000)`). Pure. Runs only after a
// mistake was found, so it need not be fast; but a key may have any length, so names of a very different length are not compared.

import { util } from '../builtins.js'
import { isInstance, tagOf } from '../kind-of.js'

/** The name that `key` is nearest to: one slip away in a short name, at most two in a longer one. More slips make another word. */
export function nearest(key: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let least = 3
  for (const name of names) {
    if (Math.abs(name.length - key.length) > 2) continue
    const slips = distance(key.toLowerCase(), name.toLowerCase())
    if (slips < least && slips < name.length / 2) {
      best = name
      least = slips
    }
  }
  return best
}

/** Optimal string alignment distance: an insertion, a deletion, a replacement, or a swap of two neighbours (`prot`) is one slip. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number): number => (rows[i] as number[])[j] as number
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped))
    }
  }
  return at(a.length, b.length)
}

// Other names of each option, in lower case. If a name stands for several, all that the method has are suggested.
const synonyms: Readonly<Record<string, string>> = {
  host: 'hostname address interface bind',
  path: 'socket socketpath unix',
  tls: 'ssl secure',
  proxyProtocol: 'proxy haproxy',
  signal: 'abort abortsignal controller abortcontroller',
  timeout: 'timeoutms deadline connecttimeout',
  grace: 'timeout timeoutms deadline',
  readTimeout: 'timeout',
  idleTimeout: 'timeout',
  halfCloseTimeout: 'timeout',
  maxBytes: 'limit max size maxsize maxlength maxbuffersize maxbuffer',
  maxBufferSize: 'limit max size maxsize maxlength maxbytes maxbuffer',
  maxConnections: 'limit max maxclients',
  readHighWaterMark: 'highwatermark',
  writeHighWaterMark: 'highwatermark',
  blockList: 'blacklist denylist',
  delimiter: 'separator terminator eol newline',
  encoding: 'charset',
}

// Members of `tls`, as Node names them, which Node's own functions take beside the port.
const TLS = ['key', 'cert', 'ca', 'pfx', 'passphrase', 'servername', 'rejectunauthorized', 'requestcert', 'alpnprotocols', 'snicallback']

/** What to write instead of an unknown option: a sentence without its full stop, or undefined. `quote` stands around names. */
export function suggestion(key: string, names: readonly string[], quote = '`'): string | undefined {
  const lower = key.toLowerCase()
  if (names.includes('tls') && TLS.includes(lower)) return `it is an option of \`tls\`: write tls: { ${key} }`
  const near = nearest(key, names)
  const isSynonym = ([name, others]: [string, string]): boolean => names.includes(name) && others.split(' ').includes(lower)
  const found =
    near === undefined
      ? Object.entries(synonyms)
          .filter(isSynonym)
          .map(([name]) => name)
      : [near]
  return found.length === 0 ? undefined : `did you mean ${found.map((name) => quote + name + quote).join(' or ')}?`
}

/** A longer name, address or path is not repeated in a message. */
const LONGEST = 100
/** A URL, a host with a port behind it, or an IPv6 address in the brackets that both of them need. */
const MORE_THAN_A_HOST = /^(?:[a-z][a-z+.-]*:\/\/)?(\[[^\]\s]+\]|[^\s/:[\]]+)(?::(\d{1,5}))?(?:\/.*)?$/i

/** How a text that holds more than a host is written as options; undefined for a host alone. */
export function meantHost(text: string): string | undefined {
  const [, named = text, port] = MORE_THAN_A_HOST.exec(text) ?? []
  const host = named.replace(/^\[|\]$/g, '')
  if (host === text) return undefined
  return `{ host: ${util().inspect(host)}, port${port === undefined ? '' : `: ${port}`} }`
}

/** How a place to listen on, or to connect to, is written: from a port, a path, a host, or a URL. */
export function meantPlace(input: unknown): string | undefined {
  if (typeof input === 'number') return `{ port: ${input} }`
  const text = isInstance(input, URL) ? (input as URL).href : input
  if (typeof text !== 'string' || text === '' || text.length > LONGEST) return undefined
  if (/^\d+$/.test(text)) return `{ port: ${text} }`
  if (/^[./~\0]|\.sock$/.test(text)) return `{ path: ${util().inspect(text)} }`
  return meantHost(text) ?? `{ host: ${util().inspect(text)}, port }`
}

/** How `grace`, the one option of `server.close`, is written if its value alone was given. */
export function meantGrace(input: unknown): string | undefined {
  return typeof input === 'number' ? `{ grace: ${input} }` : meantSignal(input)
}

/** How `signal` is written if it was given in place of the options that have it. */
export function meantSignal(input: unknown): string | undefined {
  return typeof input === 'object' && input !== null && tagOf(input) === 'AbortSignal' ? '{ signal }' : undefined
}
