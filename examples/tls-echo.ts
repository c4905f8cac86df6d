// The Echo protocol (RFC 862) over TLS: a client is served once its handshake is done, and who it is may be asked for.
// It makes its own certificate, with OpenSSL, as long as it runs.
//
//   openssl s_client -quiet -connect localhost:8888 -CAfile cert.pem -alpn echo     (the first line says where cert.pem is)

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
    // With CLIENTS=file, only those come in whose certificate is in that file, or signed by one in it.
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

/** A key, and a certificate that it has signed itself: who shall trust it must be given it. */
function certificate(name: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = [join(room, 'key.pem'), join(room, 'cert.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}
