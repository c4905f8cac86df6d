// `idle`: whether a read waits for a new message or for the rest of one. It shows in which time limit holds, and in what
// a drain may interrupt (idle-draining).

import t from 'tap'
import type { ReadOptions } from '../../../lib/index.js'
import { rejection, turns, within } from '../../support/wait.js'
import { connectionKinds } from './kinds.js'
import { type Wired, wired } from './support.js'

const limits = { idleTimeout: 100, readTimeout: 1000 }
type Start = (wire: Wired, options?: ReadOptions) => Promise<unknown>
const exactly: Start = ({ connection }, options) => connection.readExactly(50, options)

/** Which time limit a read runs into: that for a new message, or that for the rest of one. */
async function limitOf(wire: Wired, start: Start, options?: ReadOptions): Promise<string> {
  const failure = rejection(start(wire, options))
  await wire.clock.pass(0)
  await wire.clock.pass(100)
  if (wire.connection.waiting !== undefined) await wire.clock.pass(900)
  return ((await within(failure)) as { kind: string }).kind
}

t.test('a read waits for a new message if nothing was consumed since the last write, and else for the rest of one', async (t) => {
  for (const { name, start } of connectionKinds) {
    const own = ({ connection }: Wired, options?: ReadOptions): Promise<unknown> => start(connection, options)
    const always = ['lines', 'lineBatches', 'batches', 'batches of several', 'readMessage'].includes(name)
    const wire = wired(limits)
    t.equal(await limitOf(wire, own), 'idle', `${name}, since the start`)
    wire.push('x')
    await wire.connection.readExactly(1)
    t.equal(await limitOf(wire, own), always ? 'idle' : 'read', `${name}, when a byte has been consumed`)
    void wire.connection.write('answer')
    t.equal(await limitOf(wire, own), 'idle', `${name}, when something was written since`)
    t.equal(await limitOf(wire, own, { idle: false }), 'read', `${name}, as it is told`)
    wire.push('x')
    await wire.connection.readExactly(1)
    t.equal(await limitOf(wire, own, { idle: true }), 'idle', `${name}, as it is told`)
  }
})

t.test('a read counts as consuming exactly if it consumes a byte', async (t) => {
  const consuming: Record<string, Start> = {
    readUntil: ({ connection }) => connection.readUntil('\n'),
    readLine: ({ connection }) => connection.readLine(),
    'readUntil in UTF-8': ({ connection }) => connection.readUntil('\n', 'utf8'),
    tryReadUntil: async ({ connection }) => connection.tryReadUntil('\n'),
    tryReadLine: async ({ connection }) => connection.tryReadLine(),
    tryReadExactly: async ({ connection }) => connection.tryReadExactly(1),
    read: ({ connection }) => connection.read(),
    readInto: ({ connection }) => connection.readInto(Buffer.alloc(1)),
    skip: ({ connection }) => connection.skip(1),
    skipUntil: ({ connection }) => connection.skipUntil('\n'),
    lines: ({ connection }) => connection.lines().next(),
    lineBatches: ({ connection }) => connection.lineBatches().next(),
    batches: ({ connection }) => connection.batches('\n').next(),
    chunks: ({ connection }) => connection.chunks(1).next(),
    'a message': ({ connection }) => connection.readMessage((reader) => reader.readExactly(1)),
    'a message that fails by itself': ({ connection }) =>
      rejection(
        connection.readMessage(async (reader) => {
          await reader.readExactly(1)
          throw new Error('own')
        }),
      ),
    'a skip that fails': ({ connection }) => rejection(connection.skip(100, { maxBytes: 100, signal: AbortSignal.timeout(1) })),
  }
  const leaving: Record<string, Start> = {
    peek: ({ connection }) => connection.peek(2),
    'readExactly(0)': ({ connection }) => connection.readExactly(0),
    'readInto an empty target': ({ connection }) => connection.readInto(Buffer.alloc(0)),
    'a limit': ({ connection }) => rejection(connection.readUntil('\n', { maxBytes: 1 })),
    'a try read of what is not there': async ({ connection }) => connection.tryReadExactly(100),
    'an abort': ({ connection }) => rejection(connection.readExactly(100, { signal: AbortSignal.timeout(1) })),
    'a message that is given back': ({ connection }) =>
      rejection(
        connection.readMessage(async (reader) => {
          await reader.readExactly(1)
          await reader.readExactly(10, { maxBytes: 5 })
        }),
      ),
    'a message that only peeks': ({ connection }) => connection.readMessage((reader) => reader.peek(1)),
  }
  // A byte that is left would end it too: so this is asked within.
  for (const [fresh, list] of [
    [false, consuming],
    [true, leaving],
  ] as const) {
    for (const [name, start] of Object.entries(list)) {
      const wire = wired(limits)
      wire.push('x')
      wire.push('\n')
      t.ok(wire.core.readHalf.atMessageStart)
      await within(start(wire))
      t.equal(wire.core.readHalf.atMessageStart, fresh, name)
      void wire.connection.write('answer')
      t.ok(wire.core.readHalf.atMessageStart)
    }
  }
})

