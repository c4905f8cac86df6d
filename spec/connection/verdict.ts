// The errors of every read and every write after something has ended a connection.

import type { Test } from 'tap'
import type { Connection } from '../../lib/index.js'
import { rejection, within } from '../support/wait.js'

type Ask = (connection: Connection) => Promise<unknown>

/** Every read, without options. */
const reads: Readonly<Record<string, Ask>> = {
  readUntil: (c) => c.readUntil('\n'),
  readLine: (c) => c.readLine(),
  readExactly: (c) => c.readExactly(1000),
  readInto: (c) => c.readInto(Buffer.alloc(1000)),
  readMessage: (c) => c.readMessage((reader) => reader.readLine()),
  readUntilMatch: (c) => c.readUntilMatch(/\n/),
  peek: (c) => c.peek(1000),
}
/** Reads that an end of stream satisfies. */
export const readsToEnd: Readonly<Record<string, Ask>> = {
  read: (c) => c.read(),
  readToEnd: (c) => c.readToEnd(),
  chunks: (c) => c.chunks().next(),
  lines: (c) => c.lines().next(),
  lineBatches: (c) => c.lineBatches().next(),
  batches: (c) => c.batches('\n').next(),
  iterator: (c) => c[Symbol.asyncIterator]().next(),
}
/** Reads that consume the buffered bytes although they are not enough. */
const takers: Readonly<Record<string, Ask>> = {
  'chunks of n': (c) => c.chunks(1000).next(),
  skip: (c) => c.skip(1000),
  skipUntil: (c) => c.skipUntil('\n'),
}
const tries: Readonly<Record<string, (connection: Connection) => unknown>> = {
  tryReadUntil: (c) => c.tryReadUntil('\n'),
  tryReadLine: (c) => c.tryReadLine(),
  tryReadExactly: (c) => c.tryReadExactly(1000),
}
const writes: Readonly<Record<string, Ask>> = {
  write: (c) => c.write('x'),
  'write of a list': (c) => c.write(['x']),
  'write of nothing': (c) => c.write(''),
  'end with data': (c) => c.end('x'),
  writeFrom: (c) => c.writeFrom(['x']),
}

export type Check = (error: unknown) => boolean

/** Checks that every read rejects, and the synchronous ones throw, with what `check` accepts. Without `atEnd`, not those that an end satisfies or that consume too few bytes. */
export async function everyReadFails(t: Test, connection: Connection, check: Check, { atEnd = true } = {}): Promise<void> {
  const { buffered } = connection
  for (const [name, read] of Object.entries(atEnd ? { ...reads, ...readsToEnd, ...takers } : reads)) {
    const error = await within(rejection(read(connection)), name)
    if (!check(error)) t.fail(`${name} says the wrong thing`, { found: error })
  }
  for (const [name, read] of Object.entries(tries)) {
    let error: unknown
    try {
      error = `${read(connection)}`
    } catch (thrown) {
      error = thrown
    }
    if (!check(error)) t.fail(`${name} says the wrong thing`, { found: error })
  }
  t.equal(connection.buffered, atEnd ? 0 : buffered, 'every read says so')
}

/** Checks that every write rejects with what `check` accepts and queues nothing, and that `tryWrite` returns false. */
export async function everyWriteFails(t: Test, connection: Connection, check: Check): Promise<void> {
  const { bytesWritten, queued } = connection
  for (const [name, write] of Object.entries(writes)) {
    const error = await within(rejection(write(connection)), name)
    if (!check(error)) t.fail(`${name} says the wrong thing`, { found: error })
  }
  t.equal(connection.tryWrite('x'), false, 'every write says so')
  t.ok(connection.bytesWritten + connection.queued <= bytesWritten + queued, 'nothing of it was taken')
}
