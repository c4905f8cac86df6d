// A server that receives mail (RFC 5321), with STARTTLS and AUTH. The protocol is in smtp/: lines, commands, what is kept of a message.
//
//   node smtp.js
//   swaks --server localhost:8888 --to you@localhost
//
//   KEY=key.pem CERT=cert.pem LOGIN=me PASSWORD=secret node smtp.js          TLS, and only mail of those who are known
//   swaks --server localhost:8888 --to you@localhost --tls --auth-user me --auth-password secret

import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { listen, shutdownOn } from 'linnet'
import { receiveMail } from './smtp/server.js'

const { PORT = 8888, HOST = 'localhost', KEY, CERT, LOGIN, PASSWORD = '', LARGEST = 10_000_000 } = process.env

const server = await listen({ port: Number(PORT), maxConnections: 1000, maxConnectionsPerAddress: 50, maxWriteBuffer: 1_000_000 })
shutdownOn(server, { grace: 10_000 }) // Ctrl-C: messages that have begun are received, other clients get 421
server.on('handlerError', (error, { remote }) => console.error(`${remote}: ${error}`))

/** Compares in a time that does not depend on where two texts differ. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

const mail = receiveMail(server, {
  host: HOST,
  tls: KEY && CERT ? { key: await readFile(KEY), cert: await readFile(CERT) } : undefined,
  authenticate: LOGIN === undefined ? undefined : (user, password) => same(`${user}\0${password}`, `${LOGIN}\0${PASSWORD}`),
  maxSize: Number(LARGEST),
})
console.log(`smtp: swaks --to you@localhost --server localhost:${server.port}`)

for await (const message of mail.messages) {
  const { from, to } = message.envelope
  console.log(`mail from <${from}> to ${to.join(', ')}\n${message.data}`)
  message.accept()
}
