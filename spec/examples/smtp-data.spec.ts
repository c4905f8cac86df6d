// examples/smtp/: the text of messages, with all that its lines can do to a server: smuggling, cuts, lengths, sizes.

import t from 'tap'
import { collect } from '../support/collect.js'
import { codesOf, delivery, Postbox } from './smtp.js'

const SMUGGLED = 'MAIL FROM:<evil@here.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\nsmuggled\r\n.\r\n'

for (const end of ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r\n', '\r\n.\r', '\r.\r', '\r\r\n.\r\n', '\r\n.\r\r\n', '\r\n\0.\n', '\n\r.\r\n']) {
  t.test(`a message with ${JSON.stringify(end)} in it is refused, and what follows is no command`, async (t) => {
    const box = new Postbox(t)
    const replies = await box.ask(t, delivery(`one${end}${SMUGGLED}.\r\n`))
    t.equal(codesOf(replies), '220 250 250 250 354 554')
    t.strictSame(box.texts, [])
  })
}

t.test('a bare LF or CR ends no command', async (t) => {
  for (const line of ['NOOP\n', 'NOOP\rNOOP\r\n', 'NOOP\r\r\n', '\n', '\r\nNOOP\n', 'NOOP\n\r\n']) {
    const replies = await new Postbox(t).ask(t, `${line}NOOP\r\n`)
    t.match(codesOf(replies), /^220 (500 )?554$/, JSON.stringify(line))
  }
})

t.test('a message arrives as it was sent, without the dots that SMTP adds', async (t) => {
  const box = new Postbox(t)
  const text = '.\r\n..\r\nSubject: birds\r\n\r\n.a\r\n\xe4\xff\0\r\n\r\nend\r\n'
  const replies = await box.ask(t, delivery(`${text.replace(/^\./gm, '..')}.\r\n`))
  t.equal(codesOf(replies), '220 250 250 250 354 250 221')
  t.strictSame(box.texts, [text])
})

t.test('an empty message is one', async (t) => {
  const box = new Postbox(t)
  t.equal(codesOf(await box.ask(t, delivery('.\r\n'))), '220 250 250 250 354 250 221')
  t.strictSame(box.texts, [''])
})

t.test('a session is the same wherever its packets are cut', async (t) => {
  const session = Buffer.from(delivery('..a\r\nb\r\n.\r\n').replace('QUIT', 'RSET\r\nRCPT TO:<x@y.test>\r\nNOPE\r\nQUIT'))
  const box = new Postbox(t)
  const whole = await box.ask(t, session)
  t.equal(codesOf(whole), '220 250 250 250 354 250 250 503 500 221')
  for (let at = 1; at < session.length; at++) {
    t.equal(await box.ask(t, session.subarray(0, at), session.subarray(at)), whole, `cut at ${at}`)
  }
  t.equal(await box.ask(t, ...Array.from(session, (_, at) => session.subarray(at, at + 1))), whole)
  t.equal(box.texts.length, session.length + 1)
  t.ok(box.texts.every((text) => text === '.a\r\nb\r\n'))
})

t.test('a smuggled end is refused wherever its packets are cut', async (t) => {
  const box = new Postbox(t)
  const session = Buffer.from(delivery(`one\n.\r\n${SMUGGLED}`))
  for (let at = session.indexOf('one'); at < session.indexOf('one') + 8; at++) {
    t.equal(codesOf(await box.ask(t, session.subarray(0, at), session.subarray(at))), '220 250 250 250 354 554', `cut at ${at}`)
  }
  t.strictSame(box.texts, [])
})

