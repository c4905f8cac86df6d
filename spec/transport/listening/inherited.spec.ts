// Listening sockets that another process opened, in a process that inherits them: which are adopted, which are refused and left
// open, and that no file is removed. One process inherits them all, because starting a process takes long.

import { fork } from 'node:child_process'
import dgram from 'node:dgram'
import fs from 'node:fs'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { ResolvedEndpoint } from '../../../lib/options/listen.js'
import { passedSockets } from '../../../lib/transport/listening/passed-sockets.js'
import { descriptorOpenedBy } from '../../support/descriptors.js'
import { program as start } from '../../support/program.js'
import { dial, knock } from '../listening-support.js'
import { next, scratch } from '../support.js'

interface Report {
  addresses?: { address: string; port: number; family: string }[]
  code?: string
  message?: string
  issues?: { path: string[]; message: string }[]
  /** Whether the requested descriptors are still open. */
  open?: boolean[]
}

// The test starts a process, which takes long on a busy machine.
t.setTimeout(120_000)

const mine: net.Server[] = []
const descriptors = new Map<net.Server | dgram.Socket, number>()
async function recording(at: net.ListenOptions): Promise<net.Server> {
  const server = net.createServer()
  descriptors.set(server, await descriptorOpenedBy(() => new Promise<void>((resolve) => void server.listen(at, resolve))))
  mine.push(server)
  return server
}
const descriptorOf = (holder: net.Server | dgram.Socket): number => descriptors.get(holder) ?? -1
/** The descriptor of a socket that is connected. */
const connected = (to: net.NetConnectOpts): Promise<number> => descriptorOpenedBy(() => dial(t, to))
const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port

// --- the inheriting process ----------------------------------------------------------------------------------

const path = scratch('with a space.sock')
const abstract = `\0linnet-inherited-${process.pid}`
const [web, six, unix, web2, named, odd] = [
  await recording({ host: '127.0.0.1', port: 0 }),
  await recording({ host: '::1', port: 0 }),
  await recording({ path: `${path}.first` }),
  await recording({ host: '127.0.0.2', port: 0 }),
  await recording({ path: abstract }),
  await recording({ host: '127.0.0.1', port: 0 }),
]
fs.renameSync(`${path}.first`, path)
const udp = dgram.createSocket('udp4')
descriptors.set(udp, await descriptorOpenedBy(() => new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve))))
const client = await connected({ host: '127.0.0.1', port: portOf(web) })
const onPath = await connected({ path })
const program = fileURLToPath(new URL('../bind-child.js', import.meta.url))
const file = fs.openSync(program, 'r')

const inherited = [...[web, six, unix, web2, odd, udp, named].map(descriptorOf), client, onPath, file]
const [WEB, SIX, UNIX, , , UDP, ABSTRACT, CLIENT, ON_PATH, FILE] = inherited.map((_, index) => 3 + index) as number[]
const names = 'web:six:admin:web:odd:odd'
const child = fork(program, [], { stdio: ['ignore', 'inherit', 'inherit', ...inherited, 'ipc'] })
const ports = [web, six, web2, odd].map(portOf)
await next(child, 'message')
for (const server of mine) server.close()
fs.closeSync(file)
udp.close()
t.teardown(() => child.kill())

async function say(order: object | string): Promise<unknown> {
  const answer = next<[unknown]>(child, 'message')
  child.send(order)
  return (await answer)[0]
}
const ask = async (report: ResolvedEndpoint, environment: Record<string, string> = {}, descriptors: number[] = []): Promise<Report> =>
  (await say({ report, environment, descriptors })) as Report

const fd = (number: number): ResolvedEndpoint => ({ kind: 'fd', fd: number, backlog: 5 })
const systemd = (name?: string): ResolvedEndpoint => ({ kind: 'systemd', name, backlog: 5 })

async function echoes(t: Test, to: net.NetConnectOpts): Promise<void> {
  const client = await dial(t, to)
  const answer = next<[Buffer]>(client, 'data')
  client.write('adopted')
  t.equal(String((await answer)[0]), 'adopted')
  client.destroy()
}

