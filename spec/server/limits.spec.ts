// `setLimits` changes the limits of a running server. The default limits follow.

import fs from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { defaultLimits, freeDescriptors } from '../../lib/server/descriptors.js'
import { usableMemory } from '../../lib/server/memory.js'
import { turns, until, within } from '../support/wait.js'
import { cut, echo, inMemory, overEach, talk } from './support.js'

overEach(t, 'a raised maxConnections admits waiting connections at once', async (t, open) => {
  const { server, connect } = await open({ maxConnections: 1 })
  void server.serve(echo)
  const clients = [await connect(), await connect(), await connect(), await connect()]
  await until(() => server.stats().pending === 3)
  server.setLimits({ maxConnections: 3 })
  t.match(server.stats(), { active: 3, pending: 1 }, 'the loop takes them within the call')
  for (const one of clients.slice(0, 3)) await talk(one)
  t.match(server.stats(), { active: 3, pending: 1 })
  server.setLimits({ maxConnections: Number.POSITIVE_INFINITY })
  await talk(clients[3]!)
})

overEach(t, 'a lowered limit closes no connection, and admits none until enough have ended', async (t, open, way) => {
  const { server, books, connect } = await open({ maxConnections: 3, maxPending: 3 })
  void server.serve(echo)
  const clients = [await connect(), await connect(), await connect()]
  for (const one of clients) await talk(one)
  const waiting = [await connect(), await connect()] as const
  await until(() => server.stats().pending === 2)
  server.setLimits({ maxConnections: 1, maxPending: 1 })
  await turns()
  t.match(server.stats(), { active: 3, pending: 2, dropped: 0 })
  await cut(t, way, connect())
  await until(() => books.drops.length === 1)
  for (const one of clients) await talk(one, 'still here')
  await clients[0]!.close()
  await clients[1]!.close()
  await until(() => server.stats().active === 1)
  await turns()
  t.match(server.stats(), { active: 1, pending: 2 })
  await clients[2]!.close()
  await talk(waiting[0])
  t.match(server.stats(), { active: 1, pending: 1 })
})

overEach(t, 'a raised maxPending applies to the next connection', async (t, open, way) => {
  const { server, books, connect } = await open({ maxPending: 0 })
  await cut(t, way, connect())
  await until(() => books.drops.length === 1)
  server.setLimits({ maxPending: 1 })
  await connect()
  await until(() => server.stats().pending === 1)
  t.equal(books.drops.length, 1)
})

t.test('a limit that is left out, or undefined, stays as it is', async (t) => {
  const { server, books, connect } = inMemory(t, { maxPending: 1 })
  server.setLimits({})
  server.setLimits({ maxPending: undefined, maxConnections: undefined })
  server.setLimits({ maxConnections: 5 })
  await connect()
  await connect()
  t.equal(books.drops.length, 1)
})

t.test('setLimits throws for wrong and impossible limits, and changes none', async (t) => {
  const { server, books, connect } = inMemory(t, { maxPending: 1 })
  const set = server.setLimits.bind(server) as (limits?: unknown) => void
  for (const limits of [
    undefined,
    null,
    5,
    'all',
    [],
    { maxPending: '2' },
    { maxConnections: null },
    { maxPendings: 2 },
    { maxBufferSize: 5 },
  ]) {
    t.throws(() => set(limits), TypeError)
  }
  for (const limits of [
    { maxPending: -1 },
    { maxPending: 1.5 },
    { maxConnections: 0 },
    { maxConnections: Number.NaN },
    { maxConnectionsPerAddress: 0 },
  ]) {
    t.throws(() => set({ maxPending: 5, ...limits }), RangeError)
  }
  await connect()
  await connect()
  t.equal(books.drops.length, 1)
})

t.test('limits may be set on a closed server, and within a connection event', async (t) => {
  const { server, connect } = inMemory(t, { maxConnections: 1 })
  server.on('connection', () => server.setLimits({ maxConnections: 10 }))
  const accepting = [server.accept(), server.accept(), server.accept()]
  for (let n = 0; n < 3; n++) await connect()
  const got = await within(Promise.all(accepting))
  t.equal(new Set(got).size, 3)
  t.strictSame(got, [...server.connections], 'each accept gets its own, in order')
  await server.close({ grace: 0 })
  server.setLimits({ maxConnections: 1 })
})

// --- the default limits ----------------------------------------------------------------------------------------------