t.test('lines have 1,000 bytes at most', async (t) => {
  const box = new Postbox(t)
  const longest = `${'x'.repeat(998)}\r\n`
  t.equal(codesOf(await box.ask(t, delivery(`${longest}.${'.'.repeat(998)}\r\n.\r\n`))), '220 250 250 250 354 250 221')
  t.equal(box.texts[0]?.length, 2000)
  for (const length of [1001, 1002, 1003, 2000, 2001, 2002, 50_000]) {
    const replies = await box.ask(t, delivery(`${'x'.repeat(length)}\r\n.\r\n`))
    t.equal(codesOf(replies), '220 250 250 250 354 554 221', `${length} bytes, and the session goes on`)
  }
  for (const [length, hidden] of [
    [999, '\r.\r\n'],
    [1000, '\r.\r\n'],
    [1001, '\n.\r\n'],
    [1002, '\r.\r\n'],
    [2000, '\r.\r\n'],
    [2000, '\n.\r\n'],
  ] as const) {
    const replies = await box.ask(t, delivery(`${'x'.repeat(length)}${hidden}${SMUGGLED}.\r\n`))
    t.equal(codesOf(replies), '220 250 250 250 354 554', `nothing hides in a long line: ${length} ${JSON.stringify(hidden)}`)
  }
  t.equal(box.texts.length, 1)
})

t.test('a command is 12,288 bytes at most, and a line that does not end is cut off', async (t) => {
  const box = new Postbox(t)
  t.equal(
    codesOf(await box.ask(t, `NOOP ${'x'.repeat(12_281)}\r\nNOOP ${'x'.repeat(12_282)}\r\nNOOP ${'x'.repeat(30_000)}\r\nQUIT\r\n`)),
    '220 250 500 500 221',
  )
  t.equal(codesOf(await box.ask(t, `NOOP ${'x'.repeat(200_000)}\r\nNOOP\r\n`)), '220 500')
})

t.test('a message that is too large is refused: before it is sent, at its end, or, where it does not end, at once', async (t) => {
  const box = new Postbox(t, { maxSize: 1000 })
  t.equal(
    codesOf(await box.ask(t, 'EHLO me\r\nMAIL FROM:<a@b.test> SIZE=1001\r\nMAIL FROM:<a@b.test> SIZE=1000\r\nQUIT\r\n')),
    '220 250 552 250 221',
  )
  const line = `${'x'.repeat(98)}\r\n`
  t.equal(codesOf(await box.ask(t, delivery(`${line.repeat(10)}.\r\n`))), '220 250 250 250 354 250 221')
  t.equal(codesOf(await box.ask(t, delivery(`${line.repeat(10)}\r\n.\r\n`))), '220 250 250 250 354 552 221')
  const { connection } = await box.dial(t)
  await connection.write(delivery(line.repeat(21)).replace('QUIT\r\n', ''))
  t.equal(codesOf(await connection.readToEnd('latin1')), '220 250 250 250 354 552')
  await connection.close()
  t.equal(box.texts.length, 1)
})

t.test('messages share a bounded memory, and get it back', async (t) => {
  const box = new Postbox(t, { maxMemory: 40_000 })
  const text = `${`${'x'.repeat(98)}\r\n`.repeat(150)}.\r\n`
  const open = await box.dial(t)
  t.match(await open.begin(), '354')
  await open.connection.write(text.slice(0, -3))
  const other = await box.dial(t)
  await other.begin()
  await other.connection.write(text)
  t.match(await other.reply(), '250')
  const large = text.repeat(1).slice(0, -3).repeat(2)
  await other.ask('MAIL FROM:<me@here.test>')
  await other.ask('RCPT TO:<a@b.test>')
  await other.ask('DATA')
  t.match(await other.ask(`${large}.`), '452 4.3.1')
  t.match(await open.ask('.'), '250')
  for (let n = 0; n < 5; n++) {
    await other.ask('MAIL FROM:<me@here.test>')
    await other.ask('RCPT TO:<a@b.test>')
    await other.ask('DATA')
    await other.connection.write(text)
    t.match(await other.reply(), '250')
  }
})

t.test('an address keeps nothing of its line in memory', async (t) => {
  const box = new Postbox(t, { maxRecipients: 500 })
  const client = await box.dial(t)
  await client.reply()
  await client.ask('EHLO me')
  await client.ask('MAIL FROM:<me@here.test>')
  const padding = ' '.repeat(10_000)
  collect()
  const { heapUsed } = process.memoryUsage()
  for (let n = 0; n < 500; n++) await client.ask(`RCPT TO:<recipient-${n}@there.test>${padding}`)
  collect()
  const grown = process.memoryUsage().heapUsed - heapUsed
  t.ok(grown < 2 * 1024 * 1024, `${grown} bytes`)
  t.match(await client.ask('RCPT TO:<one@too.many>'), '452')
})
