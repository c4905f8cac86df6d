// A server that receives mail (RFC 5321), and only over TLS (RFC 3207). Commands before TLS have no effect after it, and plain text
// after the STARTTLS command is refused. It shows the upgrade; smtp.ts is a whole mail server.
//
//   KEY=key.pem CERT=cert.pem node starttls-smtp.js
//   swaks --server localhost --port 8888 --tls --to you@localhost

import { readFile } from 'node:fs/promises'
import { type Connection, listen, shutdownOn } from 'linnet'

const { PORT = 8888, KEY = 'key.pem', CERT = 'cert.pem', LARGEST = 10_000_000 } = process.env
const identity = { key: await readFile(KEY), cert: await readFile(CERT) }

// RFC 5321, 4.5.3: five minutes for each command, lines of 1,000 bytes at most, a hundred recipients at least. The bytes
// stored for a client are bounded, so that no client can exhaust the memory.
const RECIPIENTS = 100
const MAIL = Number(LARGEST)
const BARE = /[\r\n]/
const server = await listen({ port: Number(PORT), readTimeout: 300_000, idleTimeout: 300_000 })
shutdownOn(server)
console.log(`smtp: swaks --tls --to you@localhost --server localhost:${server.port}`)

await server.serve(async (connection) => {
  let [from, to]: [string | undefined, string[]] = [undefined, []]
  const reply = (text: string): Promise<void> => connection.write(`${text}\r\n`)
  await reply('220 localhost ESMTP')
  // Only `\r\n` ends a line. A server that also accepts a bare `\n` is open to SMTP smuggling, and one that passes it on helps with it.
  for await (const line of connection.lines({ delimiter: '\r\n', maxBytes: 1000 })) {
    const [verb = ''] = line.toUpperCase().split(/[ :]/, 1)
    const address = /<(.*?)>/.exec(line)?.[1]
    if (BARE.test(line)) return reply('554 a line ends with CR LF')
    if (verb === 'QUIT') return reply('221 bye')
    if (verb === 'EHLO') await reply(connection.tls ? `250-localhost\r\n250-SIZE ${MAIL}\r\n250 8BITMIME` : '250-localhost\r\n250 STARTTLS')
    else if (verb === 'HELO' || verb === 'NOOP') await reply('250 localhost')
    else if (verb === 'STARTTLS' && !connection.tls) await connection.startTls({ ...identity, reply: '220 go ahead\r\n' })
    else if (!connection.tls) await reply('530 say STARTTLS first')
    else if (verb === 'MAIL' && address !== undefined) {
      ;[from, to] = [address, []]
      await reply('250 ok')
    } else if (verb === 'RCPT' && from !== undefined && address) {
      if (to.length < RECIPIENTS) to.push(address)
      await reply(to.includes(address) ? '250 ok' : '452 too many recipients')
    } else if (verb === 'DATA' && to.length > 0) {
      await reply('354 end with a dot')
      const text = await mail(connection)
      if (text !== undefined) console.log(`mail from <${from}> to ${to.join(', ')}\n${text}`)
      ;[from, to] = [undefined, []]
      await reply(text === undefined ? '552 the mail is too large, or has a bare CR or LF' : '250 taken')
    } else if (verb === 'RSET') {
      ;[from, to] = [undefined, []]
      await reply('250 ok')
    } else await reply('503 not now')
  }
})

/** Reads all lines up to one with a single dot, and removes the dot that SMTP adds before a leading dot. Undefined if the mail is refused; it is read to its end. */
async function mail(connection: Connection): Promise<string | undefined> {
  let lines: string[] = []
  let size = 0
  let isStrict = true
  for (;;) {
    const line = await connection.readLine({ delimiter: '\r\n', maxBytes: 1000 })
    if (line === '.') return size > MAIL || !isStrict ? undefined : lines.join('\n')
    // The size as received, which is at least that of the text: an empty line counts too.
    size += Buffer.byteLength(line) + 2
    if (BARE.test(line)) isStrict = false
    if (size > MAIL) lines = []
    else lines.push(line.startsWith('.') ? line.slice(1) : line)
  }
}
