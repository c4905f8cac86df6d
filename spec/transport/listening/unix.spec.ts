// Unix listeners: the mode of the path, which files are replaced and which are not, and which server removes the file.

import fs from 'node:fs'
import net from 'node:net'
import { basename, dirname, join } from 'node:path'
import t from 'tap'
import { program } from '../../support/program.js'
import { bound, dial, knock, refusal } from '../listening-support.js'
import { recording, turns } from '../support.js'
import { beside, failure, fresh, instead, long, rival, stale, unix } from './unix-support.js'

const inode = (path: string): bigint => fs.lstatSync(path, { bigint: true }).ino

t.test('a path is bound, connections have it as their local address, and close removes it', async (t) => {
  const path = fresh()
  const { accepted, listener } = await bound(t, unix(path))
  t.same(listener.addresses.map(String), [path])
  const client = await dial(t, { path })
  const carrier = await accepted.carrier()
  t.equal(carrier.local, listener.addresses[0])
  t.same([carrier.remote.family, carrier.remote.address], ['unix', ''])
  t.same(beside(path), [], 'no other file is left')
  await listener.close()
  t.equal(fs.existsSync(path), false)
  const recorder = recording(carrier)
  client.write('still here')
  await recorder.waitFor('data')
})

t.test('the path has its mode from the first moment, under any umask', async (t) => {
  for (const mode of [0o600, 0o666, 0o660, 0o755]) {
    const path = fresh()
    let first: number | undefined
    instead(t, 'linkSync', (real) => (from: string, to: string) => {
      first = fs.lstatSync(from).mode & 0o777
      t.equal(fs.lstatSync(dirname(from)).mode & 0o777, 0o700, 'no other user can reach it before')
      real(from, to)
    })
    await bound(t, unix(path, mode))
    t.equal(first, mode)
    t.equal(fs.lstatSync(path).mode & 0o777, mode)
  }
})

t.test('a stale socket is replaced in one step', async (t) => {
  const path = fresh()
  await stale(t, path)
  t.equal(await knock({ path }), 'ECONNREFUSED')
  const replaced: boolean[] = []
  instead(t, 'renameSync', (real) => (from: string, to: string) => {
    replaced.push(fs.existsSync(to))
    real(from, to)
  })
  let unlinked = 0
  instead(t, 'unlinkSync', (real) => (file: string) => {
    unlinked++
    real(file)
  })
  await bound(t, unix(path))
  t.same(replaced, [true])
  t.equal(unlinked, 0)
  t.equal(await knock({ path }), 'connected')
  t.same(beside(path), [])
})

t.test('the path of a live server is not taken over', async (t) => {
  const path = fresh()
  const server = await rival(t, path)
  const before = inode(path)
  const error = await refusal(unix(path))
  t.match(error, { code: 'EADDRINUSE', syscall: 'listen', address: path, message: `listen EADDRINUSE: address already in use ${path}` })
  t.equal(typeof error.errno, 'number')
  t.equal(inode(path), before)
  t.equal(await knock({ path }), 'connected')
  t.same(beside(path), [])
  server.close()
})

t.test('the path of a server that does not answer, because its queue is full, is not taken over', async (t) => {
  const path = fresh()
  const hung = program(
    t,
    `const { createServer } = await import('node:net')
    createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => {
      console.log('listening')
      setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 50)
    })`,
    { library: false },
  )
  await hung.says(/listening/)
  // Until the queue is full: it has room for the backlog and one more.
  let answer = await knock({ path })
  for (let tries = 0; answer === 'connected' && tries < 1000; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    answer = await knock({ path })
  }
  t.equal(answer, 'EAGAIN')
  const before = inode(path)
  t.match(await refusal(unix(path)), { code: 'EADDRINUSE', address: path })
  t.equal(inode(path), before)
  t.same(beside(path), [])
})

t.test('a file that is no socket is not replaced', async (t) => {
  const [file, directory, dangling, link] = [fresh(), fresh(), fresh(), fresh()]
  fs.writeFileSync(file, 'precious')
  fs.mkdirSync(directory)
  fs.symlinkSync('nowhere', dangling)
  const dead = fresh()
  await stale(t, dead)
  fs.symlinkSync(dead, link)
  for (const path of [file, directory, dangling, link]) {
    t.equal((await refusal(unix(path))).code, 'EADDRINUSE')
    t.same(beside(path), [])
  }
  t.equal(fs.readFileSync(file, 'utf8'), 'precious')
  t.equal(fs.readlinkSync(dangling), 'nowhere')
  t.ok(fs.lstatSync(link).isSymbolicLink() && fs.lstatSync(dead).isSocket())
})

