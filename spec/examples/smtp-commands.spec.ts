// examples/smtp/: what each command answers, before and after TLS and AUTH, while the server drains, and to clients that are slow.

import t from 'tap'
import { HandshakeError } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { rejection, turns, until, within } from '../support/wait.js'
import { codesOf, delivery, Postbox, TIME, tls } from './smtp.js'

const HELLO: readonly (readonly [string, string])[] = [['EHLO me', '250']]

// Commands and the beginnings of their replies, in one conversation each.
const conversations: { readonly [what: string]: readonly (readonly [string, string])[] } = {
  'the order of commands': [
    ['MAIL FROM:<a@b.test>', '503'],
    ['EHLO', '501'],
    ['EHLO a b', '501'],
    ['HELO me', '250 localhost'],
    ['RCPT TO:<a@b.test>', '503'],
    ['DATA', '503'],
    ['MAIL FROM:<a@b.test>', '250'],
    ['MAIL FROM:<a@b.test>', '503'],
    ['DATA', '503'],
    ['RCPT TO:<a@b.test>', '250'],
    ['RSET', '250'],
    ['RCPT TO:<a@b.test>', '503'],
    ['mail from:<a@b.test>', '250'],
    ['EHLO me', '250'],
    ['RCPT TO:<a@b.test>', '503'],
  ],
  'commands beside the mail': [
    ['NOOP', '250'],
    ['noop anything', '250'],
    ['VRFY you', '252'],
    ['EXPN all', '502'],
    ['HELP', '214'],
    ['NOPE', '500'],
    ['', '500'],
    ['constructor', '500'],
    ['STARTTLS', '502'],
    ['AUTH PLAIN', '502'],
    ['RSET', '250'],
    ['QUIT', '221'],
  ],
  senders: [
    ...HELLO,
    ...[
      '<>',
      '<a@b>',
      ' <a@b.test>',
      '<@relay.test,@other.test:a@b.test>',
      '<"a b>"@c.test>',
      '<a@[127.0.0.1]>',
      "<o'neil+x@b.test> BODY=8BITMIME SIZE=10",
    ].flatMap(
      (path) =>
        [
          [`MAIL FROM:${path}`, '250'],
          ['RSET', '250'],
        ] as const,
    ),
  ],
  'malformed senders': [
    ...HELLO,
    ...['', 'a@b.test', '<a>', '<a@b', '<a@@b.test>', '<a@b..test>', '<a b@c.test>', '<a@b.test>x', `<${'a'.repeat(65)}@b.test>`].map(
      (path) => [`MAIL FROM:${path}`, '501'] as const,
    ),
  ],
  parameters: [
    ...HELLO,
    ['MAIL FROM:<a@b.test> SIZE=1 SIZE=1', '501'],
    ['MAIL FROM:<a@b.test> SIZE=x', '555'],
    ['MAIL FROM:<a@b.test> BODY=BINARYMIME', '555'],
    ['MAIL FROM:<a@b.test> SMTPUTF8', '555'],
    ['MAIL FROM:<a@b.test> AUTH=<>', '555'],
    ['MAIL FROM:<a@b.test> AUTH=x', '555'],
    ['MAIL FROM:<a@b.test> SIZE=1 body=7bit', '250'],
    ['RCPT TO:<a@b.test> NOTIFY=NEVER', '555'],
    ['RCPT TO:<a@b.test>', '250'],
    ['DATA now', '501'],
  ],
  recipients: [
    ...HELLO,
    ['MAIL FROM:<a@b.test>', '250'],
    ['RCPT TO:<>', '501'],
    ['RCPT FROM:<a@b.test>', '501'],
    ['RCPT TO:<Postmaster>', '250'],
    ['RCPT TO:<a>', '501'],
    ['RCPT TO:<stranger@b.test>', '550'],
    ['RCPT TO:<a@b.test>', '250'],
    ['RCPT TO:<b@b.test>', '250'],
    ['RCPT TO:<c@b.test>', '452'],
  ],
}

