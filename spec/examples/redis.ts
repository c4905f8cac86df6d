// The Redis server of the examples for specs: in memory, and how its clients write commands.

import type { Test } from 'tap'
import type { Connection } from '../../lib/index.js'
import { type MemoryServer, type MemoryServerOptions, memoryServer } from '../../lib/testing/index.js'
import { importExample } from './in-process.js'

type Settings = import('../../examples/redis/settings.js').Settings
export type Redis = import('../../examples/redis/server.js').Redis

const { serveClient } = await importExample<typeof import('../../examples/redis/session.js')>('redis/session')
const server = await importExample<typeof import('../../examples/redis/server.js')>('redis/server')

export interface Served extends MemoryServer {
  readonly redis: Redis
}

/** The server in memory. `clock`: that of its connections. */
export function served(t: Test, settings: Partial<Settings> = {}, options: MemoryServerOptions = {}): Served {
  const memory = memoryServer(options)
  const redis = new server.Redis(settings)
  memory.server.serve((connection) => serveClient(connection, redis)).catch(() => {})
  t.teardown(() => memory.server.close({ grace: 0 }))
  return Object.assign(memory, { redis })
}

/** A command as client libraries write it. Text has one character a byte. */
export function encode(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
}

/** The same for words with spaces between them; `''` is an empty one. */
export function line(text: string): string {
  return encode(...text.split(' ').map((word) => (word === "''" ? '' : word)))
}

export async function send(client: Connection, ...lines: readonly string[]): Promise<void> {
  await client.write(lines.map(line).join(''), 'latin1')
}

/** Sends a command and reads the bytes of the answer that is expected; `¶` is a line end. Resolves with what came instead. */
export async function ask(client: Connection, command: string, expected: string): Promise<string> {
  await send(client, command)
  return receive(client, expected)
}

/** Reads as many bytes as are expected. */
export async function receive(client: Connection, expected: string): Promise<string> {
  const text = await client.readExactly(lines(expected).length, 'latin1')
  return text.replaceAll('\r\n', '¶')
}

export function lines(text: string): string {
  return text.replaceAll('¶', '\r\n')
}
