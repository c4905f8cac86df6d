// examples/starttls-smtp.ts, with swaks, nodemailer and OpenSSL as clients.

import { spawn } from 'node:child_process'
import t, { type Test } from 'tap'
import { type Connection, connect } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { rejection } from '../support/wait.js'
import { Example, Netcat, Running, skip, withoutSwaks } from './support.js'

const { files } = identityOf('DNS:localhost')
const start = (t: Test): Promise<Example> => Example.start(t, 'starttls-smtp', { KEY: files.key, CERT: files.cert })

t.test('a mail with lines that begin with dots arrives over TLS', { skip: withoutSwaks }, async (t) => {
  const smtp = await start(t)
  const flags = ['--server', '127.0.0.1', '--port', String(smtp.port), '--tls', '--from', 'me@here.test', '--to', 'a@b.test,c@d.test']
  const swaks = new Running(t, spawn('swaks', [...flags, '--body', '.a dot first\n.\nthe end'], { stdio: ['ignore', 'pipe', 'pipe'] }))
  t.strictSame(await swaks.ended(), { code: 0, signal: null }, swaks.heard + swaks.complained)
  t.match(swaks.heard, /TLS started with cipher/)
  await smtp.hears('mail from <me@here.test> to a@b.test, c@d.test')
  await smtp.hears('\n.a dot first\n.\nthe end\n')
})

interface Nodemailer {
  createTransport(options: object): { sendMail(mail: object): Promise<{ accepted: string[]; response: string }>; close(): void }
}

t.test('nodemailer delivers to a server that it trusts, and to no other', async (t) => {
  // It has no types.
  const { createTransport } = (await import('nodemailer' as string)) as Nodemailer
  const smtp = await start(t)
  const server = { host: 'localhost', port: smtp.port, requireTLS: true }
  const transport = createTransport({ ...server, tls: { ca: identityOf('DNS:localhost').cert } })
  t.teardown(() => transport.close())
  const mail = { from: 'me@here.test', to: ['a@b.test', 'c@d.test'], subject: 'birds', text: '.a dot first\n..and two\nthe end' }
  const { accepted, response } = await transport.sendMail(mail)
  t.strictSame(accepted, ['a@b.test', 'c@d.test'])
  t.match(response, /^250/)
  await smtp.hears('mail from <me@here.test> to a@b.test, c@d.test')
  await smtp.hears('Subject: birds\n')
  await smtp.hears('\n.a dot first\n..and two\nthe end\n')
  const stranger = createTransport(server)
  t.teardown(() => stranger.close())
  t.match(await rejection(stranger.sendMail(mail)), { code: 'ESOCKET' })
})

t.test('no mail is accepted before TLS', { skip: withoutSwaks }, async (t) => {
  const smtp = await start(t)
  const flags = ['--server', '127.0.0.1', '--port', String(smtp.port), '--from', 'me@here.test', '--to', 'a@b.test']
  const swaks = new Running(t, spawn('swaks', flags, { stdio: ['ignore', 'pipe', 'pipe'] }))
  t.not((await swaks.ended()).code, 0)
  t.match(swaks.heard, /530 say STARTTLS first/)
})

/** A client that has TLS, and what asks it for the last line of a reply. */
async function secured(t: Test, { port }: Example): Promise<{ client: Connection; ask: (line: string) => Promise<string> }> {
  const client = await connect({ port, host: '127.0.0.1' })
  t.teardown(() => client.abort())
  const ask = async (line: string): Promise<string> => {
    await client.write(`${line}\r\n`)
    for (;;) {
      const answer = await client.readLine()
      if (answer[3] === ' ') return answer
    }
  }
  await client.readLine()
  t.match(await ask('STARTTLS'), '220')
  await client.startTls({ ca: identityOf('DNS:localhost').cert, servername: 'localhost' })
  return { client, ask }
}

t.test('too many recipients and too large a mail are refused, and the client can go on', async (t) => {
  const smtp = await Example.start(t, 'starttls-smtp', { KEY: files.key, CERT: files.cert, LARGEST: '1000' })
  const { ask } = await secured(t, smtp)
  t.match(await ask('EHLO me'), '250')
  t.match(await ask('MAIL FROM:<me@here.test>'), '250')
  for (let n = 0; n < 100; n++) t.match(await ask(`RCPT TO:<${n}@there.test>`), '250')
  t.match(await ask('RCPT TO:<one@too.many>'), '452')
  t.match(await ask('DATA'), '354')
  t.match(await ask(`${`${'x'.repeat(70)}\r\n`.repeat(20)}.`), '552')
  t.match(await ask('MAIL FROM:<me@here.test>'), '250')
  t.match(await ask('RCPT TO:<a@there.test>'), '250')
  t.match(await ask('DATA'), '354')
  t.match(await ask('short\r\n.'), '250')
  await smtp.hears('mail from <me@here.test> to a@there.test')
  t.notMatch(smtp.heard, /xxx/)
})

t.test('a bare CR or LF is refused, in a mail and in a command', async (t) => {
  const smtp = await start(t)
  const { client, ask } = await secured(t, smtp)
  for (const end of ['\n.\r\n', '\r.\r\n', '\n.\n', '\r\n.\n']) {
    t.match(await ask('MAIL FROM:<me@here.test>'), '250')
    t.match(await ask('RCPT TO:<a@there.test>'), '250')
    t.match(await ask('DATA'), '354')
    t.match(await ask(`x${end}MAIL FROM:<evil@here.test>\r\n.`), '552', JSON.stringify(end))
  }
  t.match(await ask('MAIL FROM:<me@here.test>\nRCPT TO:<evil@here.test>'), '554')
  t.equal(await client.readToEnd('latin1'), '')
  t.notMatch(smtp.heard, /evil/)
})

t.test('openssl s_client -starttls smtp verifies the server, and talks to it', async (t) => {
  const smtp = await start(t)
  const flags = ['-starttls', 'smtp', '-quiet', '-verify_return_error', '-CAfile', files.cert, '-servername', 'localhost', '-crlf']
  const client = new Running(
    t,
    spawn('openssl', ['s_client', ...flags, '-connect', `127.0.0.1:${smtp.port}`], { stdio: ['pipe', 'pipe', 'pipe'] }),
  )
  client.child.stdin?.write('EHLO me\n')
  await client.hears('250 8BITMIME')
  client.child.stdin?.write('QUIT\n')
  await client.hears('221 bye')
})

t.test('a command that arrives with STARTTLS in plain text ends the connection', { skip }, async (t) => {
  const smtp = await start(t)
  const injector = Netcat.connect(t, smtp, '-N')
  injector.ends('EHLO me\r\nSTARTTLS\r\nMAIL FROM:<evil@here.test>\r\n')
  t.notMatch(await injector.toEnd(), /go ahead/)
})