t.test('the default limits stay below the number of free descriptors', async (t) => {
  const memory = 2 ** 40
  t.strictSame(defaultLimits(1000, memory), { maxConnections: 800, maxPending: 100 })
  t.strictSame(defaultLimits(1_000_000, memory), { maxConnections: 800_000, maxPending: 1024 })
  t.strictSame(defaultLimits(44, memory), { maxConnections: 35, maxPending: 4 })
  t.strictSame(defaultLimits(0, memory), { maxConnections: 1, maxPending: 0 })
  t.strictSame(defaultLimits(undefined, memory), { maxConnections: 2 ** 23, maxPending: 1024 })
})

t.test('the default maxConnections is at most one for each 128 KiB of memory', async (t) => {
  t.strictSame(defaultLimits(1_000_000, 2 ** 29), { maxConnections: 4096, maxPending: 1024 })
  t.strictSame(defaultLimits(undefined, 2 ** 29), { maxConnections: 4096, maxPending: 1024 })
  t.strictSame(defaultLimits(1000, 2 ** 29), { maxConnections: 800, maxPending: 100 })
  t.strictSame(defaultLimits(1000, 1000), { maxConnections: 1, maxPending: 100 })
})

t.test('usable memory is that of the machine, or the lowest limit of its control groups, of version 1 or 2', async (t) => {
  const machine = 2 ** 30
  const under = (files: Parameters<typeof t.testdir>[0]): number => usableMemory(`${t.testdir(files)}/`, machine)
  const group = (cgroup: string, tree: object): number => under({ proc: { self: { cgroup } }, sys: { fs: { cgroup: tree } } } as never)
  t.equal(under({}), machine, 'a system without control groups')
  t.equal(group('0::/\n', { 'memory.max': 'max\n' }), machine)
  t.equal(group('0::/\n', { 'memory.max': '1000000\n' }), 1_000_000)
  t.equal(group('0::/a/b\n', { a: { 'memory.max': '2000\n', b: { 'memory.max': '3000\n' } } }), 2000, 'the group around it')
  t.equal(group('0::/a/b\n', { a: { 'memory.max': 'max\n', b: { 'memory.max': '3000\n' } } }), 3000)
  t.equal(group('0::/of/the/host\n', { 'memory.max': '4000' }), 4000, 'in a container its own group stands at the root')
  t.equal(group('5:cpu,memory:/c\n1:cpu:/d\n', { memory: { c: { 'memory.limit_in_bytes': '5000\n' } } }), 5000)
  t.equal(
    group('5:memory:/\n', { memory: { 'memory.limit_in_bytes': '9223372036854771712\n' } }),
    machine,
    'version 1 has a number for none',
  )
  t.equal(group('nonsense\n', {}), machine)
  const nowhere = `${t.testdir({})}/`
  t.equal(usableMemory(nowhere, machine, 7000), 7000, 'the limit that Node reports')
  for (const told of [0, undefined, 2 ** 64]) t.equal(usableMemory(nowhere, machine, told), machine)
  t.ok(usableMemory() > 2 ** 20, 'here')
})

t.test('free descriptors are the soft limit less the open ones, or undefined if the system reports no limit', async (t) => {
  const proc = t.testdir({ fd: { 0: '', 1: '', 2: '' }, limits: '' })
  const limits = (soft: string): void =>
    fs.writeFileSync(
      join(proc, 'limits'),
      `Limit   Soft   Hard   Units\nMax open files            ${soft}                 4096                 files\n`,
    )
  limits('64')
  t.equal(freeDescriptors(proc), 61)
  limits('2')
  t.equal(freeDescriptors(proc), 0)
  limits('unlimited')
  t.equal(freeDescriptors(proc), undefined)
  t.equal(freeDescriptors(join(proc, 'nowhere')), undefined)
  if (process.platform === 'linux') t.ok((freeDescriptors() ?? 0) > 0)
})

t.test('a limit that is given alone leaves the other at its default', async (t) => {
  const { server, books, connect } = inMemory(t, { maxPending: 2 })
  for (let n = 0; n < 3; n++) await connect()
  t.strictSame(books.reasons, ['maxPending'])
  t.equal(server.stats().pending, 2)
  const other = inMemory(t, { maxConnections: 1 })
  for (let n = 0; n < 10; n++) await other.connect()
  t.equal(other.server.stats().pending, 10)
})
