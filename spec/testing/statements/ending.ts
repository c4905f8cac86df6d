// Statements about how connections end: by an end, a close, an abort, a drain, a handler, a pipe or a bridge.

import { once } from 'node:events'
import { pipe, together } from '../../../lib/index.js'
import { until } from '../../support/wait.js'
import { end, fault, outcome, type Statement, says, tells } from './world.js'

const CLOSED = 'ConnectionClosedError ERR_LINNET_CLOSED'
const LOST = 'ConnectionLostError ECONNRESET'

export const ending: readonly Statement[] = [
  tells('an end ends one direction, and the other goes on', ['question', 'answer'], async ({ client, connection }) => {
    await client.end('question')
    const question = await connection.readToEnd('utf8')
    await connection.end('answer')
    return [question, await client.readToEnd('utf8')]
  }),
  tells('both sides report which of them ended first', ['local', 'peer'], async ({ client, connection }) => {
    await client.end()
    await connection.readToEnd()
    await connection.end()
    return [await end(client), await end(connection)]
  }),
  tells('an end shows as ended on its side, and as peerEnded on the other', [true, false, false, true], async ({ client, connection }) => {
    await client.end()
    await until(() => connection.peerEnded)
    return [client.ended, client.peerEnded, connection.ended, connection.peerEnded]
  }),
  tells('close sends what was written, then the end', ['last words', 'local', 'peer'], async ({ client, connection }) => {
    void client.write('last words')
    const closing = client.close()
    const words = await connection.readToEnd('utf8')
    await connection.close()
    await closing
    return [words, await end(client), await end(connection)]
  }),
  tells('after its own close a side reads and writes no more', [CLOSED, CLOSED], async ({ client }) => {
    void client.close()
    return [await outcome(client.read()), await outcome(client.write('x'))]
  }),
  tells('a close rejects the pending read of its side', CLOSED, async ({ client }) => {
    const read = outcome(client.read())
    void client.close()
    return read
  }),
  tells('disposing of a connection closes it', ['local', null], async ({ client, connection }) => {
    const closing = client[Symbol.asyncDispose]()
    const last = await connection.read()
    await connection.close()
    await closing
    return [await end(client), last]
  }),
  tells(
    'close waits for the peer no longer than closeTimeout',
    [false, 'local'],
    async ({ client, connection }) => {
      await client.close()
      return [connection.ended, await end(client)]
    },
    { client: { closeTimeout: 20 } },
  ),
  tells('an abort is a loss for the other side', ['aborted: Error', `lost: ${LOST}`], async ({ client, connection }) => {
    client.abort(new Error('enough'))
    return [await end(client), await end(connection)]
  }),
  tells('pending and later calls reject with the reason of an abort as their cause', [CLOSED, 'enough', 'enough'], async ({ client }) => {
    const read = client.read().catch((error) => error)
    const reason = new Error('enough')
    client.abort(reason)
    const error = await read
    const later = await client.write('x').catch((error) => error)
    return [fault(error), error.cause.message, later.cause.message]
  }),
  tells('bytes that arrived before a reset are delivered', ['first', LOST], async ({ client, connection }) => {
    await client.write('first')
    await until(() => connection.buffered === 5)
    client.abort()
    await connection.closed
    return [await connection.read('utf8'), await outcome(connection.read())]
  }),
  tells('a write after a loss rejects with the loss', LOST, async ({ client, connection }) => {
    client.abort()
    await connection.closed
    return outcome(connection.write('x'))
  }),
  tells(
    "with allowHalfOpen: false the peer's end closes the connection",
    ['peer', CLOSED],
    async ({ client, connection }) => {
      void client.end()
      const ended = await end(connection)
      return [ended, await outcome(connection.write('x'))]
    },
    { server: { allowHalfOpen: false } },
  ),
  tells('closed has the numbers of bytes read and written', ['read 3, written 5', 'read 5, written 3'], async ({ client, connection }) => {
    await Promise.all([client.end('12345'), connection.end('123'), client.readToEnd(), connection.readToEnd()])
    const infos = await Promise.all([client.closed, connection.closed])
    return infos.map(({ bytesRead, bytesWritten }) => `read ${bytesRead}, written ${bytesWritten}`)
  }),
  tells('the signal aborts with the error of a later read', [LOST, true], async ({ client, connection }) => {
    const { signal } = connection
    const aborted = once(signal, 'abort')
    client.abort()
    await aborted
    const error = await connection.read().catch((error) => error)
    return [fault(signal.reason), signal.reason === error]
  }),
  tells(
    'a drain rejects a read that waits for a new message',
    ['DrainingError ERR_LINNET_DRAINING', true, 'goodbye'],
    async ({ client, connection }) => {
      const read = outcome(connection.readLine())
      const { drainSignal } = connection
      connection.drain()
      const refused = await read
      await connection.end('goodbye')
      return [refused, drainSignal.aborted, await client.readToEnd('utf8')]
    },
  ),
  tells(
    'a drained connection reads the rest of a message',
    ['line', 'DrainingError ERR_LINNET_DRAINING'],
    async ({ client, connection }) => {
      await client.write('li')
      await until(() => connection.buffered === 2)
      connection.drain()
      const read = connection.readLine()
      await client.write('ne\n')
      const line = await read
      await connection.write('answer\n')
      return [line, await outcome(connection.readLine())]
    },
  ),
  tells("a client's run resolves with the value of its handler, and closes", ['value', 'local', null], async ({ client, connection }) => {
    const running = client.run(async () => 'value')
    const last = await connection.read()
    await connection.close()
    return [await running, await end(client), last]
  }),
  tells(
    "a client's run rejects with what its handler threw, and a second one with a TypeError",
    ['SyntaxError', 'TypeError', 'local: SyntaxError'],
    async ({ client, connection }) => {
      void connection.close()
      const first = await outcome(client.run(() => Promise.reject(new SyntaxError('of the handler'))))
      return [first, await outcome(client.run(() => {})), await end(client)]
    },
  ),
  says('pipe copies bytes and ends in both directions', [{ aToB: 8, bToA: 6 }, 'question', 'answer'], async (world) => {
    const [front, back] = [await world.both(), await world.both()]
    const piping = pipe(front.connection, back.client)
    await front.client.end('question')
    const question = await back.connection.readToEnd('utf8')
    await back.connection.end('answer')
    const answer = await front.client.readToEnd('utf8')
    return [await piping, question, answer]
  }),
  says(
    'pipe aborts both connections when one is lost',
    [LOST, 'aborted: ConnectionLostError ECONNRESET', `lost: ${LOST}`],
    async (world) => {
      const [front, back] = [await world.both(), await world.both()]
      const piping = outcome(pipe(front.connection, back.client))
      front.client.abort()
      return [await piping, await end(back.client), await end(back.connection)]
    },
  ),
  tells('together settles only after all of its tasks', [`${LOST}`, 'over'], async ({ client, connection }) => {
    let writer = 'goes on'
    const tasks = together([
      () => connection.readLine(),
      async (signal) => {
        await once(signal, 'abort')
        writer = 'over'
      },
    ])
    client.abort()
    return [await outcome(tasks), writer]
  }),
  tells('a connection is a Duplex of Node', 'echo', async ({ client, connection }) => {
    const duplex = connection.toDuplex()
    duplex.pipe(duplex)
    await client.end('echo')
    return client.readToEnd('utf8')
  }),
  tells('a connection is a pair of web streams', 'echo', async ({ client, connection }) => {
    const { readable, writable } = connection.toWeb()
    void readable.pipeTo(writable)
    await client.end('echo')
    return client.readToEnd('utf8')
  }),
]