for (const [what, lines] of Object.entries(conversations)) {
  t.test(`${what}, asked one by one and all at once`, async (t) => {
    const box = new Postbox(t, { maxRecipients: 3, maxErrors: 20, knows: (recipient) => !recipient.startsWith('stranger') })
    const client = await box.dial(t)
    t.equal(await client.reply(), '220 localhost ESMTP\n')
    for (const [line, expected] of lines) t.match((await client.ask(line)).slice(0, expected.length), expected, line)
    const replies = await box.ask(t, `${lines.map(([line]) => line).join('\r\n')}\r\n`)
    t.equal(codesOf(replies), ['220', ...lines.map(([, expected]) => expected.slice(0, 3))].join(' '))
  })
}

t.test('what is offered depends on TLS', async (t) => {
  const box = new Postbox(t, { tls, authenticate: () => true, maxSize: 1234 })
  const client = await box.dial(t)
  await client.reply()
  const offers = '250-localhost\n250-SIZE 1234\n250-PIPELINING\n250-8BITMIME\n250-ENHANCEDSTATUSCODES\n'
  t.equal(await client.ask('EHLO me'), `${offers}250 STARTTLS\n`.replaceAll('\n250 ', '\n250 '))
  t.match(await client.ask('STARTTLS now'), '501')
  await client.startTls()
  t.match(await client.ask('AUTH PLAIN'), '503', 'EHLO comes again')
  t.equal(await client.ask('EHLO me'), `${offers}250 AUTH PLAIN LOGIN\n`)
  t.match(await client.ask('STARTTLS'), '503')
})

t.test('commands before STARTTLS have no effect after it', async (t) => {
  const box = new Postbox(t, { tls })
  const client = await box.dial(t)
  await client.reply()
  await client.ask('EHLO me')
  await client.ask('MAIL FROM:<evil@here.test>')
  await client.ask('RCPT TO:<a@b.test>')
  await client.startTls()
  t.match(await client.ask('DATA'), '503')
  t.match(await client.ask('MAIL FROM:<a@b.test>'), '503')
})

t.test('a command that comes with STARTTLS ends the connection before TLS', async (t) => {
  const box = new Postbox(t, { tls })
  t.equal(codesOf(await box.ask(t, 'EHLO me\r\nSTARTTLS\r\nMAIL FROM:<evil@here.test>\r\n')), '220 250 554')
  const client = await box.dial(t)
  await client.reply()
  t.match(await client.ask('STARTTLS'), '220')
  await client.connection.write('MAIL FROM:<evil@here.test>\r\n')
  t.notMatch(await client.connection.readToEnd('latin1').catch(String), /^250/m)
})

t.test('a client that does not trust the certificate leaves', async (t) => {
  const client = await new Postbox(t, { tls }).dial(t)
  await client.reply()
  await client.ask('STARTTLS')
  t.ok((await rejection(client.connection.startTls({ servername: 'localhost' }))) instanceof HandshakeError)
})

