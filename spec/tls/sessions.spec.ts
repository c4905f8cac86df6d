// Where a session may be resumed: one test for each case. A session stores the result of the verification when it began, so it is
// valid only where the requirements on clients and the authorities are the same.

import { execFile } from 'node:child_process'
import { constants } from 'node:crypto'
import { once } from 'node:events'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import type { Server, ServerTlsOptions } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { dial, opened, socketPath } from '../support/fixture.js'
import { within } from '../support/wait.js'

const good = identityOf()
const first = identityOf('DNS:first.client')
const second = identityOf('DNS:second.client')
const own = { key: good.key, cert: good.cert }
const ticketKeys = Buffer.alloc(48, 7)

interface Visit {
  /** Whether the server has verified the client; undefined if it was refused. */
  authorized: boolean | undefined
  reused: boolean
  session: Buffer | undefined
}

/** Connects as a client that offers `session`, if there is one. */
async function visit(to: { port: number }, options: tls.ConnectionOptions = {}): Promise<Visit> {
  const socket = tls.connect({ port: to.port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, ...options })
  return read(socket)
}

async function read(socket: tls.TLSSocket): Promise<Visit> {
  let [text, session]: [string, Buffer | undefined] = ['', undefined]
  socket.on('session', (given) => (session = given)).on('error', () => {})
  socket.on('data', (chunk) => (text += chunk)).on('end', () => socket.end())
  let reused = false
  socket.once('secureConnect', () => (reused = socket.isSessionReused()))
  await within(once(socket, 'close').catch(() => {}))
  return { authorized: text === '' ? undefined : text === 'true', reused, session }
}

