// The arguments of MAIL and RCPT: `FROM:<me@here.test> SIZE=1000` (RFC 5321, section 4.1.2).

const ATOM = "[\\w!#$%&'*+/=?^`{|}~-]+"
const QUOTED = String.raw`"(?:[ !#-[\]-~]|\\[ -~])*"`
const LOCAL = `(?:${ATOM}(?:\\.${ATOM})*|${QUOTED})`
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?'
const DOMAIN = String.raw`(?:${LABEL}(?:\.${LABEL})*|\[[!-Z^-~]+\])`
const MAILBOX = new RegExp(`^(${LOCAL})@${DOMAIN}$`)

/** A path in its brackets, without the route that was once allowed in front, and what follows. Some clients put a space behind the colon. */
const ARGUMENT = /^(FROM|TO): ?<(?:@[^:<>"]*:)?((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>(?: +(.*))?$/i
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?$/

// RFC 5321, section 4.5.3.1.
const LONGEST_PATH = 254
const LONGEST_LOCAL = 64

export interface Path {
  readonly mailbox: string
  /** By their names in capital letters; without a value, `''`. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Whether it is the address of a mailbox. */
export function isMailbox(text: string): boolean {
  if (text.length > LONGEST_PATH) return false
  const local = MAILBOX.exec(text)?.[1]
  return local !== undefined && local.length <= LONGEST_LOCAL
}

/** The argument of `MAIL FROM:` or `RCPT TO:`; undefined where it is malformed. The mailbox may be empty, or a local part alone. */
export function parsePath(kind: 'FROM' | 'TO', argument: string): Path | undefined {
  const [, given, mailbox = '', rest = ''] = ARGUMENT.exec(argument) ?? []
  if (given?.toUpperCase() !== kind) return undefined
  const parameters = new Map<string, string>()
  for (const word of rest.split(' ').filter((word) => word !== '')) {
    const [, name, value = ''] = PARAMETER.exec(word) ?? []
    const key = name?.toUpperCase()
    if (key === undefined || parameters.has(key)) return undefined
    parameters.set(key, value)
  }
  // A copy: a part of a line would keep the whole line in memory.
  return { mailbox: Buffer.from(mailbox, 'latin1').toString('latin1'), parameters }
}
