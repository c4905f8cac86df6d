// The options of `testCertificate`: for whom, since when and for how long. What comes out says each host as a certificate
// has it: a name, or the bytes of an address.

import type * as z from 'zod/mini'
import { ipv4Bytes, ipv6Bytes } from '../address-bytes.js'
import { InvalidOptionsError } from '../errors.js'
import { net } from '../net.js'
import { checkOptions } from './check.js'
import { type Lazy, once } from './once.js'
import { list, made, record } from './record.js'
import { number, value } from './values.js'

/** The options of `testCertificate`. */
export interface TestCertificateOptions {
  /**
   * The host names and IP addresses that it is valid for: at least one. A name may begin with `*.`, which stands for one
   * label. Default: `['localhost', '127.0.0.1', '::1']`.
   */
  hosts?: readonly string[] | undefined
  /** How many days it is valid, > 0; fractions too. Default: 30, more than any test run and few enough to be no danger. */
  days?: number | undefined
  /** The first moment at which it is valid. Default: an hour ago, for peers whose clock is late. With it a certificate may have expired. */
  validFrom?: Date | undefined
  /** The common name of its subject, 1 to 64 characters: what tells one client certificate from another. Default: the first host. */
  commonName?: string | undefined
}

/** A host, as a certificate has it. */
export type CertificateHost = { readonly name: string } | { readonly address: Buffer }

/** What `testCertificate` was asked for, with nothing left to check. Times are Unix times in milliseconds. */
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
// The four digits of a year, and nothing before Unix time: two digits would stand for another century.
const FIRST = 0
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59)
// RFC 5280 bounds a common name, RFC 1035 a label and a name.
const LONGEST_COMMON_NAME = 64
const LONGEST_NAME = 253
const LABEL = /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/i

// Node's own, as a test may hold `Date`: what verifies a certificate goes by the machine's clock.
const { now } = Date

function hostOf(given: unknown): { text: string; host: CertificateHost } | undefined {
  if (typeof given !== 'string') return undefined
  const text = given
  const family = net().isIP(text)
  if (family === 4) return { text, host: { address: ipv4Bytes(text) } }
  // A zone means nothing to a peer.
  if (family === 6) return text.includes('%') ? undefined : { text, host: { address: ipv6Bytes(text) } }
  const labels = text.replace(/^\*\./, '').split('.')
  // What ends in a number is an address that is wrong.
  const isName = text.length <= LONGEST_NAME && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) as string)
  return isName ? { text, host: { name: text } } : undefined
}

interface Flat {
  hosts: { text: string; host: CertificateHost }[]
  days: number
  validFrom: number
  commonName: string
}

const schema: Lazy<z.ZodMiniType<Partial<Flat>>> = once(() =>
  record<Flat>({
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
  }),
)

/**
 * What `testCertificate(options)` asks for.
 *
 * @throws InvalidOptionsError
 */
export function certificatePlan(options: unknown): ResolvedCertificateOptions {
  const given = checkOptions(schema(), options === undefined ? {} : options)
  const hosts = given.hosts ?? HOSTS.map((host) => hostOf(host) as Flat['hosts'][number])
  const { days = DAYS, validFrom, commonName = hosts[0]?.text.slice(0, LONGEST_COMMON_NAME) as string } = given
  const from = validFrom ?? now() - HOUR
  const to = (validFrom ?? now()) + days * DAY
  if (to > LAST)
    throw new InvalidOptionsError({
      issues: [{ path: ['days'], message: 'expected fewer: the certificate would be valid beyond the year 9999' }],
    })
  return { hosts: hosts.map(({ host }) => host), commonName, from, to }
}
