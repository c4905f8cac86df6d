// `testCertificate`: OpenSSL and the TLS of Node accept its certificates.

import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { connect, HandshakeError, InvalidOptionsError, listen } from '../../lib/index.js'
import { memoryServer, type TestCertificateOptions, testCertificate } from '../../lib/testing/index.js'
import { rejection, within } from '../support/wait.js'

const DAY = 86_400_000

function openssl(t: Test, cert: string, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-certificate-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'cert.pem')
  writeFileSync(file, cert)
  return execFileSync(
    'openssl',
    args.map((arg) => (arg === 'CERT' ? file : arg)),
    { encoding: 'utf8', stdio: 'pipe' },
  )
}

t.test('OpenSSL verifies a certificate strictly, for a server and for a client', async (t) => {
  const { cert } = testCertificate()
  const text = openssl(t, cert, 'x509', '-in', 'CERT', '-noout', '-text')
  for (const part of [
    /Version: 3/,
    /Signature Algorithm: ecdsa-with-SHA256/,
    /Issuer: CN ?= ?localhost/,
    /Subject: CN ?= ?localhost/,
    /NIST CURVE: P-256/,
    /Basic Constraints: critical\s+CA:FALSE/,
    /TLS Web Server Authentication, TLS Web Client Authentication/,
    /DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1/,
    /Subject Key Identifier/,
    /Authority Key Identifier/,
  ])
    t.match(text, part)
  const verify = ['verify', '-x509_strict', '-check_ss_sig', '-CAfile', 'CERT']
  for (const purpose of ['sslserver', 'sslclient']) t.match(openssl(t, cert, ...verify, '-purpose', purpose, 'CERT'), /: OK/)
  for (const host of ['-verify_hostname localhost', '-verify_ip 127.0.0.1', '-verify_ip ::1'])
    t.match(openssl(t, cert, ...verify, ...host.split(' '), 'CERT'), /: OK/)
  t.throws(() => openssl(t, cert, ...verify, '-verify_hostname', 'example.test', 'CERT'))
})

t.test('each certificate has a key and a serial number of its own', async (t) => {
  const [one, other] = [testCertificate(), testCertificate()]
  const [first, second] = [new X509Certificate(one.cert), new X509Certificate(other.cert)]
  t.equal(first.checkPrivateKey(createPrivateKey(one.key)), true)
  t.equal(first.checkPrivateKey(createPrivateKey(other.key)), false)
  t.equal(first.verify(first.publicKey), true)
  t.not(first.serialNumber, second.serialNumber)
  t.strictSame(Object.keys(one), ['key', 'cert'], 'options of tls as it is')
  const serials = Array.from({ length: 20 }, () => new X509Certificate(testCertificate().cert).serialNumber)
  for (const serial of serials) t.match(serial, /^[4-7][\dA-F]{31}$/, 'positive, of 16 bytes')
})

t.test('a client that has a certificate as ca accepts its server, over TCP and in memory', async (t) => {
  const certificate = testCertificate()
  const tls = { ca: certificate.cert }
  const server = await listen({ port: 0, host: '127.0.0.1', tls: certificate })
  const kit = memoryServer({ tls: certificate })
  t.teardown(() => Promise.all([server.close({ grace: 0 }), kit[Symbol.asyncDispose]()]))
  for (const each of [server, kit.server]) void each.serve((connection) => connection.write('welcome\n'))
  for (const connecting of [
    connect({ port: server.port, host: 'localhost', family: 4, tls }),
    connect({ port: server.port, host: '127.0.0.1', tls }),
    kit.connect({ tls }),
  ]) {
    const client = await within(connecting)
    t.equal(await within(client.readLine()), 'welcome')
    t.equal(client.tls?.authorized, true)
    await client.close()
  }
  const error = await rejection(connect({ port: server.port, host: '127.0.0.1', tls: true }))
  t.ok(error instanceof HandshakeError)
  t.match(error, { cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } })
  const another = { ca: testCertificate().cert }
  t.ok(
    (await rejection(connect({ port: server.port, host: '127.0.0.1', tls: another }))) instanceof HandshakeError,
    'a client that trusts another certificate refuses it',
  )
})

t.test('each of several trusted certificates is accepted, although they have one name', async (t) => {
  const all = [testCertificate(), testCertificate(), testCertificate()]
  for (const certificate of all) {
    await using kit = memoryServer({ tls: { ...certificate, requestCert: true, ca: all.map(({ cert }) => cert) } })
    const accepting = kit.server.accept()
    for (const ca of [all, [...all].reverse()].map((list) => list.map(({ cert }) => cert))) {
      const client = await within(kit.connect({ tls: { ca, ...(all.at(1) as object) } }))
      t.equal(client.tls?.authorized, true)
    }
    t.equal((await within(accepting))?.tls?.authorized, true)
  }
})

t.test('a client certificate is verified, and identifies the client by its common name', async (t) => {
  const [own, ann, mallory] = [testCertificate(), testCertificate({ commonName: 'ann' }), testCertificate({ commonName: 'ann' })]
  await using kit = memoryServer({ tls: { ...own, ca: ann.cert, requestCert: true } })
  const accepting = kit.server.accept()
  await within(kit.connect({ tls: { ca: own.cert, ...ann } }))
  const connection = await within(accepting)
  t.match(connection?.tls, { authorized: true, peerCertificate: { subject: { CN: 'ann' } } })
  const failed = new Promise((resolve) => kit.server.once('handshakeError', resolve))
  void kit.connect({ tls: { ca: own.cert, ...mallory } }).catch(() => {})
  t.ok((await within(failed)) instanceof HandshakeError)
})

