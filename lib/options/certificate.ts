// The options of `testCertificate`: for which hosts, from when, and for how long. A checked host is in the form of a certificate: a name,
// or the bytes of an address.

import { ipv4Bytes, ipv6Bytes } from '../address-bytes.js'
import { InvalidOptionsError } from '../errors.js'
import { net } from '../net.js'
import { checkOptions, list, type Replaced, strictObject } from './schema.js'
import { made, number, value } from './values.js'

/** The options of `testCertificate`. */
export interface TestCertificateOptions {
  /**
   * The host names and IP addresses that it is valid for: at least one. A name may begin with `*.`, which stands for one
   * label. Default: `['localhost', '127.0.0.1', '::1']`.
   */
  hosts?: readonly string[] | undefined
  /** How many days it is valid, > 0; fractions too. Default: 30, longer than any test runs. */
  days?: number | undefined
  /** The first moment at which it is valid. Default: an hour ago, for peers whose clock is late. An early one makes a certificate that has expired. */
  validFrom?: Date | undefined
  /** The common name of its subject, 1 to 64 characters; client certificates may differ by it. Default: the first host. */
  commonName?: string | undefined
}

/** A host, as a certificate has it. */
export type CertificateHost = { readonly name: string } | { readonly address: Buffer }

/** The options of `testCertificate` with a value for each. Times are Unix times in milliseconds. */
export interface ResolvedCertificateOptions {
  hosts: CertificateHost[]
  commonName: string
  from: number
  to: number
}

const HOSTS = ['localhost', '127.0.0.1', '::1']
const DAYS = 30
const DAY = 86_400_000
const HOUR = 3_600_000
// A year of four digits, from the first of Unix time: two digits would stand for another century.
const FIRST = 0
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59)
// RFC 5280 bounds a common name, RFC 1035 a label and a name.
const LONGEST_COMMON_NAME = 64
const LONGEST_NAME = 253
const LABEL = /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/i

// Node's own, since a test may replace `Date`: certificates are verified by the machine's clock.
const { now } = Date

interface Host {
  text: string
  host: CertificateHost
}

function hostOf(text: unknown): Host | undefined {
  if (typeof text !== 'string') return undefined
  const family = net().isIP(text)
  if (family === 4) return { text, host: { address: ipv4Bytes(text) } }
  // A zone has no meaning to a peer.
  if (family === 6) return text.includes('%') ? undefined : { text, host: { address: ipv6Bytes(text) } }
  const labels = text.replace(/^\*\./, '').split('.')
  // A text that ends in a number is an address with a mistake.
  const isName = text.length <= LONGEST_NAME && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) as string)
  return isName ? { text, host: { name: text } } : undefined
}

const schema = strictObject<Replaced<TestCertificateOptions, { hosts?: Host[]; validFrom?: number }>>({
  hosts: list('a list of host names and IP addresses', made('a host name or an IP address', hostOf)),
  days: number('a number of days, more than 0 (`validFrom` makes a certificate that has expired)', (days) => days > 0 && days < Infinity),
  validFrom: made('a valid Date from 1970 to 9999', (date: Date) => {
    const ms = Date.prototype.getTime.call(date)
    return ms >= FIRST && ms <= LAST ? ms : undefined
  }),
  commonName: value(
    'a text of 1 to 64 characters',
    (text) => typeof text === 'string' && text !== '' && [...text].length <= LONGEST_COMMON_NAME,
  ),
})

/**
 * The argument of `testCertificate`, completed by the defaults.
 *
 * @throws InvalidOptionsError
 */
export function resolveCertificateOptions(options: unknown = {}): ResolvedCertificateOptions {
  const given = checkOptions(schema, options)
  const hosts = given.hosts ?? HOSTS.map((host) => hostOf(host) as Host)
  const { days = DAYS, validFrom, commonName = hosts[0]?.text.slice(0, LONGEST_COMMON_NAME) as string } = given
  const from = validFrom ?? now() - HOUR
  const to = (validFrom ?? now()) + days * DAY
  if (to > LAST)
    throw new InvalidOptionsError({
      issues: [{ path: ['days'], message: 'expected fewer: the certificate would be valid beyond the year 9999' }],
    })
  return { hosts: hosts.map(({ host }) => host), commonName, from, to }
}
