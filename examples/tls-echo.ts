// The Echo protocol (RFC 862) over TLS: a client is served after its handshake, and may be required to have a certificate.
// The server's certificate is made by OpenSSL at the start and removed at the end.
//
//   openssl s_client -quiet -connect localhost:8888 -CAfile cert.pem -alpn echo     (the first line has the path of cert.pem)

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen, shutdownOn } from 'linnet'

const { PORT = 8888, CLIENTS } = process.env
const room = mkdtempSync(join(tmpdir(), 'tls-echo-'))
process.once('exit', () => rmSync(room, { recursive: true }))

const server = await listen({
  port: Number(PORT),
  idleTimeout: 60_000,
  tls: {
    ...certificate('localhost'),
    ALPNProtocols: ['echo'],
    // With CLIENTS=file, only clients are accepted whose certificate is in that file, or signed by one in it.
    ...(CLIENTS && { requestCert: true, ca: readFileSync(CLIENTS) }),
  },
})
shutdownOn(server)
server.on('handshakeError', ({ cause }, { remote }) => console.error(`${remote}: ${cause}`))
console.log(`tls-echo: openssl s_client -quiet -CAfile ${join(room, 'cert.pem')} -connect localhost:${server.port}`)

await server.serve(async (connection) => {
  const { protocol, servername, alpnProtocol, peerCertificate } = connection.tls ?? {}
  await connection.write(`${protocol} ${servername ?? '-'} ${alpnProtocol ?? '-'} ${peerCertificate?.subject.CN ?? '-'}\n`)
  for await (const chunk of connection) await connection.write(chunk)
})

/** Makes a key and a self-signed certificate. Clients need the certificate as an authority. */
function certificate(name: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = [join(room, 'key.pem'), join(room, 'cert.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}
