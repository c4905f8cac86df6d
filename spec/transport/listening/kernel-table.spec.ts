// The listening Unix sockets in the kernel's table: a refused connection does not always mean that no server listens.

import { mkdirSync, symlinkSync } from 'node:fs'
import net from 'node:net'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { listen } from '../../../lib/index.js'
import { listensFor, unixSockets } from '../../../lib/transport/listening/kernel-table.js'
import { socketPath } from '../../support/fixture.js'
import { program } from '../../support/program.js'

async function recording(t: Test, path: string): Promise<net.Server> {
  const server = net.createServer().listen({ path })
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}

const skip = process.platform !== 'linux' && 'Linux only'

t.test('a socket that is bound to the path listens for it, another one in its directory does not', { skip }, async (t) => {
  const path = socketPath()
  t.equal(listensFor(path), false)
  const server = await recording(t, path)
  t.equal(listensFor(path), true)
  t.equal(listensFor(`${path}.b`), false)
  await new Promise((resolve) => server.close(resolve))
  t.equal(listensFor(path), false)
})

t.test('a socket that linnet has moved to the path listens for it', { skip }, async (t) => {
  const path = socketPath()
  const server = await listen({ path })
  t.equal(listensFor(path), true)
  t.equal(listensFor(`${path}.b`), false)
  await server.close()
  t.equal(listensFor(path), false)
})

t.test('a path through a symbolic link is resolved', { skip }, async (t) => {
  const folder = dirname(socketPath())
  mkdirSync(join(folder, 'real'))
  symlinkSync('real', join(folder, 'link'))
  await recording(t, join(folder, 'real/a.sock'))
  const server = await listen({ path: join(folder, 'real/b.sock') })
  t.equal(listensFor(join(folder, 'link/a.sock')), true)
  t.equal(listensFor(join(folder, 'link/b.sock')), true)
  t.equal(listensFor(join(folder, 'link/c.sock')), false)
  await server.close()
})

t.test('an abstract name begins with a NUL, however the runtime pads it', { skip }, async (t) => {
  const name = `\0linnet-table-${process.pid}`
  await recording(t, name)
  t.same(
    unixSockets()
      .filter((entry) => entry.name.startsWith(name))
      .map(({ listens }) => listens),
    [true],
  )
})

t.test('a path is not taken over while the kernel shows its server, even if connections are refused', { skip }, async (t) => {
  // Bun's error for a server whose queue is full, simulated on every runtime.
  const path = socketPath()
  await recording(t, path)
  const code = `
    const { Socket } = (await import('node:net')).default
    Socket.prototype.connect = function () {
      process.nextTick(() => this.destroy(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })))
      return this
    }
    await linnet.listen({ path: ${JSON.stringify(path)} }).then(() => console.log('taken'), ({ code }) => console.log(code))
  `
  const run = program(t, code)
  t.equal(await run.ends(), 0, run.stderr)
  t.equal(run.stdout, 'EADDRINUSE\n')
})
