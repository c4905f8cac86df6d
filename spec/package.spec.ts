// The public face: what the entry points export, by name and no more, and what importing them costs.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { program, root } from './support/program.js'

const errors = [
  'ConcurrentReadError',
  'ConnectError',
  'ConnectionClosedError',
  'ConnectionLostError',
  'DrainingError',
  'EndOfStreamError',
  'FrameError',
  'HandshakeError',
  'InvalidOptionsError',
  'LimitExceededError',
  'LinnetError',
  'PlaintextBufferedError',
  'TimeoutError',
]

/** What this program prints, line by line, as JSON. */
async function prints(t: Test, code: string): Promise<unknown[]> {
  const run = program(t, code, { library: false })
  t.equal(await run.ends(), 0, run.stderr)
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

t.test("the names that 'linnet' and 'linnet/testing' export are those of the contract that are built", async (t) => {
  const [core, testing] = await prints(
    t,
    `for (const name of ['linnet', 'linnet/testing']) console.log(JSON.stringify(Object.keys(await import(name)).sort()))`,
  )
  t.strictSame(core, [...errors, 'Connection', 'Server', 'connect', 'listen', 'pipe', 'shutdownOn', 'together'].sort())
  t.strictSame(testing, ['checkConnection', 'manualClock', 'memoryServer', 'pair'])
})

t.test('both entry points know the same classes', async (t) => {
  const [same] = await prints(
    t,
    `const { Connection, Server, InvalidOptionsError } = await import('linnet')
     const { pair, memoryServer } = await import('linnet/testing')
     const [a, b] = pair()
     let refused
     try { pair({ no: 1 }) } catch (error) { refused = error }
     console.log(JSON.stringify(a instanceof Connection && b instanceof Connection && memoryServer().server instanceof Server && refused instanceof InvalidOptionsError))`,
  )
  t.equal(same, true)
})

t.test('there is no way in behind the face, nor an entry point that is not built', async (t) => {
  const names = ['linnet/server/core.js', 'linnet/dist/index.js', 'linnet/framing', 'linnet/testing/pair.js', 'linnet/lib/index.ts']
  const codes = await prints(
    t,
    `for (const name of ${JSON.stringify(names)}) console.log(JSON.stringify(await import(name).then(() => 'found', ({ code }) => code)))`,
  )
  t.strictSame(
    codes,
    names.map(() => 'ERR_PACKAGE_PATH_NOT_EXPORTED'),
  )
})

t.test('importing pulls no zod; options that are checked do, and that is zod/mini', async (t) => {
  const lines = await prints(
    t,
    `
     const zod = () => '__zod_globalRegistry' in globalThis
     const say = (value) => console.log(JSON.stringify(value))
     const { listen, Connection, TimeoutError } = await import('linnet')
     const { pair, memoryServer, manualClock } = await import('linnet/testing')
     say(zod())
     const [a, b] = pair()
     memoryServer()
     manualClock()
     Connection.from(new (await import('node:stream')).PassThrough())
     new TimeoutError({ operation: 'read', timeout: 5, kind: 'read' })
     a.readLine({ timeout: 5 }).catch(() => {})
     a.abort()
     say(zod())
     const server = await listen({ port: 0, host: '127.0.0.1' })
     say(zod())
     const { createRequire } = await import('node:module')
     const files = Object.keys(createRequire(import.meta.url).cache)
     say(files.some((file) => /zod.v4.mini/.test(file)))
     say(files.some((file) => /zod.v4.classic/.test(file) || /zod.v3/.test(file)))
     await server.close()`,
  )
  t.strictSame(lines, [false, false, true, true, false])
})

t.test('package.json says what the contract does', async (t) => {
  const { name, license, type, sideEffects, engines, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  t.match(
    { name, license, type, sideEffects, engines },
    { name: 'linnet', license: 'MIT', type: 'module', sideEffects: false, engines: { node: '>=20.19' } },
  )
  for (const [entry, target] of Object.entries(exports)) {
    if (entry === './package.json') continue
    t.strictSame(Object.keys(target as object), ['types', 'default'], `${entry}: types come first`)
  }
})
