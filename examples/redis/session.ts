// The conversation with a client: what has arrived is carried out command by command, and all answers leave together.

import { type Connection, together } from 'linnet'
import { Client } from './client.js'
import { ProtocolError } from './error.js'
import { execute } from './execute.js'
import { array, bulk, errorReply, noArray } from './reply.js'
import type { Redis } from './server.js'
import type { Wait, Waiter } from './waiting.js'

/** Answers of this size are sent before more commands are carried out: small commands may have large answers. */
const MANY_ANSWERS = 64 * 1024
/** Why `answer` has returned, if not for a wait. */
const DONE = Symbol('done')
const MORE = Symbol('more')
/** How much is read from a client that waits for an element. */
const READ_AHEAD = 64 * 1024
/** The longest time that a timer has. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Between two commands; the rest of a command; between two messages, where a client may be silent for ever. */
const NEW = { encoding: 'latin1', idle: true } as const
const REST = { encoding: 'latin1', idle: false } as const
const SILENT = { ...NEW, timeout: Number.POSITIVE_INFINITY } as const

/** Serves one client: the handler of `server.serve`. */
export async function serveClient(connection: Connection, redis: Redis): Promise<void> {
  const client = new Client(connection, redis)
  const { idle, command } = redis.settings
  connection.setLimits({ idleTimeout: idle, readTimeout: command })
  try {
    while (!client.quitting) {
      const text = await read(client)
      if (text === null) return
      client.parser.push(text)
      while (!client.quitting) {
        const wait = answer(client)
        // A client that does not read its answers is not served, nor read from.
        if (!client.trySend()) await client.send()
        if (wait === DONE) break
        if (wait !== MORE) await waitFor(client, wait)
      }
    }
  } finally {
    client.leave()
  }
}

/** Reads all that has arrived. */
function read(client: Client): Promise<string | null> {
  const { connection, parser, transaction, subscriptions, redis } = client
  const { idle, command, now } = redis.settings
  if (!parser.empty) {
    // The time is that of the whole command, however many pieces it arrives in.
    client.begun ??= now()
    return connection.read({ ...REST, timeout: Math.max(1, client.begun + command - now()) })
  }
  // A drain waits for EXEC, as it does for the end of a command.
  if (transaction !== undefined) return connection.read({ ...REST, timeout: idle })
  return connection.read(subscriptions > 0 ? SILENT : NEW)
}

/** Carries out the commands that have arrived whole: all of them, or up to one that waits, or until there are many answers. */
function answer(client: Client): Wait | typeof DONE | typeof MORE {
  client.answering = true
  try {
    while (!client.quitting) {
      const words = client.parser.next()
      if (words === undefined) return DONE
      client.begun = undefined
      const result = execute(words, client)
      if (typeof result !== 'string') return result
      client.answers += result
      if (client.answers.length > MANY_ANSWERS) return MORE
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    client.answers += errorReply(`ERR Protocol error: ${error.message}`)
    client.quitting = true
  }
  return DONE
}

/** Waits for an element, and meanwhile for the client to leave. What it sends while it waits is carried out afterwards. */
async function waitFor(client: Client, wait: Wait): Promise<void> {
  const { connection } = client
  const tasks = [(signal: AbortSignal) => element(client, wait, signal), (signal: AbortSignal) => readAhead(client, signal)]
  const answer = await together(tasks, { signal: connection.signal })
  if (answer === undefined) client.quitting = true
  else client.answers += answer
}

/** Resolves with the answer: an element, or none within the time. */
function element({ redis: { waiting }, protocol }: Client, wait: Wait, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      waiting.remove(waiter)
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
    }
    const cancel = (): void => {
      end()
      reject(signal.reason)
    }
    const answer = (text: string): void => {
      end()
      resolve(text)
    }
    const waiter: Waiter = { ...wait, give: (key, item) => answer(array([bulk(key), bulk(item)])) }
    const timer = wait.timeout > LONGEST_TIMER ? undefined : setTimeout(answer, wait.timeout, noArray(protocol))
    signal.addEventListener('abort', cancel)
    waiting.add(waiter)
  })
}

/** Reads up to a limit. Resolves when the client has left, and rejects when the server drains. */
async function readAhead({ connection, parser }: Client, signal: AbortSignal): Promise<undefined> {
  while (parser.waiting < READ_AHEAD) {
    const text = await connection.read({ ...SILENT, signal })
    if (text === null) return
    parser.push(text)
  }
  await aborted([signal, connection.drainSignal])
}

/** Rejects when one of the signals is aborted. */
function aborted(signals: readonly AbortSignal[]): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => {
      const first = signals.find(({ aborted }) => aborted)
      if (first === undefined) return
      for (const signal of signals) signal.removeEventListener('abort', end)
      reject(first.reason)
    }
    for (const signal of signals) signal.addEventListener('abort', end)
    end()
  })
}
