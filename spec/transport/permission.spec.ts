// A process without the permission to use the network: listen and connect reject, and the process goes on.

import t from 'tap'
import { networkDenied } from '../../lib/transport/permission.js'
import { program } from '../support/program.js'

t.test('only a process without the permission is refused', async (t) => {
  const flags = new Set(['--allow-net'])
  const denied = { has: () => false }
  const granted = { has: (scope: string) => scope === 'net' }
  t.match(networkDenied({ permission: denied, allowedNodeEnvironmentFlags: flags }), { code: 'ERR_ACCESS_DENIED', permission: 'Net' })
  t.equal(networkDenied({ permission: granted, allowedNodeEnvironmentFlags: flags }), undefined)
  t.equal(networkDenied({ permission: denied, allowedNodeEnvironmentFlags: new Set() }), undefined, 'a permission model without networks')
  t.equal(networkDenied({ permission: denied }), undefined, 'a runtime without flags')
  t.equal(networkDenied({}), undefined, 'no permission model')
  t.equal(networkDenied(), undefined, 'this process')
})

t.test('without --allow-net listen and connect reject, and the process goes on', async (t) => {
  // Of the supported releases only Node 25 and later have a permission for the network.
  if (!process.allowedNodeEnvironmentFlags.has('--allow-net')) {
    t.equal(networkDenied(process as never), undefined, 'this runtime has no such permission')
    return
  }
  const code = `
    const places = [{ port: 0 }, { port: 0, host: '127.0.0.1' }, { port: 0, host: 'localhost' }, { path: '/tmp/l.sock' }, { path: '\\0l' }, { fd: 0 }]
    for (const place of places) await linnet.listen(place).catch((error) => console.log(error.code))
    for (const place of [{ port: 9, host: '127.0.0.1' }, { port: 9, host: '::1', tls: true }, { port: 9 }, { path: '/tmp/l.sock' }])
      await linnet.connect(place).catch((error) => console.log(error.name, error.code, error.errors.length))
    const { server, connect } = testing.memoryServer()
    server.serve((connection) => connection.end('in memory it works'))
    console.log(await (await connect()).readToEnd('utf8'))
    await server.close()
  `
  const run = program(t, code, { flags: ['--permission', '--allow-fs-read=*', '--allow-fs-write=*'] })
  t.equal(await run.ends(), 0, run.stderr)
  const refused = ['ERR_ACCESS_DENIED', 'ConnectError ERR_ACCESS_DENIED 1']
  t.same(run.stdout.trim().split('\n'), [...Array(6).fill(refused[0]), ...Array(4).fill(refused[1]), 'in memory it works'])
})