/** A server that sends each client whether its certificate was verified. */
async function serving(t: Test, options: ServerTlsOptions, more: object = {}): Promise<Server> {
  const server = await opened(t, { port: 0, host: '127.0.0.1', tls: { ...own, ...options }, ...more })
  void server.serve((connection) => connection.end(String(connection.tls?.authorized)))
  return server
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const versions = { minVersion: version, maxVersion: version }
  const asks = { requestCert: true, ca: first.cert, ...versions }
  const client = { key: first.key, cert: first.cert }
  const refused = { authorized: undefined }

  t.test(`a session is resumed, and verified, if nothing has changed (${version})`, async (t) => {
    for (const more of [{}, { ticketKeys }, { sessionIdContext: 'mine' }]) {
      const server = await serving(t, { ...asks, ...more })
      const { session, authorized } = await visit(server, client)
      t.equal(authorized, true)
      t.match(await visit(server, { ...client, session }), { authorized: true, reused: true })
    }
  })

  t.test(`resuming a session without a certificate does not verify the client, with rejectUnauthorized: false (${version})`, async (t) => {
    const server = await serving(t, { ...asks, rejectUnauthorized: false })
    const { session, authorized } = await visit(server)
    t.equal(authorized, false)
    t.match(await visit(server, { session }), { authorized: false, reused: true })
    const verified = await visit(server, client)
    t.match(await visit(server, { session: verified.session }), { authorized: true, reused: true }, 'with a certificate it does')
  })

  t.test(`a server with authorities for each name resumes no session (${version})`, async (t) => {
    const contexts: Record<string, tls.SecureContext> = {
      'a.test': tls.createSecureContext({ ...own, ca: first.cert }),
      'b.test': tls.createSecureContext({ ...own, ca: second.cert }),
    }
    const names = {
      ...asks,
      SNICallback: (name: string, done: (error: null, context?: tls.SecureContext) => void) => done(null, contexts[name]),
    }
    for (const more of [
      {},
      { ticketKeys },
      { sessionIdContext: 'mine' },
      { secureOptions: constants.SSL_OP_NO_TICKET },
      { secureOptions: constants.SSL_OP_ALL },
    ]) {
      const server = await serving(t, { ...names, ...more })
      const { session, authorized } = await visit(server, { ...client, servername: 'a.test' })
      t.equal(authorized, true)
      t.match(await visit(server, { ...client, servername: 'a.test', session }), { authorized: true, reused: false })
      for (const mine of [client, {}]) t.match(await visit(server, { ...mine, servername: 'b.test', session }), refused)
      t.match(await visit(server, { key: second.key, cert: second.cert, servername: 'b.test', session }), {
        authorized: true,
        reused: false,
      })
    }
  })

  t.test(`startTls resumes no session for another name (${version})`, async (t) => {
    const contexts: Record<string, tls.SecureContext> = {
      'a.test': tls.createSecureContext({ ...own, ca: first.cert }),
      'b.test': tls.createSecureContext({ ...own, ca: second.cert }),
    }
    const SNICallback = (name: string, done: (error: null, context?: tls.SecureContext) => void): void => done(null, contexts[name])
    const server = await opened(t, { port: 0, host: '127.0.0.1' })
    void server.serve(async (connection) => {
      await connection.startTls({ ...own, ...asks, SNICallback, reply: 'go\n' })
      await connection.end(String(connection.tls?.authorized))
    })
    const upgraded = async (options: tls.ConnectionOptions): Promise<Visit> => {
      const socket = await dial(t, server)
      await once(socket, 'data')
      return read(tls.connect({ socket, rejectUnauthorized: false, ...options }))
    }
    const { session, authorized } = await upgraded({ ...client, servername: 'a.test' })
    t.equal(authorized, true)
    for (const mine of [client, {}]) t.match(await upgraded({ ...mine, servername: 'b.test', session }), refused)
  })

  t.test(
    `after setTls with other authorities no old session is resumed, also with shared ticketKeys and sessionIdContext (${version})`,
    async (t) => {
      for (const more of [{}, { ticketKeys }, { ticketKeys, sessionIdContext: 'mine' }]) {
        const server = await serving(t, { ...asks, ...more })
        const { session } = await visit(server, client)
        await server.setTls({ ...own, ...asks, ...more, ca: second.cert })
        for (const mine of [client, {}]) t.match(await visit(server, { ...mine, session }), refused)
        t.match(await visit(server, { key: second.key, cert: second.cert, session }), { authorized: true, reused: false })
        await server.setTls({ ...own, ...asks, ...more, ca: [second.cert, first.cert] })
        t.match(await visit(server, { ...client, session }), { authorized: true, reused: false }, 'verified anew')
      }
    },
  )

  t.test(`after setTls with the same authorities a session is resumed with shared ticketKeys only (${version})`, async (t) => {
    for (const [more, reused] of [
      [{}, false],
      [{ ticketKeys }, true],
    ] as const) {
      const server = await serving(t, { ...asks, ...more })
      const { session } = await visit(server, client)
      await server.setTls({ ...own, ...asks, ...more })
      t.match(await visit(server, { ...client, session }), { authorized: true, reused })
    }
  })

  t.test(`another endpoint of the server resumes a session only if its requirements are the same (${version})`, async (t) => {
    const at = { port: 0, host: '127.0.0.1' }
    const here = { ...own, ...asks, ticketKeys }
    const endpoints = [
      at,
      { ...at, tls: { ...here, ca: second.cert } },
      { ...at, tls: here },
      { ...at, tls: { ...own, ...versions, ticketKeys } },
    ]
    const server = await opened(t, { endpoints, tls: here })
    void server.serve((connection) => connection.end(String(connection.tls?.authorized)))
    const to = (index: number): { port: number } => ({ port: server.addresses[index]?.port as number })
    const { session } = await visit(to(0), client)
    t.match(await visit(to(1), { ...client, session }), refused)
    t.match(await visit(to(2), { ...client, session }), { authorized: true, reused: true })
    t.match(await visit(to(3), { ...client, session }), { authorized: false, reused: false }, 'it requests no certificate')
    const { session: unasked } = await visit(to(3))
    t.match(await visit(to(0), { session: unasked }), refused)
  })

  t.test(`another server with the same ticketKeys resumes a session only if its requirements are the same (${version})`, async (t) => {
    const server = await serving(t, { ...asks, ticketKeys })
    const { session } = await visit(server, client)
    const same = await serving(t, { ...asks, ticketKeys })
    t.match(await visit(same, { ...client, session }), { authorized: true, reused: true })
    for (const other of [
      { ca: second.cert },
      { ca: [first.cert, second.cert] },
      { rejectUnauthorized: false },
      { sessionIdContext: 'other' },
    ]) {
      const server = await serving(t, { ...asks, ticketKeys, ...other })
      t.equal((await visit(server, { ...client, session })).reused, false)
    }
  })

  t.test(`startTls resumes a session with equal options, and not with other authorities (${version})`, async (t) => {
    const server = await opened(t, { path: socketPath() })
    let ca: string | Buffer = first.cert
    void server.serve(async (connection) => {
      // New options with equal values for each connection.
      await connection.startTls({ ...own, ...asks, cert: Buffer.from(own.cert), ca: [ca], reply: 'go\n' })
      await connection.end(String(connection.tls?.authorized))
    })
    const upgraded = async (options: tls.ConnectionOptions): Promise<Visit> => {
      const socket = await dial(t, server)
      await once(socket, 'data')
      return read(tls.connect({ socket, servername: 'localhost', rejectUnauthorized: false, ...options }))
    }
    const { session } = await upgraded(client)
    t.match(await upgraded({ ...client, session }), { authorized: true, reused: true })
    ca = second.cert
    for (const mine of [client, {}]) t.match(await upgraded({ ...mine, session }), refused)
  })
}

t.test('an OpenSSL client cannot resume a session under another name', async (t) => {
  const context = tls.createSecureContext({ ...own, ca: second.cert })
  const SNICallback = (name: string, done: (error: null, context?: tls.SecureContext) => void): void =>
    done(null, name === 'b.test' ? context : undefined)
  const server = await serving(t, { requestCert: true, ca: first.cert, SNICallback, ticketKeys })
  // In another process, because this one runs the server.
  const script = `
    const { spawnSync } = require('node:child_process')
    const [port, key, cert, file] = process.argv.slice(1)
    const go = (...more) => spawnSync('openssl', ['s_client', '-connect', '127.0.0.1:' + port, '-key', key, '-cert', cert, '-ign_eof', ...more], { encoding: 'utf8', input: '' }).stdout
    const one = go('-servername', 'a.test', '-sess_out', file)
    const two = go('-servername', 'b.test', '-sess_in', file)
    console.log(JSON.stringify([one.includes('true'), /^Reused/m.test(two), /^true/m.test(two)]))`
  const file = `${first.files.key}.session`
  const said = await new Promise<string>((resolve, reject) => {
    const args = ['-e', script, String(server.port), first.files.key, first.files.cert, file]
    execFile(process.execPath, args, (error, out) => (error ? reject(error) : resolve(out)))
  })
  t.same(JSON.parse(said), [true, false, false])
})