t.test('a certificate is for the requested hosts', async (t) => {
  const { cert } = testCertificate({ hosts: ['*.example.test', 'Mail.Example.test', '2001:db8::ff', '192.0.2.255', '_dmarc.a-b.test'] })
  const certificate = new X509Certificate(cert)
  t.equal(
    certificate.subjectAltName,
    'DNS:*.example.test, DNS:Mail.Example.test, IP Address:2001:DB8:0:0:0:0:0:FF, IP Address:192.0.2.255, DNS:_dmarc.a-b.test',
  )
  t.equal(certificate.subject, 'CN=*.example.test')
  t.equal(certificate.checkHost('www.example.test'), '*.example.test')
  t.equal(certificate.checkHost('localhost'), undefined)
  t.equal(certificate.checkIP('2001:db8:0::ff'), '2001:db8:0::ff')
  const many = Array.from({ length: 2000 }, (_, n) => `host-${n}.example.test`)
  t.equal(new X509Certificate(testCertificate({ hosts: many }).cert).checkHost(many[1999] as string), many[1999])
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.test`
  const { subject, subjectAltName } = new X509Certificate(testCertificate({ hosts: [long] }).cert)
  t.equal(subjectAltName, `DNS:${long}`)
  t.equal(subject, `CN=${long.slice(0, 64)}`, 'a common name is not longer')
  t.equal(new X509Certificate(testCertificate({ hosts: ['a'], commonName: 'Jürgen, 日本' }).cert).subject, 'CN=Jürgen\\, 日本')
})

t.test('a certificate is valid from an hour ago for 30 days, or for the requested time', async (t) => {
  const times = (options?: TestCertificateOptions): [number, number] => {
    const { validFrom, validTo } = new X509Certificate(testCertificate(options).cert)
    return [Date.parse(validFrom), Date.parse(validTo)]
  }
  const near = (actual: number, expected: number): boolean => Math.abs(actual - expected) < 60_000
  const [from, to] = times()
  t.ok(near(from, Date.now() - 3_600_000))
  t.ok(near(to, Date.now() + 30 * DAY))
  t.ok(near(times({ days: 0.5 })[1], Date.now() + DAY / 2))
  t.strictSame(times({ validFrom: new Date('2020-02-28T12:00:00Z'), days: 2 }), [Date.UTC(2020, 1, 28, 12), Date.UTC(2020, 2, 1, 12)])
  t.strictSame(times({ validFrom: new Date(0), days: 36_525 }), [0, Date.UTC(2070, 0, 1)])
  t.equal(times({ validFrom: new Date('9999-12-31T00:00:00Z'), days: 0.5 })[1], Date.UTC(9999, 11, 31, 12))
  mock.timers.enable({ apis: ['Date'], now: 0 })
  try {
    t.ok(near(times()[0], from), "a mocked Date has no effect: certificates are verified by the machine's clock")
  } finally {
    mock.timers.reset()
  }
})

t.test('a certificate that has expired, or is not valid yet, is refused', async (t) => {
  for (const [from, code] of [
    [-2 * DAY, 'CERT_HAS_EXPIRED'],
    [DAY, 'CERT_NOT_YET_VALID'],
  ] as const) {
    const certificate = testCertificate({ validFrom: new Date(Date.now() + from), days: 1 })
    await using kit = memoryServer({ tls: certificate })
    t.match(await rejection(kit.connect({ tls: { ca: certificate.cert } })), { cause: { code } })
  }
})

t.test('testCertificate throws for wrong options, and names each by its path', async (t) => {
  const refused = (options: unknown): unknown => {
    try {
      return testCertificate(options as TestCertificateOptions)
    } catch (error) {
      t.ok(error instanceof InvalidOptionsError)
      return (error as InvalidOptionsError).issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    }
  }
  const host = /^hosts\.0: expected a host name or an IP address, got /
  const bad = [
    '',
    ' ',
    'a b',
    'localhost:80',
    'http://a',
    '-a',
    'a-',
    'a..b',
    '*',
    '*.',
    'a.*',
    '1.2.3',
    '1.2.3.256',
    '[::1]',
    'fe80::1%eth0',
    'bücher.test',
    'a\0',
  ]
  for (const each of [...bad, 'a'.repeat(64), `${'a.'.repeat(126)}ab`, 5, null]) t.match(refused({ hosts: [each] }), [host], String(each))
  t.match(refused({ hosts: [] }), [/^hosts: expected a list of host names and IP addresses/])
  t.match(refused({ hosts: 'localhost' }), [/^hosts: expected a list of host names and IP addresses, got 'localhost'/])
  for (const days of [0, -1, Number.NaN, Infinity, '5', null]) t.match(refused({ days }), [/^days: expected a number of days, more than 0/])
  t.match(refused({ days: 3_000_000 }), [/^days: expected fewer/])
  for (const validFrom of [5, '2026', null, new Date(Number.NaN), new Date(-1), new Date(Date.UTC(10_000, 0))])
    t.match(refused({ validFrom }), [/^validFrom: expected a valid Date from 1970 to 9999/])
  for (const commonName of ['', 'a'.repeat(65), 5]) t.match(refused({ commonName }), [/^commonName: expected a text of 1 to 64 characters/])
  t.match(refused({ host: 'a', days: 0 }), [/^host: unknown option; did you mean `hosts`/, /^days/])
  for (const other of [null, 5, 'localhost', ['localhost']]) t.match(refused(other), [/^: expected an object of options/])
})