t.test('a write while a read or a message is pending starts no new message', async (t) => {
  const wire = wired(limits)
  const { connection, push } = wire
  push('x')
  await connection.readExactly(1)
  const read = connection.readExactly(1)
  void connection.write('in between')
  push('x')
  await read
  t.equal(await limitOf(wire, exactly), 'read', 'a write during a read')
  let proceed = (): void => {}
  const message = connection.readMessage(async (reader) => {
    await reader.readExactly(1)
    await new Promise<void>((resolve) => {
      proceed = resolve
    })
  })
  push('x')
  await turns(1)
  void connection.write('100 Continue')
  proceed()
  await message
  t.equal(await limitOf(wire, exactly), 'read', 'a write during a message')
  const pending = rejection(exactly(wire))
  void connection.write('later')
  await wire.clock.pass(100)
  t.ok(connection.waiting, 'it is settled when the read begins')
  await wire.clock.pass(900)
  t.match(await pending, { kind: 'read' })
})

t.test('everything that writes counts as a write', async (t) => {
  const writes: Record<string, (wire: Wired) => unknown> = {
    write: ({ connection }) => connection.write('x'),
    'write bytes': ({ connection }) => connection.write([Buffer.from('x'), 'y']),
    tryWrite: ({ connection }) => connection.tryWrite('x'),
    writeFrom: ({ connection }) => connection.writeFrom(['x']),
    'end with data': ({ connection }) => connection.end('x'),
  }
  const nothing: Record<string, (wire: Wired) => unknown> = {
    'an empty write': ({ connection }) => connection.write(''),
    'an empty list': ({ connection }) => connection.write([]),
    flush: ({ connection }) => connection.flush(),
    'a write that is refused': ({ connection }) => connection.write(5 as unknown as string).catch(() => {}),
  }
  for (const [wanted, list] of [
    ['idle', writes],
    ['read', nothing],
  ] as const) {
    for (const [name, write] of Object.entries(list)) {
      const wire = wired(limits)
      wire.push('x')
      await wire.connection.readExactly(1)
      await write(wire)
      t.equal(await limitOf(wire, exactly), wanted, name)
    }
  }
})

t.test('a byte ends the idle wait, also one that is dropped at once', async (t) => {
  for (const { name, start, some } of connectionKinds) {
    const own = ({ connection }: Wired, options?: ReadOptions): Promise<unknown> => start(connection, options)
    if (some === '') continue
    const there = wired(limits)
    there.push(some)
    t.equal(await limitOf(there, own, { idle: true }), 'read', `${name}: it was there`)
    const comes = wired(limits)
    const late: Start = (wire) => {
      const read = own(wire)
      wire.push(some)
      return read
    }
    t.equal(await limitOf(comes, late), 'read', `${name}: it arrived`)
  }
  const nothing: Start = (wire) => {
    const read = exactly(wire)
    wire.push('')
    return read
  }
  t.equal(await limitOf(wired(limits), nothing), 'idle', 'an empty piece is no byte')
  const overflow: Start = ({ connection, push }) => {
    const line = connection.lines({ maxBytes: 2, overflow: 'skip' }).next()
    push('over-long')
    return line
  }
  t.equal(await limitOf(wired(limits), overflow), 'read', 'the rest of an over-long line')
})
