// Statements about writing: the order, the encoding and the pieces of what is sent, back-pressure and its limits.

import { createHash } from 'node:crypto'
import { pattern, until } from '../../support/wait.js'
import { outcome, type Statement, tells } from './world.js'

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const large = pattern(5_000_000)

export const writing: readonly Statement[] = [
  tells('writes that are not awaited arrive in order', '0123456789', async ({ client, connection }) => {
    for (let n = 0; n < 10; n++) void client.write(String(n))
    return connection.readExactly(10, 'utf8')
  }),
  tells('several pieces are one write', 'one, two, three', async ({ client, connection }) => {
    await client.end(['one', Buffer.from(', two'), new Uint16Array(0), ', three'])
    return connection.readToEnd('utf8')
  }),
  tells('text is written in the given encoding', [0xe9, 0xff], async ({ client, connection }) => {
    await client.write('éÿ', 'latin1')
    return [...(await connection.readExactly(2))]
  }),
  tells(
    'data that cannot be written is a TypeError, and none of it is sent',
    ['TypeError', 'TypeError', 'x'],
    async ({ client, connection }) => {
      const faults = [await outcome(client.write(5 as never)), await outcome(client.write(['a', null] as never))]
      await client.end('x')
      return [...faults, await connection.readToEnd('utf8')]
    },
  ),
  tells('five megabytes arrive whole, there and back', [sha(large), sha(large)], async ({ client, connection }) => {
    const options = { maxBytes: large.length }
    const [there, back] = await Promise.all([
      connection.readToEnd(options),
      client.readToEnd(options),
      client.end(large),
      connection.end(large),
    ])
    return [sha(there), sha(back)]
  }),
  tells('a source is written to its end, and the stream stays open', [6, 'abcdef', 'more'], async ({ client, connection }) => {
    const written = await client.writeFrom(['ab', Buffer.from('cd'), 'ef'])
    await client.end('more')
    return [written, await connection.readExactly(6, 'utf8'), await connection.readToEnd('utf8')]
  }),
  tells(
    "a source's own error rejects as it is, and the connection goes on",
    ['SyntaxError', 'ab', 'more'],
    async ({ client, connection }) => {
      async function* source(): AsyncGenerator<string> {
        yield 'ab'
        throw new SyntaxError('of the source')
      }
      const fault = await outcome(client.writeFrom(source()))
      await client.end('more')
      return [fault, await connection.readExactly(2, 'utf8'), await connection.readToEnd('utf8')]
    },
  ),
  tells('tryWrite queues all of its data while there is room', [true, 'taken'], async ({ client, connection }) => {
    const taken = client.tryWrite('taken')
    await client.end()
    return [taken, await connection.readToEnd('utf8')]
  }),
  tells('tryWrite queues nothing while too much is queued', [false, 40_000_000], async ({ client, connection }) => {
    void client.write(Buffer.alloc(40_000_000))
    const taken = client.tryWrite('y')
    const [skipped] = await Promise.all([connection.skip(40_000_000), client.end()])
    return [taken, skipped + (await connection.readToEnd()).length]
  }),
  tells('after flush nothing is queued, and both sides count the same bytes', [0, 3, 3], async ({ client, connection }) => {
    void client.write('abc')
    await client.flush()
    const { queued, bytesWritten } = client
    await until(() => connection.bytesRead === 3)
    return [queued, bytesWritten, connection.bytesRead]
  }),
  tells('a write waits for a peer that does not read', ['waits', 'written'], async ({ client, connection }) => {
    let written = 'waits'
    const writing = client.write(Buffer.alloc(40_000_000)).then(() => {
      written = 'written'
    })
    await until(() => connection.buffered > 0)
    const before = written
    await connection.skip(40_000_000)
    await writing
    return [before, written]
  }),
  tells(
    'a write that finds too much queued aborts the connection',
    ['LimitExceededError ERR_LINNET_LIMIT', 'aborted', 'ERR_LINNET_LIMIT'],
    async ({ client }) => {
      void client.write(Buffer.alloc(20_000_000))
      const fault = await outcome(client.write('x'))
      const { by, error } = await client.closed
      return [fault, by, (error as { code: string }).code]
    },
    { client: { maxWriteBuffer: 1_000_000 } },
  ),
  tells(
    'after its own end a side rejects writes',
    ['ConnectionClosedError ERR_LINNET_CLOSED', false, 'ConnectionClosedError ERR_LINNET_CLOSED'],
    async ({ client }) => {
      await client.end()
      return [await outcome(client.write('x')), client.tryWrite('x'), await outcome(client.end('x'))]
    },
  ),
]
