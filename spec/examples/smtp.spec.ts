// examples/smtp.ts, with swaks, nodemailer and curl as clients.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connect } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { rejection } from '../support/wait.js'
import { Example, Running, withoutCurl, withoutSwaks } from './support.js'

const { cert, files } = identityOf('DNS:localhost')
const keys = { KEY: files.key, CERT: files.cert }
const login = { LOGIN: 'me', PASSWORD: 'secret' }
const credentials = ['--auth-user', 'me', '--auth-password', 'secret']

// One server for the tests that need no other; the last one ends it.
const open = await Example.start(t, 'smtp', { ...keys, LARGEST: '100000' })
const closed = await Example.start(t, 'smtp', { ...keys, ...login })

function swaks(t: Test, { port }: Example, ...flags: string[]): Running {
  const all = ['--server', '127.0.0.1', '--port', String(port), '--helo', 'me', '--from', 'me@here.test', ...flags]
  return new Running(t, spawn('swaks', all, { stdio: ['ignore', 'pipe', 'pipe'] }))
}

for (const flags of [[], ['--tls'], ['--pipeline'], ['--tls', '--pipeline']]) {
  t.test(`swaks ${flags.join(' ')} delivers a message with lines that begin with dots`, { skip: withoutSwaks }, async (t) => {
    const client = swaks(t, open, '--to', 'a@b.test,c@d.test', '--body', '.a dot first\n.\nthe end', ...flags)
    t.strictSame(await client.ended(), { code: 0, signal: null }, client.heard + client.complained)
    await open.hears('mail from <me@here.test> to a@b.test, c@d.test')
    await open.hears(`by localhost with ESMTP${flags[0] === '--tls' ? 'S' : ''};`)
    await open.hears('\n.a dot first\r\n.\r\nthe end\r\n')
  })
}

for (const mechanism of ['PLAIN', 'LOGIN']) {
  t.test(`swaks proves who it is by AUTH ${mechanism}, over TLS only`, { skip: withoutSwaks }, async (t) => {
    const client = swaks(t, closed, '--to', 'a@b.test', '--tls', '--auth', mechanism, ...credentials)
    t.strictSame(await client.ended(), { code: 0, signal: null }, client.heard + client.complained)
    await closed.hears('by localhost with ESMTPSA;')
    const plain = swaks(t, closed, '--to', 'a@b.test', '--auth', mechanism, ...credentials)
    t.not((await plain.ended()).code, 0)
    const wrong = swaks(t, closed, '--to', 'a@b.test', '--tls', '--auth', mechanism, '--auth-user', 'me', '--auth-password', 'wrong')
    t.not((await wrong.ended()).code, 0)
    t.match(wrong.heard, /535 5\.7\.8/)
  })
}

t.test('swaks is refused without AUTH where it is needed', { skip: withoutSwaks }, async (t) => {
  const client = swaks(t, closed, '--to', 'a@b.test', '--tls')
  t.not((await client.ended()).code, 0)
  t.match(client.heard, /530 5\.7\.0/)
})

interface Transport {
  sendMail(mail: object): Promise<{ accepted: string[]; response: string }>
  close(): void
}
// It has no types.
const { createTransport } = (await import('nodemailer' as string)) as { createTransport(options: object): Transport }

function nodemailer(t: Test, { port }: Example, options: object): Transport {
  const transport = createTransport({ host: 'localhost', port, ...options })
  t.teardown(() => transport.close())
  return transport
}

const letter = { from: 'me@here.test', to: ['a@b.test', 'c@d.test'], subject: 'birds', text: '.a dot first\n..and two\nthe end' }

t.test('nodemailer delivers with AUTH, to a server that it trusts', async (t) => {
  const transport = nodemailer(t, closed, { requireTLS: true, tls: { ca: cert }, auth: { user: 'me', pass: 'secret' } })
  const { accepted, response } = await transport.sendMail(letter)
  t.strictSame(accepted, letter.to)
  t.match(response, /^250/)
  await closed.hears('Subject: birds\r\n')
  await closed.hears('\n.a dot first\r\n..and two\r\nthe end\r\n')
  t.match(await rejection(nodemailer(t, closed, { requireTLS: true }).sendMail(letter)), { code: 'ESOCKET' })
  const stranger = nodemailer(t, closed, { tls: { ca: cert }, auth: { user: 'me', pass: 'wrong' } })
  t.match(await rejection(stranger.sendMail(letter)), { code: 'EAUTH', responseCode: 535 })
})

t.test('nodemailer sends many messages over one connection, with and without TLS', async (t) => {
  for (const options of [{ ignoreTLS: true }, { requireTLS: true, tls: { ca: cert } }]) {
    const transport = nodemailer(t, open, { pool: true, maxConnections: 1, ...options })
    const sent = await Promise.all(Array.from({ length: 20 }, (_, n) => transport.sendMail({ ...letter, subject: `number ${n}` })))
    t.ok(sent.every(({ response }) => response.startsWith('250')))
    for (let n = 0; n < 20; n++) await open.hears(`Subject: number ${n}\r\n`)
  }
})

t.test('nodemailer learns that a message is too large before it sends it', async (t) => {
  const transport = nodemailer(t, open, { ignoreTLS: true })
  t.match(await rejection(transport.sendMail({ ...letter, text: 'x'.repeat(200_000) })), { responseCode: 552 })
})

function curl(t: Test, { port }: Example, text: string, ...flags: string[]): Running {
  const file = join(t.testdir(), 'letter')
  writeFileSync(file, text)
  const mail = ['--mail-from', 'me@here.test', '--mail-rcpt', 'a@b.test', '--upload-file', file]
  const all = ['--silent', '--show-error', '--max-time', '20', '--resolve', `localhost:${port}:127.0.0.1`, ...mail, ...flags]
  return new Running(t, spawn('curl', [...all, `smtp://localhost:${port}/me`], { stdio: ['ignore', 'pipe', 'pipe'] }))
}

t.test('curl delivers in plain text, and over TLS with AUTH', { skip: withoutCurl }, async (t) => {
  const text = 'Subject: from curl\r\n\r\n.dots\r\n..\r\n'
  const plain = curl(t, open, text)
  t.equal((await plain.ended()).code, 0, plain.complained)
  await open.hears(text)
  const secure = curl(t, closed, text, '--ssl-reqd', '--cacert', files.cert, '--user', 'me:secret')
  t.equal((await secure.ended()).code, 0, secure.complained)
  await closed.hears(text)
  t.not((await curl(t, closed, text, '--ssl-reqd', '--cacert', files.cert, '--user', 'me:wrong').ended()).code, 0)
})

t.test('Ctrl-C says 421 to a client that waits', async (t) => {
  for (const example of [open, closed]) {
    const client = await connect({ host: '127.0.0.1', port: example.port })
    t.match(await client.readLine(), '220 localhost ESMTP')
    example.interrupt()
    t.match(await client.readToEnd('latin1'), /^421 /)
    await client.close()
    t.strictSame(await example.ended(), { code: 0, signal: null })
  }
})
