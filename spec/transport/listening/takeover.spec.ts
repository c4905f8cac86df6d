// Several servers for one path: exactly one gets it, and no server removes the socket of another.

import { fork } from 'node:child_process'
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { AcceptedCarriers, bound, dial, knock, refusal } from '../listening-support.js'
import { next } from '../support.js'
import { beside, failure, fresh, instead, rival, stale, unix } from './unix-support.js'

// The tests start processes, which takes long on a busy machine.
t.setTimeout(120_000)

// --- several servers for one path ---------------------------------------------------------------------------------

t.test('of several servers in one process exactly one gets a path, free or stale', async (t) => {
  for (const state of ['free', 'stale']) {
    for (let round = 0; round < 10; round++) {
      const path = fresh()
      if (state === 'stale') await stale(t, path)
      const halls = Array.from({ length: 6 }, () => new AcceptedCarriers())
      const results = await Promise.allSettled(halls.map((accepted) => bound(t, unix(path), accepted)))
      t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const result of results) if (result.status === 'rejected') t.equal(result.reason.code, 'EADDRINUSE')
      const winner = results.findIndex(({ status }) => status === 'fulfilled')
      await dial(t, { path })
      await halls[winner]?.carrier()
      t.same(beside(path), [])
    }
  }
})

t.test('of several processes exactly one gets a stale path', { timeout: 30_000 }, async (t) => {
  const program = fileURLToPath(new URL('../bind-child.js', import.meta.url))
  const children = Array.from({ length: 3 }, () => fork(program, []))
  t.teardown(() => {
    for (const child of children) child.kill()
  })
  const said = (): Promise<string[]> => Promise.all(children.map(async (child) => (await next<[string]>(child, 'message'))[0]))
  await said()
  for (let round = 0; round < 15; round++) {
    const path = fresh()
    await stale(t, path)
    const answers = said()
    for (const child of children) child.send({ kind: 'unix', path, mode: 0o600, backlog: 5 })
    const codes = await answers
    t.same([...codes].sort(), ['EADDRINUSE', 'EADDRINUSE', 'bound'])
    t.equal(await knock({ path }), 'connected')
    t.same(beside(path), [])
    const closed = said()
    for (const child of children) child.send('close')
    await closed
    t.equal(fs.existsSync(path), false)
  }
})

t.test('a lock of a dead process delays the bind only for its lifetime', async (t) => {
  const path = fresh()
  await stale(t, path)
  const lock = join(dirname(path), `.${basename(path)}.linnet-lock`)
  fs.writeFileSync(lock, '')
  fs.utimesSync(lock, 1, 1)
  await bound(t, unix(path))
  t.same(beside(path), [])
})

t.test('while another process holds the lock the path is not replaced', async (t) => {
  const path = fresh()
  await stale(t, path)
  const lock = join(dirname(path), `.${basename(path)}.linnet-lock`)
  fs.writeFileSync(lock, '')
  let tries = 0
  instead(t, 'openSync', (real) => (file: string, flags: string, mode: number) => {
    // At the third attempt the other process removes its lock between our failure and our `lstat`.
    if (file === lock && ++tries === 3) {
      try {
        return real(file, flags, mode)
      } finally {
        fs.rmSync(lock)
      }
    }
    return real(file, flags, mode)
  })
  await bound(t, unix(path))
  t.equal(tries, 4)
})

t.test('a server that gets the lock after another has taken over does not replace its file', async (t) => {
  const path = fresh()
  await stale(t, path)
  await rival(t, `${path}.quick`)
  let tries = 0
  instead(t, 'openSync', (real) => (file: string, flags: string, mode: number) => {
    if (flags === 'wx' && tries++ === 0) fs.renameSync(`${path}.quick`, path)
    return real(file, flags, mode)
  })
  t.equal((await refusal(unix(path))).code, 'EADDRINUSE')
  t.equal(tries, 1)
  t.equal(await knock({ path }), 'connected')
})

t.test('a lock that cannot be created rejects', async (t) => {
  const path = fresh()
  await stale(t, path)
  instead(t, 'openSync', () => () => {
    throw failure('EROFS')
  })
  t.equal((await refusal(unix(path))).code, 'EROFS')
})

t.test('a stale socket that is removed before it is probed leaves a free path', async (t) => {
  const path = fresh()
  await stale(t, path)
  instead(t, 'lstatSync', (real) => (file: string, options: fs.StatSyncOptions) => {
    const found = real(file, options)
    if (file === path && found !== undefined) fs.unlinkSync(path)
    return found
  })
  await bound(t, unix(path))
})

t.test('a path whose file appears and disappears repeatedly is EADDRINUSE', async (t) => {
  const path = fresh()
  // The link fails as if a file existed, and none does.
  let tries = 0
  instead(t, 'linkSync', () => () => {
    tries++
    throw failure('EEXIST')
  })
  t.equal((await refusal(unix(path))).code, 'EADDRINUSE')
  t.equal(tries, 200)
})

t.test('without hard links a free path is taken, and a used one is not', async (t) => {
  instead(t, 'linkSync', () => () => {
    throw failure('EPERM')
  })
  const [free, taken, dead] = [fresh(), fresh(), fresh()]
  await bound(t, unix(free))
  t.equal(await knock({ path: free }), 'connected')
  await rival(t, taken)
  t.equal((await refusal(unix(taken))).code, 'EADDRINUSE')
  await stale(t, dead)
  await bound(t, unix(dead))
  t.equal(await knock({ path: dead }), 'connected')
})
