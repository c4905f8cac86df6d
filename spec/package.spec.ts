// What the entry points export, and what importing them costs.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type ProgramOptions, program, root } from './support/program.js'

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
async function prints(t: Test, code: string, options: ProgramOptions = {}): Promise<unknown[]> {
  const run = program(t, code, { ...options, library: false })
  t.equal(await run.ends(), 0, run.stderr)
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

t.test('each entry point exports exactly the documented names', async (t) => {
  const [core, framing, testing] = await prints(
    t,
    `for (const name of ['linnet', 'linnet/framing', 'linnet/testing']) console.log(JSON.stringify(Object.keys(await import(name)).sort()))`,
  )
  t.strictSame(core, [...errors, 'Connection', 'Server', 'connect', 'listen', 'pipe', 'reconnect', 'shutdownOn', 'together'].sort())
  const codecs = ['contentLength', 'delimited', 'json', 'lengthPrefixed', 'lines', 'netstring', 'varintPrefixed']
  t.strictSame(framing, ['Framed', 'framed', ...codecs].sort())
  t.strictSame(testing, ['checkConnection', 'manualClock', 'memoryServer', 'pair', 'testCertificate'])
})

t.test('all entry points have the same classes', async (t) => {
  const [same] = await prints(
    t,
    `const { Connection, FrameError, Server, InvalidOptionsError } = await import('linnet')
     const { framed, lines } = await import('linnet/framing')
     const { pair, memoryServer } = await import('linnet/testing')
     const [a, b] = pair()
     let refused
     try { pair({ no: 1 }) } catch (error) { refused = error }
     const framing = framed(a, lines()).connection === a && (await framed(a, lines()).write('\\n').catch((error) => error)) instanceof FrameError
     console.log(JSON.stringify(framing && a instanceof Connection && b instanceof Connection && memoryServer().server instanceof Server && refused instanceof InvalidOptionsError))`,
  )
  t.equal(same, true)
})

t.test('no other path of the package can be imported', async (t) => {
  const names = [
    'linnet/server/core.js',
    'linnet/dist/index.js',
    'linnet/framing/lines.js',
    'linnet/testing/pair.js',
    'linnet/lib/index.ts',
  ]
  const codes = await prints(
    t,
    `for (const name of ${JSON.stringify(names)}) console.log(JSON.stringify(await import(name).then(() => 'found', ({ code }) => code)))`,
  )
  t.strictSame(
    codes,
    names.map(() => 'ERR_PACKAGE_PATH_NOT_EXPORTED'),
  )
})

t.test('importing loads none of the slow modules of Node, and they are loaded later without a descriptor', async (t) => {
  const lines = await prints(
    t,
    `
     import fs from 'node:fs'
     const loaded = () => ['net', 'dns', 'tls', 'crypto'].filter((name) => process.moduleLoadList.includes('NativeModule ' + name))
     // From Node 22 on node:util itself loads net, where stdout is a pipe.
     await import('node:util')
     const before = loaded()
     const slow = () => loaded().filter((name) => !before.includes(name))
     const say = (value) => console.log(JSON.stringify(value))
     const { listen, connect, Connection } = await import('linnet')
     const { pair, memoryServer, manualClock } = await import('linnet/testing')
     const [a] = pair({ client: { readTimeout: 5 } })
     memoryServer({ maxConnections: 5, clock: manualClock() })
     say(slow())
     Connection.from(new (await import('node:stream')).PassThrough(), { idleTimeout: 5 })
     a.abort()
     const held = []
     try { for (;;) held.push(fs.openSync('/dev/null', 'r')) } catch {}
     const failure = (error) => [error.constructor.name, error.code]
     say(await listen({ host: '127.0.0.1' }).catch(failure))
     say(await connect({ port: 9, host: '127.0.0.1', tls: true }).catch(failure))
     say(await a.startTls().catch(failure))
     for (const fd of held) fs.closeSync(fd)
     const server = await listen({ host: '127.0.0.1' })
     const client = await connect({ port: server.port, host: '127.0.0.1' })
     say(client.remote.port === server.port)
     client.abort()
     await server.close()`,
    { descriptors: 256 },
  )
  t.strictSame(lines, [[], ['Error', 'EMFILE'], ['ConnectError', 'EMFILE'], ['ConnectionClosedError', 'ERR_LINNET_CLOSED'], true])
})

t.test('all imports of the library are static, except the type of connection.server', async (t) => {
  const files = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  t.ok(files.length > 100)
  // An import within a type, which the linter does not count as a part of a circle.
  const inTypes: string[] = []
  for (const file of files) {
    const code = readFileSync(join(root, 'lib', file), 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '')
    const runs = code.replace(/\bimport\('[^']+'\)\.[A-Z]\w*/g, (type) => {
      inTypes.push(`${file.replaceAll('\\', '/')}: ${type}`)
      return ''
    })
    t.notMatch(runs, /\bimport\(|createRequire|import\.meta/, file)
  }
  t.strictSame(inTypes, ["connection/info.ts: import('../server/server.js').Server"])
})

t.test('package.json has the documented name, licence, engines and exports', async (t) => {
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