t.test('mail is taken only over TLS where that is asked for', async (t) => {
  const box = new Postbox(t, { tls, requireTls: true })
  const client = await box.dial(t)
  await client.reply()
  await client.ask('EHLO me')
  t.match(await client.ask('MAIL FROM:<a@b.test>'), '530 5.7.0')
  await client.startTls()
  await client.ask('EHLO me')
  t.match(await client.ask('MAIL FROM:<a@b.test>'), '250')
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')

t.test('AUTH proves a name over TLS, by PLAIN and by LOGIN', async (t) => {
  const box = new Postbox(
    t,
    { tls, maxErrors: 100, authenticate: async (user, password) => user === 'me' && password === 'pass wörd' },
    {},
    false,
  )
  const connected = async () => {
    const client = await box.dial(t)
    await client.reply()
    await client.startTls()
    await client.ask('EHLO me')
    return client
  }
  const plain = await box.dial(t)
  await plain.reply()
  await plain.ask('EHLO me')
  t.match(await plain.ask(`AUTH PLAIN ${base64('\0me\0pass wörd')}`), '538 5.7.11')
  t.match(await plain.ask('MAIL FROM:<a@b.test>'), '530 5.7.0')
  const good: readonly (readonly string[])[] = [
    [`AUTH PLAIN ${base64('\0me\0pass wörd')}`],
    [`auth plain ${base64('me\0me\0pass wörd')}`],
    ['AUTH PLAIN', base64('\0me\0pass wörd')],
    ['AUTH LOGIN', base64('me'), base64('pass wörd')],
    [`AUTH LOGIN ${base64('me')}`, base64('pass wörd')],
  ]
  for (const lines of good) {
    const client = await connected()
    for (const [at, line] of lines.entries()) t.match(await client.ask(line), at < lines.length - 1 ? '334' : '235 2.7.0', line)
    t.match(await client.ask('AUTH LOGIN'), '503')
    t.match(await client.ask('MAIL FROM:<a@b.test> AUTH=<>'), '250')
    await client.ask('RSET')
    t.match(await client.ask('MAIL FROM:<a@b.test> AUTH=a+40b.test'), '250')
    t.match(await client.ask('AUTH LOGIN'), '503')
  }
  const bad: readonly (readonly [string, ...(readonly string[])])[] = [
    ['535', `AUTH PLAIN ${base64('\0me\0wrong')}`],
    ['535', `AUTH PLAIN ${base64('you\0me\0pass wörd')}`],
    ['535', 'AUTH LOGIN', base64('you'), base64('pass wörd')],
    ['501', `AUTH PLAIN ${base64('me\0pass wörd')}`],
    ['501', `AUTH PLAIN ${base64('\0\0pass')}`],
    ['501', `AUTH PLAIN ${base64('\0me\0')}`],
    ['501', 'AUTH PLAIN ='],
    ['501', 'AUTH PLAIN not*base64'],
    ['501', 'AUTH PLAIN', '*'],
    ['501', 'AUTH LOGIN', base64('me'), '*'],
    ['501', 'AUTH LOGIN', base64('me'), ''],
    ['501', 'AUTH PLAIN a b'],
    ['501', 'AUTH'],
    ['504', 'AUTH CRAM-MD5'],
    ['504', 'AUTH constructor'],
    ['500', 'AUTH LOGIN', 'x'.repeat(13_000)],
  ]
  const client = await connected()
  for (const [code, ...lines] of bad) {
    for (const [at, line] of lines.entries())
      t.match((await client.ask(line)).slice(0, 3), at < lines.length - 1 ? '334' : code, line.slice(0, 60))
    t.match(await client.ask('MAIL FROM:<a@b.test>'), '530', 'still unknown')
  }
})

t.test('a program sees who sent a message, and how', async (t) => {
  const box = new Postbox(t, { tls, host: 'mx.test', authenticate: () => true }, {}, false)
  const client = await box.dial(t)
  await client.reply()
  await client.startTls()
  await client.ask('EHLO [1.2.3.4]')
  await client.ask(`AUTH PLAIN ${base64('\0me\0secret')}`)
  await client.ask('MAIL FROM:<>')
  await client.ask('RCPT TO:<a@b.test>')
  await client.ask('RCPT TO:<"c d"@e.test>')
  await client.ask('DATA')
  await client.connection.write('Subject: x\r\n.\r\n')
  const { value: message } = await within(box.mail.messages.next(), 'the message')
  t.match(message?.envelope, { from: '', to: ['a@b.test', '"c d"@e.test'], client: '[1.2.3.4]', tls: true, user: 'me' })
  t.equal(
    String(message?.data),
    'Received: from [1.2.3.4] (local)\r\n\tby mx.test with ESMTPSA;\r\n\tMon, 30 Nov 2026 12:00:00 +0000\r\nSubject: x\r\n',
  )
  t.throws(() => message?.reject('250 ok'), RangeError)
  t.throws(() => message?.reject('550 a\r\n250 b'), RangeError)
  t.equal(message?.accept(), true)
  t.equal(message?.reject(), false, 'it is decided once')
  t.equal(await client.reply(), '250 2.0.0 accepted\n')
})

t.test('a program decides about each message, and its client waits until then', async (t) => {
  const box = new Postbox(t, {}, {}, false)
  const client = await box.dial(t)
  await client.connection.write(delivery('one\r\n.\r\n').replace('QUIT\r\n', ''))
  const replies = client.connection
  const first = await box.mail.messages.next()
  await client.connection.write('NOOP\r\n')
  await turns()
  t.equal([...box.server.connections][0]?.buffered, 6, 'what comes behind it is not read')
  t.equal(first.value?.reject('550 5.7.1 no'), true)
  t.match(await replies.readUntil('250 2.0.0 ok', 'latin1'), /354 .*\r\n550 5\.7\.1 no\r\n250 2\.0\.0 ok$/s)
  await client.ask('RSET')
  for (const expected of ['451 4.3.0', '250 2.0.0 stored']) {
    await client.ask('MAIL FROM:<me@here.test>')
    await client.ask('RCPT TO:<a@b.test>')
    await client.ask('DATA')
    await client.connection.write('x\r\n.\r\n')
    const { value } = await box.mail.messages.next()
    if (expected.startsWith('4')) value?.reject()
    else value?.accept('2.0.0 stored')
    t.match(await client.reply(), expected)
  }
})

t.test('a message is taken back when its client leaves before it is decided', async (t) => {
  const box = new Postbox(t, {}, {}, false)
  const [a, b] = [await box.dial(t), await box.dial(t)]
  for (const client of [a, b]) {
    await client.begin()
    await client.connection.write('x\r\n.\r\n')
    await turns()
  }
  const first = await box.mail.messages.next()
  a.connection.abort()
  b.connection.abort()
  await until(() => box.server.connections.size === 0)
  t.equal(first.value?.accept(), false, 'the client sends it again')
  const next = box.mail.messages.next()
  const c = await box.dial(t)
  await c.begin('c@c.test')
  await c.connection.write('x\r\n.\r\n')
  t.strictSame((await next).value?.envelope.to, ['c@c.test'])
})

t.test('a decision that takes too long is one to try again later', async (t) => {
  const box = new Postbox(t, { decisionTimeout: 1 }, {}, false)
  const client = await box.dial(t)
  await client.begin()
  t.match(await client.ask('x\r\n.'), '451 4.3.0')
})

t.test('a program that leaves the loop closes the server, and its clients come again', async (t) => {
  const box = new Postbox(t, {}, {}, false)
  const clients = [await box.dial(t), await box.dial(t)]
  for (const client of clients) {
    await client.begin()
    await client.connection.write('x\r\n.\r\n')
  }
  await turns()
  for await (const _ of box.mail.messages) break
  for (const client of clients) t.match(await client.connection.readToEnd('latin1'), /^451 4\.3\.2 .*\r\n421 4\.3\.2 .*\r\n$/)
  for (const client of clients) await client.connection.close()
  await within(box.mail.closed, 'the end of the server')
  t.strictSame(await box.mail.messages.next(), { done: true, value: undefined })
})

t.test('a drain says 421 to those who wait, and receives what has begun', async (t) => {
  const box = new Postbox(t, { tls, authenticate: () => true })
  const open = new Postbox(t, {})
  const [silent, begun, writing, cut] = [await open.dial(t), await open.dial(t), await open.dial(t), await open.dial(t)]
  const asking = await box.dial(t)
  await asking.reply()
  await asking.startTls()
  await asking.ask('EHLO me')
  t.match(await asking.ask('AUTH LOGIN'), '334')
  await silent.reply()
  await begun.reply()
  await begun.ask('EHLO me')
  await begun.ask('MAIL FROM:<me@here.test>')
  await writing.begin()
  await writing.connection.write('half a li')
  await cut.reply()
  await cut.connection.write('NO')
  await turns()
  const closing = Promise.all([open.server.close({ grace: 60_000 }), box.server.close({ grace: 60_000 })])
  t.equal(await silent.connection.readToEnd('latin1'), '421 4.3.2 the server is closing\r\n')
  t.match(await cut.ask('OP'), '250')
  t.match(await cut.connection.readToEnd('latin1'), /^421/)
  t.match(await begun.ask('RCPT TO:<a@b.test>'), '250')
  t.match(await begun.ask('DATA'), '354')
  t.match(await begun.ask('begun\r\n.'), '250')
  t.match(await begun.connection.readToEnd('latin1'), /^421/)
  t.match(await writing.ask('ne\r\n.'), '250')
  t.match(await writing.connection.readToEnd('latin1'), /^421/)
  t.match(await asking.ask(base64('me')), '334')
  t.match(await asking.ask(base64('secret')), '235')
  t.match(await asking.connection.readToEnd('latin1'), /^421/)
  for (const { connection } of [silent, begun, writing, cut, asking]) await connection.close()
  await within(closing, 'the end of the servers')
  await within(open.mail.closed, 'the end of the mail')
  t.strictSame(open.texts.sort(), ['begun\r\n', 'half a line\r\n'])
})

t.test('a drain waits for a decision and for a handshake, and answers the commands that have arrived', async (t) => {
  const box = new Postbox(t, { tls }, {}, false)
  const [waiting, handshake, pipelined] = [await box.dial(t), await box.dial(t), await box.dial(t)]
  await waiting.begin()
  const reply = waiting.ask('x\r\n.')
  const { value: message } = await within(box.mail.messages.next(), 'the message')
  await handshake.reply()
  t.match(await handshake.ask('STARTTLS'), '220')
  await pipelined.reply()
  await turns()
  await pipelined.connection.write('NOOP\r\nNOOP\r\n')
  const closing = box.server.close({ grace: 60_000 })
  t.equal(codesOf(await pipelined.connection.readToEnd('latin1')), '250 250 421')
  t.equal(message?.accept(), true)
  t.match(await reply, '250')
  t.match(await waiting.connection.readToEnd('latin1'), /^421/)
  await handshake.connection.startTls({ ca: tls.cert, servername: 'localhost' })
  t.match(await handshake.connection.readToEnd('latin1'), /^421/)
  for (const { connection } of [waiting, handshake, pipelined]) await connection.close()
  await within(closing, 'the end of the server')
})

t.test('a client that is silent or slow gets 421', async (t) => {
  const clock = manualClock()
  const now = (): number => TIME + clock.now()
  const box = new Postbox(t, { commandTimeout: 1000, lineTimeout: 100, messageTimeout: 250, now }, { clock })
  const [silent, stalled, trickling] = [await box.dial(t), await box.dial(t), await box.dial(t)]
  await silent.reply()
  await stalled.begin()
  await trickling.begin()
  for (let n = 0; n < 3; n++) {
    await trickling.connection.write('x\r\n')
    await turns()
    await clock.advance(90)
  }
  t.equal(await stalled.connection.readToEnd('latin1'), '421 4.4.2 that took too long\r\n')
  t.equal(await trickling.connection.readToEnd('latin1'), '421 4.4.2 that took too long\r\n')
  await clock.advance(1000)
  t.equal(await silent.connection.readToEnd('latin1'), '421 4.4.2 that took too long\r\n')
  t.strictSame(box.texts, [])
})

t.test('a client that makes too many mistakes, or speaks HTTP, is sent away', async (t) => {
  const box = new Postbox(t, { maxErrors: 3 })
  t.equal(codesOf(await box.ask(t, 'A\r\nB\r\nNOOP\r\nC\r\nNOOP\r\n')), '220 500 500 250 500 421')
  t.equal(codesOf(await box.ask(t, `GET / HTTP/1.1\r\nHost: a\r\n\r\n${delivery('.\r\n')}`)), '220 500')
  t.strictSame(box.texts, [])
})

t.test('a client that does not read its replies is not read from, and is cut', async (t) => {
  const clock = manualClock()
  const box = new Postbox(t, {}, { clock, writeTimeout: 1000 })
  const client = await box.dial(t)
  const stopped = rejection(
    (async () => {
      for (;;) await client.connection.write('HELP\r\n'.repeat(1000))
    })(),
  )
  const queued = (): number => [...box.server.connections][0]?.queued ?? 0
  await until(() => queued() > 64 * 1024)
  await turns(20)
  t.ok(queued() < 256 * 1024, 'few replies are queued')
  await clock.advance(1000)
  await within(stopped, 'the end of the flood')
})