// --- descriptors -----------------------------------------------------------------------------------------------------

t.test('a descriptor that does not listen is refused and left open', async (t) => {
  const open = [true]
  t.match(await ask(fd(CLIENT!), {}, [CLIENT!]), { code: 'EINVAL', message: new RegExp(`descriptor ${CLIENT}`), open })
  t.match(await ask(fd(ON_PATH!), {}, [ON_PATH!]), { code: 'EINVAL', open })
  t.match(await ask(fd(FILE!), {}, [FILE!]), { code: 'ENOTSOCK', open })
  t.match(await ask(fd(UDP!), {}, [UDP!]), { code: /^E/, open })
  t.match(await ask(fd(99)), { code: /^E/ })
})

t.test('if one socket cannot be adopted the others are closed', async (t) => {
  // Detected before any socket is adopted: behind the six there is an abstract socket, then a connected one.
  t.match(await ask(systemd(), { LISTEN_PID: 'SELF', LISTEN_FDS: '8' }, [WEB!, CLIENT!]), { code: 'EINVAL', open: [true, true] })
  // Detected after the first one was adopted: only Node detects a UDP socket.
  const port = ports[3] ?? 0
  t.equal(await knock({ host: '127.0.0.1', port }), 'connected')
  t.match(await ask(systemd('odd'), { LISTEN_PID: 'SELF', LISTEN_FDS: '6', LISTEN_FDNAMES: names }, [UDP!]), { code: /^E/, open: [true] })
  t.equal(await knock({ host: '127.0.0.1', port }), 'ECONNREFUSED')
})

t.test('an abstract socket is adopted with its name', { skip: process.platform !== 'linux' && 'Linux only' }, async (t) => {
  const { addresses } = await ask(fd(ABSTRACT!))
  // Node 20 pads an abstract name with NULs.
  const [address] = addresses ?? []
  t.equal(address?.address.replace(/\0+$/, ''), abstract)
  await echoes(t, { path: address?.address ?? '' })
  await say('close')
})

// --- systemd ---------------------------------------------------------------------------------------------------------

t.test('the sockets with a name are adopted, and closed with the listener', async (t) => {
  const { addresses } = await ask(systemd('web'), { LISTEN_PID: 'SELF', LISTEN_FDS: '6', LISTEN_FDNAMES: names })
  t.match(addresses, [
    { address: '127.0.0.1', port: ports[0], family: 'IPv4' },
    { address: '127.0.0.2', port: ports[2], family: 'IPv4' },
  ])
  t.equal(addresses?.length, 2)
  await echoes(t, { host: '127.0.0.1', port: ports[0] ?? 0 })
  await echoes(t, { host: '127.0.0.2', port: ports[2] ?? 0 })
  await say('close')
  t.equal(await knock({ host: '127.0.0.2', port: ports[2] ?? 0 }), 'ECONNREFUSED')
})

t.test('a listening TCP socket is adopted', async (t) => {
  const { addresses } = await ask(fd(SIX!))
  t.match(addresses, [{ address: '::1', port: ports[1], family: 'IPv6' }])
  await echoes(t, { host: '::1', port: ports[1] ?? 0 })
  await say('close')
  t.equal(await knock({ host: '::1', port: ports[1] ?? 0 }), 'ECONNREFUSED')
})

t.test('a listening Unix socket is adopted with its path, and its file stays', async (t) => {
  const { addresses } = await ask(fd(UNIX!))
  // The system's table shows the name by which it was bound.
  t.match(addresses, [{ address: `${path}.first`, port: 0, family: 'unix' }])
  await echoes(t, { path })
  await say('close')
  t.ok(fs.existsSync(path))
  t.equal(await knock({ path }), 'ECONNREFUSED')
})

