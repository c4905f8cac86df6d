// AUTH PLAIN and LOGIN (RFC 4954, RFC 4616): what the client sends, in base64, becomes a name and a password.

export interface Credentials {
  readonly user: string
  readonly password: string
}

/** Something is wrong with what a client sends: the reply. */
export class AuthError extends Error {
  override readonly name = 'AuthError'
}

/** Asks the client with a line of 334; resolves with its answer. */
export type Ask = (challenge: string) => Promise<string>

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function decoded(text: string): string {
  // The client cancels.
  if (text === '*') throw new AuthError('501 5.7.0 cancelled')
  if (!BASE64.test(text)) throw new AuthError('501 5.5.2 that is not base64')
  return Buffer.from(text, 'base64').toString('utf8')
}

const mechanisms: Readonly<Record<string, (initial: string | undefined, ask: Ask) => Promise<Credentials>>> = {
  PLAIN: async (initial, ask) => {
    const parts = decoded(initial ?? (await ask(''))).split('\0')
    const [identity, user, password] = parts
    if (parts.length !== 3 || !user || !password) throw new AuthError('501 5.5.2 malformed credentials')
    // To act as another is not offered.
    if (identity !== '' && identity !== user) throw new AuthError('535 5.7.8 not as another')
    return { user, password }
  },
  LOGIN: async (initial, ask) => {
    const user = decoded(initial ?? (await ask(Buffer.from('Username:').toString('base64'))))
    const password = decoded(await ask(Buffer.from('Password:').toString('base64')))
    if (user === '' || password === '') throw new AuthError('501 5.5.2 malformed credentials')
    return { user, password }
  },
}

export const MECHANISMS: string = Object.keys(mechanisms).join(' ')

/** Gets the credentials that the argument of AUTH begins with. Rejects with an AuthError. */
export function credentialsOf(argument: string, ask: Ask): Promise<Credentials> {
  const [name = '', initial, ...more] = argument.split(' ')
  const mechanism = name.toUpperCase()
  if (name === '' || more.length > 0) return Promise.reject(new AuthError('501 5.5.4 AUTH needs a mechanism'))
  if (!Object.hasOwn(mechanisms, mechanism)) return Promise.reject(new AuthError('504 5.5.4 not that mechanism'))
  // A single `=` is an answer that is empty.
  return (mechanisms[mechanism] as (typeof mechanisms)[string])(initial === '=' ? '' : initial, ask)
}
