// The library in one file, as bundlers make it: ES modules and CommonJS, run where nothing can be loaded from beside it. What
// is found only while a program runs (a module that a bundler does not see, `import.meta` in CommonJS) shows here.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { identityOf } from './support/certificates.js'
import { program, root } from './support/program.js'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'linnet-bundle-')))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const { key, cert } = identityOf()
const address = (address: string): string => `{ address: '${address}', port: 5, family: 'IPv4' }`

/** Everything that once was loaded while a program runs, or needs zod before anything else has. */
const entry = `
  import { PassThrough } from 'node:stream'
  import { Connection, connect, listen } from ${JSON.stringify(join(root, 'dist/index.js'))}
  import { memoryServer, pair } from ${JSON.stringify(join(root, 'dist/testing.js'))}
  const key = ${JSON.stringify(key)}
  const cert = ${JSON.stringify(cert)}
  const host = '127.0.0.1'
  const echo = async (c) => { for await (const line of c.lines()) await c.write(line + '\\n') }
  const said = async (c) => { await c.write('hello\\n'); const line = await c.readLine(); await c.close(); return line }
  async function main() {
    console.log('from', await said(Connection.from(new PassThrough(), { idleTimeout: 5000 })))
    const [a, b] = pair({ client: { maxBufferSize: 100 } })
    void b.run(echo)
    a.setLimits({ maxBufferSize: 200 })
    console.log('pair', await said(a))
    const memory = memoryServer({ maxConnections: 5, tls: { key, cert } })
    void memory.server.serve(echo)
    console.log('memory', await said(await memory.connect({ tls: { ca: cert } })))
    await memory.server.close()
    const server = await listen({ port: 0, host, tls: { key, cert } })
    void server.serve(echo)
    console.log('tls', await said(await connect({ port: server.port, host, tls: { ca: cert } })))
    server.setLimits({ maxPending: 5 })
    await server.close()
    console.log(...(await Promise.all([listen({ prot: 1 }), connect({}), listen({ proxyProtocol: { trust: ['x'] } })].map((p) => p.catch((e) => e.code)))))
    const plain = await listen({ port: 0, host, proxyProtocol: true })
    void plain.serve(async (c) => { await c.readLine(); await c.startTls({ key, cert, reply: 'go\\n' }); await c.write(c.remote + '\\n'); await c.end() })
    const c = await connect({ port: plain.port, host, proxyProtocol: { source: ${address('1.2.3.4')}, destination: ${address('6.7.8.9')} } })
    await c.write('STARTTLS\\n')
    await c.readLine()
    await c.startTls({ ca: cert, servername: 'localhost' })
    console.log('starttls', await c.readLine())
    await c.close()
    await plain.close()
  }
  main().catch((error) => { console.error(error); process.exitCode = 1 })
`

const expected = `from hello
pair hello
memory hello
tls hello
ERR_LINNET_OPTIONS ERR_LINNET_OPTIONS ERR_LINNET_OPTIONS
starttls 1.2.3.4:5
`

const input = join(folder, 'entry.mjs')
writeFileSync(input, entry)

for (const bundler of ['esbuild', 'rolldown', 'webpack']) {
  for (const format of ['esm', 'cjs'] as const) {
    t.test(`in one file by ${bundler} (${format}) everything works, with nothing beside it`, async (t) => {
      const place = join(folder, `${bundler}-${format}`)
      mkdirSync(place)
      const file = join(place, format === 'esm' ? 'main.mjs' : 'main.cjs')
      await promisify(execFile)(process.execPath, [join(root, 'scripts/bundle.js'), bundler, format, input, file])
      const run = program(t, `process.chdir(${JSON.stringify(place)}); await import(${JSON.stringify(file)})`, { library: false })
      t.equal(await run.ends(), 0)
      t.equal(run.stdout, expected)
      t.equal(run.stderr, '')
    })
  }
}
