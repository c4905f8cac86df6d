// examples/tls-echo.ts, with OpenSSL as a client.

import { type ChildProcess, spawn } from 'node:child_process'
import t, { type Test } from 'tap'
import { identityOf } from '../support/certificates.js'
import { Example, Running } from './support.js'

const theirs = identityOf('DNS:client.test')

/** `openssl s_client`, which trusts the example and sends its standard input. */
function client(t: Test, example: Example, ...flags: string[]): Running {
  const [, trusted] = /-CAfile (\S+)/.exec(example.heard) as unknown as [string, string]
  const common = ['s_client', '-quiet', '-verify_return_error', '-CAfile', trusted, '-connect', `127.0.0.1:${example.port}`]
  const child: ChildProcess = spawn('openssl', [...common, ...flags], { stdio: ['pipe', 'pipe', 'pipe'] })
  return new Running(t, child)
}

t.test('input is sent back, and the agreed protocols are printed', async (t) => {
  const echo = await Example.start(t, 'tls-echo')
  const plain = client(t, echo, '-noservername')
  plain.child.stdin?.write('hello\n')
  await plain.hears('TLSv1.3 - - -\n')
  await plain.hears('hello\n')
  const named = client(t, echo, '-servername', 'localhost', '-alpn', 'echo', '-tls1_2')
  await named.hears('TLSv1.2 localhost echo -\n')
  echo.interrupt()
  await Promise.all([plain.ended(), named.ended()])
  t.strictSame(await echo.ended(), { code: 0, signal: null })
})

t.test('a client that offers only an unknown ALPN protocol is refused', async (t) => {
  const echo = await Example.start(t, 'tls-echo')
  const lost = client(t, echo, '-alpn', 'other')
  t.not((await lost.ended()).code, 0)
  t.match(lost.complained, /no application protocol/)
})

t.test('with CLIENTS, only a client with a certificate of that authority is served', async (t) => {
  const echo = await Example.start(t, 'tls-echo', { CLIENTS: theirs.files.cert })
  const right = client(t, echo, '-key', theirs.files.key, '-cert', theirs.files.cert)
  right.child.stdin?.write('it is me\n')
  await right.hears('linnet\n')
  await right.hears('it is me\n')
  const wrong = identityOf('DNS:wrong.test')
  for (const flags of [[], ['-key', wrong.files.key, '-cert', wrong.files.cert]]) {
    const refused = client(t, echo, ...flags)
    await refused.ended()
    t.equal(refused.heard, '')
  }
})
