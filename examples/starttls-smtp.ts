// A server that receives mail (RFC 5321), and nothing before TLS (RFC 3207): what a client says before it must not count
// after it, and what came in with the command itself is refused.
//
//   KEY=key.pem CERT=cert.pem node starttls-smtp.js
//   swaks --server localhost --port 8888 --tls --to you@localhost

import { readFile } from 'node:fs/promises'
import { type Connection, listen, shutdownOn } from 'linnet'

const { PORT = 8888, KEY = 'key.pem', CERT = 'cert.pem' } = process.env
const identity = { key: await readFile(KEY), cert: await readFile(CERT) }

// RFC 5321, 4.5.3: five minutes for each command, lines of 1,000 bytes at most.
const server = await listen({ port: Number(PORT), readTimeout: 300_000, idleTimeout: 300_000 })
shutdownOn(server)
console.log(`smtp: swaks --tls --to you@localhost --server localhost:${server.port}`)

await server.serve(async (connection) => {
  let [from, to]: [string | undefined, string[]] = [undefined, []]
  const reply = (text: string): Promise<void> => connection.write(`${text}\r\n`)
  await reply('220 localhost ESMTP')
  // `\r\n` and nothing else ends a line: a server that takes a bare `\n` too can be made to see mails in mails.
  for await (const line of connection.lines({ delimiter: '\r\n', maxBytes: 1000 })) {
    const [verb = ''] = line.toUpperCase().split(/[ :]/, 1)
    const address = /<(.*?)>/.exec(line)?.[1]
    if (verb === 'QUIT') return reply('221 bye')
    if (verb === 'EHLO') await reply(connection.tls ? '250-localhost\r\n250 8BITMIME' : '250-localhost\r\n250 STARTTLS')
    else if (verb === 'HELO' || verb === 'NOOP') await reply('250 localhost')
    else if (verb === 'STARTTLS' && !connection.tls) await connection.startTls({ ...identity, reply: '220 go ahead\r\n' })
    else if (!connection.tls) await reply('530 say STARTTLS first')
    else if (verb === 'MAIL' && address !== undefined) {
      ;[from, to] = [address, []]
      await reply('250 ok')
    } else if (verb === 'RCPT' && from !== undefined && address) {
      to.push(address)
      await reply('250 ok')
    } else if (verb === 'DATA' && to.length > 0) {
      await reply('354 end with a dot')
      console.log(`mail from <${from}> to ${to.join(', ')}\n${await mail(connection)}`)
      ;[from, to] = [undefined, []]
      await reply('250 taken')
    } else if (verb === 'RSET') {
      ;[from, to] = [undefined, []]
      await reply('250 ok')
    } else await reply('503 not now')
  }
})

/** All lines up to that of a single dot; a dot that begins one is doubled on its way. */
async function mail(connection: Connection): Promise<string> {
  const lines: string[] = []
  for (;;) {
    const line = await connection.readLine({ delimiter: '\r\n' })
    if (line === '.') return lines.join('\n')
    lines.push(line.startsWith('.') ? line.slice(1) : line)
  }
}
