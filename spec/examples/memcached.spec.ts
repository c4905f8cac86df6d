// examples/memcached.ts, with the clients of libmemcached, and what clients do that are slow, silent or there while it ends.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connect, DrainingError } from '../../lib/index.js'
import { type MemoryServer, type MemoryServerOptions, manualClock, memoryServer } from '../../lib/testing/index.js'
import { rejection, turns, until, within } from '../support/wait.js'
import { importExample } from './in-process.js'
import { Example, Running, withoutMemccapable } from './support.js'

const { serveClient } = await importExample<typeof import('../../examples/memcached/session.js')>('memcached/session')
const { Counts } = await importExample<typeof import('../../examples/memcached/command.js')>('memcached/command')
const { Store } = await importExample<typeof import('../../examples/memcached/store.js')>('memcached/store')

// One server for all tests; the last one ends it.
const example = await Example.start(t, 'memcached')

function run(t: Test, program: string, ...args: string[]): Running {
  return new Running(t, spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }))
}

t.test('memccapable passes all tests of the text protocol', { skip: withoutMemccapable }, async (t) => {
  const all = run(t, 'memccapable', '-a', '-h', '127.0.0.1', '-p', String(example.port))
  t.equal((await all.ended()).code, 0, all.complained)
  t.equal(all.heard.match(/^ascii /gm)?.length, 27)
})

t.test('memcping, memccp and memccat reach it', { skip: withoutMemccapable }, async (t) => {
  const servers = `--servers=127.0.0.1:${example.port}`
  t.equal((await run(t, 'memcping', servers).ended()).code, 0)
  const file = join(t.testdir(), 'greeting')
  writeFileSync(file, 'hello\n')
  t.equal((await run(t, 'memccp', servers, file).ended()).code, 0)
  t.equal(await run(t, 'memccat', servers, 'greeting').toEnd(), 'hello\n\n')
  t.equal((await run(t, 'memcrm', servers, 'greeting').ended()).code, 0)
})

t.test('Ctrl-C ends it, with a client that waits', async (t) => {
  const client = await connect({ host: '127.0.0.1', port: example.port })
  await client.write('set a 0 0 1\r\nx\r\n')
  t.equal(await client.readLine(), 'STORED')
  example.interrupt()
  t.equal(await client.readToEnd('latin1'), '')
  await client.close()
  t.strictSame(await example.ended(), { code: 0, signal: null })
})

/** The server in memory. */
function served(t: Test, options: MemoryServerOptions = {}): MemoryServer {
  const memory = memoryServer(options)
  const { server } = memory
  const [store, counts] = [new Store({ limit: 64 * 1024 * 1024 }), new Counts()]
  server.serve((connection) => serveClient(connection, store, counts)).catch(() => {})
  t.teardown(() => server.close({ grace: 0 }))
  return memory
}

t.test('a drain answers what has arrived, waits for a value that has begun, and ends clients that are silent', async (t) => {
  const { server, connect } = served(t)
  const [asked, begun, silent] = await Promise.all([connect(), connect(), connect()])
  await begun.write('set a 0 0 3\r\nab')
  await until(() => server.connections.size === 3)
  await turns()
  await asked.write('get a\r\nmn\r\n')
  const closing = server.close({ grace: 60_000 })
  t.equal(await asked.readToEnd('latin1'), 'END\r\nMN\r\n')
  t.equal(await silent.readToEnd('latin1'), '')
  await begun.write('c\r\n')
  t.equal(await begun.readToEnd('latin1'), 'STORED\r\n')
  await Promise.all([asked.close(), begun.close(), silent.close()])
  await within(closing, 'the end of the server')
})

t.test('a client that is silent is closed, and one that is slow with a value is cut', async (t) => {
  const clock = manualClock()
  const { connect } = served(t, { clock, idleTimeout: 1000, readTimeout: 100 })
  const [silent, slow] = await Promise.all([connect(), connect()])
  await slow.write('set a 0 0 3\r\nab')
  await turns()
  await clock.advance(100)
  t.equal(await slow.readToEnd('latin1'), '')
  await clock.advance(900)
  t.equal(await silent.readToEnd('latin1'), '')
  await Promise.all([slow.close(), silent.close()])
})

t.test('a client that does not read its answers is not read from, and is cut', async (t) => {
  const clock = manualClock()
  const { server, connect } = served(t, { clock, writeTimeout: 1000 })
  const client = await connect()
  const value = 'x'.repeat(100_000)
  await client.write(`set a 0 0 ${value.length}\r\n${value}\r\n`)
  t.equal(await client.readLine(), 'STORED')
  const flood = (async () => {
    for (;;) await client.write('get a\r\n'.repeat(1000))
  })()
  const stopped = rejection(flood)
  const [connection] = [...server.connections]
  await until(() => (connection?.queued ?? 0) > 16 * 1024)
  await turns(20)
  t.ok((connection?.queued ?? 0) < 1024 * 1024, 'few answers are queued')
  await clock.advance(1000)
  t.notMatch(await within(stopped, 'the end of the flood'), DrainingError)
  await client.close()
})
