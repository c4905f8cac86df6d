// Memory that returned text keeps alive. A line that a program keeps holds less than 4 KiB beside itself. A connection whose
// bytes were all read holds nothing.

import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { wired } from '../connection/reading/support.js'
import { collect as gc } from '../support/collect.js'
import { turn } from '../support/wait.js'

// Settled promises are released only after the turn.
async function collect(): Promise<void> {
  for (let n = 0; n < 3; n++) {
    await turn()
    gc()
  }
}

/** Bytes of the heap that the result of `make` keeps in use. */
async function kept(make: () => Promise<unknown>): Promise<number> {
  await collect()
  const before = process.memoryUsage().heapUsed
  const result = await make()
  await collect()
  const after = process.memoryUsage().heapUsed
  // Keeps it alive until here.
  if (result === undefined) throw new Error('nothing was kept')
  return after - before
}

const KiB = 1024
const junk = `${'x'.repeat(999)}\n`.repeat(17)
const wide = `${'ж'.repeat(500)}\n`.repeat(17)

const readers: Record<string, (connection: Connection) => Promise<string>> = {
  'lineBatches of text that is not ASCII': async (connection) => (await connection.lineBatches().next()).value[0],
  readLine: (connection) => connection.readLine(),
  lines: async (connection) => (await connection.lines().next()).value,
  tryReadLine: async (connection) => connection.tryReadLine() as string,
  lineBatches: async (connection) => (await connection.lineBatches().next()).value[0],
  'batches as text': async (connection) => (await connection.batches('\n', 'latin1').next()).value[0],
  'readUntil as text': (connection) => connection.readUntil('\n', 'latin1'),
  'readUntilMatch as text': (connection) => connection.readUntilMatch(/\n/, 'latin1'),
}

t.test('a short line that a program keeps holds at most 4 KiB, whatever arrived with it', async (t) => {
  for (const [name, read] of Object.entries(readers)) {
    const count = 1000
    const one = async (n: number): Promise<string> => {
      const { connection, push } = wired()
      push(Buffer.from(`KEY-${String(n).padStart(10, '0')}\n${name.includes('not ASCII') ? wide : junk}`))
      const line = await read(connection)
      while (connection.buffered > 0) await connection.readLine()
      return line
    }
    const many = async (): Promise<string[]> => {
      const lines: string[] = []
      for (let n = 0; n < count; n++) lines.push(await one(n))
      return lines
    }
    // The first run also compiles code, which stays.
    await kept(many)
    const bytes = Math.min(await kept(many), await kept(many))
    t.ok(bytes / count < 4.2 * KiB, `${name}: ${Math.round(bytes / count)} bytes for each line`)
  }
})

t.test('a connection whose bytes were all read holds none of the text', async (t) => {
  const text = `${'y'.repeat(63)}\n`.repeat(256)
  const emptied: Record<string, (connection: Connection) => Promise<unknown>> = {
    readLine: async (connection) => {
      for (let n = 0; n < 256; n++) await connection.readLine()
    },
    'lines, then read': async (connection) => {
      await connection.readLine()
      await connection.read()
    },
    'lines, then readUntil': async (connection) => {
      await connection.readLine()
      for (let n = 1; n < 256; n++) await connection.readUntil('\n')
    },
    'a pattern, then skip': async (connection) => {
      await connection.readUntilMatch(/\n/)
      await connection.skip(text.length - 64)
    },
    'a message': (connection) =>
      connection.readMessage(async (reader) => {
        await reader.readUntilMatch(/\n/)
        await reader.readExactly(text.length - 64)
      }),
  }
  const count = 200
  const all = async (empty: (connection: Connection) => Promise<unknown>): Promise<number> => {
    const wires: unknown[] = []
    return kept(async () => {
      for (let n = 0; n < count; n++) {
        const wire = wired()
        wire.push(text)
        await empty(wire.connection)
        wires.push(wire)
      }
      return wires
    })
  }
  const nothing = await all((connection) => connection.skip(text.length))
  for (const [name, empty] of Object.entries(emptied)) {
    await all(empty)
    const bytes = (await all(empty)) - nothing
    t.ok(bytes / count < KiB, `${name}: ${Math.round(bytes / count)} bytes for each connection`)
  }
})