t.test('without sockets the error names the missing variable', async (t) => {
  const cases: [Record<string, string>, RegExp, string?][] = [
    [{ LISTEN_PID: 'SELF' }, /LISTEN_PID and LISTEN_FDS/],
    [{ LISTEN_FDS: '1' }, /LISTEN_PID and LISTEN_FDS/],
    [{ LISTEN_PID: '1', LISTEN_FDS: '1' }, /for process 1 /],
    [{ LISTEN_PID: '', LISTEN_FDS: '1' }, /LISTEN_PID/],
    [{ LISTEN_PID: 'SELF', LISTEN_FDS: '0' }, /LISTEN_FDS says 0/],
    [{ LISTEN_PID: 'SELF', LISTEN_FDS: '-1' }, /LISTEN_FDS says -1/],
    [{ LISTEN_PID: 'SELF', LISTEN_FDS: 'many' }, /LISTEN_FDS says many/],
    [{ LISTEN_PID: 'SELF', LISTEN_FDS: '1', LISTEN_FDNAMES: 'web' }, /none is called admin .*says web/, 'admin'],
    [{ LISTEN_PID: 'SELF', LISTEN_FDS: '1' }, /none is called admin .*says nothing/, 'admin'],
  ]
  for (const [environment, message, name] of cases) {
    const { code, issues } = await ask(systemd(name), environment)
    t.equal(code, 'ERR_LINNET_OPTIONS')
    t.same(issues?.[0]?.path, ['systemd'])
    t.match(issues?.[0]?.message, message)
  }
})

t.test('without LISTEN_FDNAMES each socket is called unknown', async (t) => {
  const { issues } = await ask(systemd('unknown'), { LISTEN_PID: 'SELF', LISTEN_FDS: '1' })
  // The error shows that it was found: an earlier server has taken and closed it.
  t.match(issues?.[0]?.message, /took unknown \(descriptor 3\)/)
})

t.test('the variables are removed from the environment, and a second call still finds the sockets', async (t) => {
  const env: NodeJS.ProcessEnv = { LISTEN_PID: String(process.pid), LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', OTHER: 'stays' }
  const first = passedSockets(env)
  t.strictSame(first, { pid: String(process.pid), count: '2', names: 'a:b' })
  t.strictSame(env, { OTHER: 'stays' })
  t.strictSame(passedSockets(env), first)
  const others = { LISTEN_PID: '1', LISTEN_FDS: '3' }
  t.match(passedSockets(others), { pid: '1', count: '3' })
  t.strictSame(others, { LISTEN_PID: '1', LISTEN_FDS: '3' }, 'the variables of another process stay')
  t.strictSame(passedSockets({}), first)
})

t.test(
  'two calls of listen share the sockets by name; a taken socket, and a process without any, are refused with the reason',
  async (t) => {
    const [one, two] = [await recording({ host: '127.0.0.1', port: 0 }), await recording({ host: '127.0.0.1', port: 0 })]
    const code = `
    console.log(await linnet.listen({ systemd: true }).catch((error) => error.code + error.issues[0].path))
    Object.assign(process.env, { LISTEN_PID: process.pid, LISTEN_FDS: 2, LISTEN_FDNAMES: 'web:admin' })
    const web = await linnet.listen({ systemd: 'web' })
    const admin = await linnet.listen({ systemd: 'admin' })
    const again = () => linnet.listen({ systemd: true }).catch((error) => error.issues[0].message)
    console.log(await again())
    console.log(web.port, admin.port, Object.keys(process.env).filter((name) => name.startsWith('LISTEN')).length)
    await Promise.all([web.close(), admin.close()])
    // The numbers are free, and may belong to other sockets by now.
    const other = await linnet.listen({ port: 0, host: '127.0.0.1' })
    console.log(await again())
    await other.close()`
    const run = start(t, code, { inherit: [one, two].map(descriptorOf) })
    const expected = [portOf(one), portOf(two)]
    one.close()
    two.close()
    t.equal(await run.ends(), 0, run.stderr)
    const [none, open, ports, closed] = run.stdout.trim().split('\n')
    t.strictSame([none, ports], ['ERR_LINNET_OPTIONSsystemd', `${expected.join(' ')} 0`])
    t.match(open, /an earlier `listen` took web \(descriptor 3\), which is closed with its server/)
    t.equal(closed, open, 'also after that server has closed')
  },
)
