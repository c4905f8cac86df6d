// One client of the cache: its commands are read and answered one after the other. All that a client has sent at once is answered by one
// write, because linnet sends what was written when the next read has to wait.

import { type Connection, LimitExceededError } from 'linnet'
import { CommandError, LARGEST_VALUE } from './arguments.js'
import type { Answer, Command, Counts, Session } from './command.js'
import { commands } from './commands.js'
import { metaCommands } from './meta.js'
import type { Store } from './store.js'

/** The bytes that are written at once, about. */
const GROUP = 65_536
/** The longest line; a value is not part of it. */
const LINE = { maxBytes: 8192, encoding: 'latin1' } as const
/** A client that announces more than this is cut off instead. */
const MOST_DROPPED = 64 * 1024 * 1024

const all: Readonly<Record<string, Command>> = { ...commands, ...metaCommands }

/** Serves one client: the handler of `server.serve`. */
export async function serveClient(connection: Connection, store: Store, counts: Counts): Promise<void> {
  const session: Session = { store, counts, value: (length) => readValue(connection, length) }
  for (;;) {
    let line: string
    try {
      line = connection.tryReadLine(LINE) ?? (await connection.readLine(LINE))
    } catch (error) {
      if (!(error instanceof LimitExceededError)) throw error
      await connection.write('CLIENT_ERROR line too long\r\n')
      return
    }
    const [name = '', ...args] = line.split(' ').filter((word) => word !== '')
    if (name === 'quit') return
    let answer: Answer
    let fatal = false
    try {
      answer = Object.hasOwn(all, name) ? await (all[name] as Command)(args, session) : 'ERROR'
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      answer = error.message
      ;({ fatal } = error)
    }
    // A client that does not read its answers is not read from.
    if (typeof answer === 'string') await connection.write(`${answer}\r\n`, 'latin1')
    else if (answer !== undefined) await writePieces(connection, answer)
    if (fatal) return
  }
}

/** Writes in groups, and waits between them: `get a a a …` asks for the same value thousands of times. */
async function writePieces(connection: Connection, pieces: Iterable<string | Uint8Array>): Promise<void> {
  let group: (string | Uint8Array)[] = []
  let size = 0
  for (const piece of pieces) {
    group.push(piece)
    size += piece.length
    if (size < GROUP) continue
    await connection.write(group, 'latin1')
    group = []
    size = 0
  }
  if (size > 0) await connection.write(group, 'latin1')
}

async function readValue(connection: Connection, length: number): Promise<Uint8Array> {
  if (length > LARGEST_VALUE) {
    const error = new CommandError('SERVER_ERROR object too large for cache', length > MOST_DROPPED)
    if (!error.fatal) await connection.skip(length + 2)
    throw error
  }
  const bytes = await connection.readExactly(length + 2, { maxBytes: LARGEST_VALUE + 2 })
  if (bytes[length] === 13 && bytes[length + 1] === 10) return new Uint8Array(bytes.subarray(0, length))
  // The rest of the line is not taken for a command.
  if (bytes[length + 1] !== 10) await connection.skipUntil('\n')
  throw new CommandError('CLIENT_ERROR bad data chunk')
}