t.test('a path that is too long is refused, not truncated', async (t) => {
  const path = long(108, 'server.sock')
  t.match(await refusal(unix(path)), {
    code: 'EINVAL',
    syscall: 'listen',
    address: path,
    cause: { message: /^the path has 108 bytes, and that of a Unix socket has at most 10[37]$/ },
  })
  t.same(fs.readdirSync(dirname(path)), [])
  const umlauts = join(dirname(long(90, 's')), 'ü'.repeat(15))
  t.ok(umlauts.length < 107 && Buffer.byteLength(umlauts) > 107)
  t.equal((await refusal(unix(umlauts))).code, 'EINVAL')
  t.same(fs.readdirSync(dirname(umlauts)), [])
})

t.test('the longest path works, although the private name is longer', async (t) => {
  for (const path of [long(107, 'a-name-long-enough'), long(107, 's'), long(95, 's')]) {
    const { accepted, listener } = await bound(t, unix(path))
    await dial(t, { path })
    await accepted.carrier()
    t.same(beside(path), [])
    await listener.close()
    t.equal(fs.existsSync(path), false)
  }
})

t.test('a missing or failing directory rejects with the code of the system', async (t) => {
  const path = join(fresh(), 'missing', 'x.sock')
  t.match(await refusal(unix(path)), { code: 'ENOENT', syscall: 'listen', address: path })
  const full = fresh()
  instead(t, 'linkSync', () => () => {
    throw failure('ENOSPC')
  })
  t.match(await refusal(unix(full)), { code: 'ENOSPC', cause: { code: 'ENOSPC' } })
  instead(t, 'linkSync', () => () => {
    throw new Error('no code at all')
  })
  t.match(await refusal(unix(full)), { code: 'EINVAL', cause: { message: 'no code at all' } })
  instead(t, 'linkSync', () => () => {
    throw failure('ESTRANGE')
  })
  t.match(await refusal(unix(full)), { code: 'ESTRANGE', message: `listen ESTRANGE: it failed ${full}` })
  t.same(fs.readdirSync(dirname(full)), [])
})

// --- the file at close ---------------------------------------------------------------------------------------

t.test('a file that was put in its place meanwhile is not removed at close', async (t) => {
  const path = fresh()
  const { listener } = await bound(t, unix(path))
  fs.unlinkSync(path)
  await rival(t, path)
  await listener.close()
  await turns(5)
  t.equal(await knock({ path }), 'connected')

  const other = fresh()
  const second = await bound(t, unix(other))
  fs.unlinkSync(other)
  fs.writeFileSync(other, 'precious')
  await second.listener.close()
  await turns(5)
  t.equal(fs.readFileSync(other, 'utf8'), 'precious')
})

t.test('the close succeeds if the file is gone or cannot be removed', async (t) => {
  const path = fresh()
  const { listener } = await bound(t, unix(path))
  fs.unlinkSync(path)
  await listener.close()
  const other = fresh()
  const second = await bound(t, unix(other))
  instead(t, 'unlinkSync', () => () => {
    throw failure('EACCES')
  })
  await second.listener.close()
  await second.listener.close()
  t.equal(await knock({ path: other }), 'ECONNREFUSED', 'stale: the next server replaces it')
})

t.test('a relative path is removed after the working directory has changed', async (t) => {
  const path = fresh()
  const home = process.cwd()
  t.teardown(() => process.chdir(home))
  process.chdir(dirname(path))
  const { listener } = await bound(t, unix(basename(path)))
  t.same(listener.addresses.map(String), [basename(path)])
  process.chdir(home)
  t.equal(await knock({ path }), 'connected')
  await listener.close()
  t.equal(fs.existsSync(path), false)
})

t.test('a connection in the queue of the system at close is not accepted', async (t) => {
  const path = fresh()
  const { accepted, listener } = await bound(t, unix(path))
  const client = net.connect({ path })
  const ended = new Promise((resolve) =>
    client
      .resume()
      .on('error', () => {})
      .once('close', resolve),
  )
  await new Promise<void>((resolve) => process.nextTick(() => process.nextTick(resolve)))
  await listener.close()
  await ended
  t.same(accepted.carriers, [])
})

t.test('an abstract name is bound without a file, and only once', { skip: process.platform !== 'linux' && 'Linux only' }, async (t) => {
  const path = `\0linnet-spec-${process.pid}`
  const { accepted, listener } = await bound(t, unix(path))
  t.same(listener.addresses.map(String), [path])
  await dial(t, { path })
  await accepted.carrier()
  t.equal((await refusal(unix(path))).code, 'EADDRINUSE')
  await listener.close()
  t.equal(await knock({ path }), 'ECONNREFUSED')
  t.equal((await refusal(unix(`\0${'n'.repeat(107)}`))).code, 'EINVAL')
})
