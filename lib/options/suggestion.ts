// What an unknown option was probably meant to be: a known name that is spelt nearly alike, or the name that other
// libraries use for the same thing. Pure, and only asked once something is wrong.

import { nearest } from './nearest.js'

// By the name in lower case. Where several fit, all that the method knows are named.
const synonyms: { readonly [name: string]: readonly string[] | undefined } = {
  hostname: ['host'],
  address: ['host'],
  interface: ['host'],
  bind: ['host'],
  socket: ['path'],
  socketpath: ['path'],
  unix: ['path'],
  ssl: ['tls'],
  secure: ['tls'],
  proxy: ['proxyProtocol'],
  haproxy: ['proxyProtocol'],
  abort: ['signal'],
  abortsignal: ['signal'],
  controller: ['signal'],
  abortcontroller: ['signal'],
  timeout: ['grace', 'readTimeout', 'idleTimeout', 'halfCloseTimeout'],
  timeoutms: ['timeout', 'grace'],
  deadline: ['timeout', 'grace'],
  connecttimeout: ['timeout'],
  limit: ['maxBytes', 'maxBufferSize', 'maxConnections'],
  max: ['maxBytes', 'maxBufferSize', 'maxConnections'],
  size: ['maxBytes', 'maxBufferSize'],
  maxsize: ['maxBytes', 'maxBufferSize'],
  maxlength: ['maxBytes', 'maxBufferSize'],
  maxbuffersize: ['maxBytes'],
  maxbytes: ['maxBufferSize'],
  maxbuffer: ['maxBufferSize', 'maxBytes'],
  highwatermark: ['readHighWaterMark', 'writeHighWaterMark'],
  maxclients: ['maxConnections'],
  blocklist: ['blockList'],
  blacklist: ['blockList'],
  denylist: ['blockList'],
  separator: ['delimiter'],
  terminator: ['delimiter'],
  eol: ['delimiter'],
  newline: ['delimiter'],
  charset: ['encoding'],
}

// Members of `tls`, as Node names them, which Node's own functions take beside the port.
const TLS = ['key', 'cert', 'ca', 'pfx', 'passphrase', 'servername', 'rejectunauthorized', 'requestcert', 'alpnprotocols', 'snicallback']

/** The names that `key` probably stands for; none where nothing is known that it could be. */
function meant(key: string, names: readonly string[]): readonly string[] {
  const near = nearest(key, names)
  if (near !== undefined) return [near]
  const lower = key.toLowerCase()
  return Object.hasOwn(synonyms, lower) ? (synonyms[lower] as readonly string[]).filter((name) => names.includes(name)) : []
}

/** What to write instead of an unknown option: a sentence without its full stop, or undefined. `quote` stands around names. */
export function suggestion(key: string, names: readonly string[], quote = '`'): string | undefined {
  if (names.includes('tls') && TLS.includes(key.toLowerCase())) return `it is an option of \`tls\`: write tls: { ${key} }`
  const found = meant(key, names).map((name) => quote + name + quote)
  return found.length === 0 ? undefined : `did you mean ${found.join(' or ')}?`
}
