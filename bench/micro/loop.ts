// The whole loop without a socket: lines are echoed over a pair of connections in memory. The time is that of one line, including the small
// part of the sender, which writes 64 KiB at once and skips the answers.

import type { Connection } from '../../lib/index.js'
import { pair } from '../../lib/testing/index.js'
import { type Case, many } from './case.js'

const SIZE = 64
const LINES = 1024
const BLOCK = SIZE * LINES
const block = Buffer.alloc(BLOCK, `${'x'.repeat(SIZE - 1)}\n`)

const echoing = (name: string, handler: (connection: Connection) => Promise<unknown>): Case => {
  const [client, server] = pair({ highWaterMark: 4 * BLOCK })
  void server.run(handler)
  return many('loop', name, LINES, async () => {
    await client.write(block)
    await client.skip(BLOCK)
  })
}

export const loop: readonly Case[] = [
  echoing('readUntil, write', async (connection) => {
    for (;;) await connection.write(await connection.readUntil('\n'))
  }),
  echoing('lines(), write', async (connection) => {
    for await (const line of connection.lines()) await connection.write(`${line}\n`)
  }),
  echoing('readLine, write', async (connection) => {
    for (;;) await connection.write(`${await connection.readLine()}\n`)
  }),
  echoing('tryReadLine first, write', async (connection) => {
    for (;;) {
      const line = connection.tryReadLine() ?? (await connection.readLine())
      await connection.write(`${line}\n`)
    }
  }),
  echoing('tryReadUntil first, write', async (connection) => {
    for (;;) {
      const line = connection.tryReadUntil('\n') ?? (await connection.readUntil('\n'))
      await connection.write(line)
    }
  }),
  echoing('tryReadUntil first, tryWrite first', async (connection) => {
    for (;;) {
      const line = connection.tryReadUntil('\n') ?? (await connection.readUntil('\n'))
      if (!connection.tryWrite(line)) await connection.write(line)
    }
  }),
  echoing('readMessage of readUntil, write', async (connection) => {
    for (;;) await connection.write(await connection.readMessage((reader) => reader.readUntil('\n')))
  }),
  echoing('readExactly, write', async (connection) => {
    for (;;) await connection.write(await connection.readExactly(SIZE))
  }),
  echoing('chunks, write', async (connection) => {
    for await (const chunk of connection) await connection.write(chunk)
  }),
]
