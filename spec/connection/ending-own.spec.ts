// end(): later writes reject, earlier ones arrive, and reading goes on until the peer ends too.

import t from 'tap'
import { type Connection, ConnectionClosedError } from '../../lib/index.js'
import { everywhere, memory } from '../support/fixture.js'
import { isPending, pattern, rejection, turns, within } from '../support/wait.js'
import { everyWriteFails } from './verdict.js'

const isClosed = (error: unknown): boolean => error instanceof ConnectionClosedError && error.cause === undefined

everywhere(t, 'after an own end writes reject, reads go on, and the connection is closed when the peer ends', async (t, connect) => {
  const { a, b } = await connect()
  a.write('one ')
  await a.end('two')
  t.same({ ended: a.ended, peerEnded: a.peerEnded, over: a.signal.aborted }, { ended: true, peerEnded: false, over: false })
  await everyWriteFails(t, a, isClosed)
  t.equal(await b.readToEnd('utf8'), 'one two')
  b.write('still ')
  await turns()
  b.write('talking\n')
  t.equal(await a.readLine(), 'still talking')
  t.equal(await isPending(a.closed), true)
  await b.end('last')
  t.equal(await a.readToEnd('utf8'), 'last')
  const info = await within(a.closed)
  t.same({ by: info.by, bytesRead: info.bytesRead, bytesWritten: info.bytesWritten }, { by: 'local', bytesRead: 18, bytesWritten: 7 })
  t.notOk('error' in info)
  await everyWriteFails(t, a, isClosed)
})

everywhere(t, 'end resolves once all is sent, and the end of stream follows it', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e8, readHighWaterMark: 1 } })
  const data = pattern(12_000_000)
  const write = a.write(data)
  const end = a.end()
  t.equal(await isPending(end), true)
  t.equal(b.peerEnded, false)
  t.ok((await b.readToEnd()).equals(data))
  await Promise.all([write, end, a.flush()])
  t.equal(a.queued, 0)
})

everywhere(t, 'a second end does nothing and resolves with the first; with data it is a write after the end', async (t, connect) => {
  const { a, b } = await connect()
  const ends = [a.end('x'), a.end(), a.end()]
  t.ok(isClosed(await rejection(a.end('y'))))
  t.equal(await b.readToEnd('utf8'), 'x')
  await Promise.all(ends)
  await a.end()
  await b.end()
  await within(a.closed)
  await a.end()
  await b.end()
})

everywhere(t, 'an own end does not affect a pending read', async (t, connect) => {
  const { a, b } = await connect()
  const read = a.readLine()
  await a.end()
  t.equal(await isPending(read), true)
  await b.write('late\n')
  t.equal(await read, 'late')
})

t.test('an end that cannot be sent rejects as the writes do, and may be ignored', async (t) => {
  const broken: [name: string, by: (a: Connection, b: Connection) => void, code: string][] = [
    ['loss', (_, b) => b.abort(), 'ECONNRESET'],
    ['abort', (a) => a.abort(new Error('why')), 'ERR_LINNET_CLOSED'],
  ]
  for (const [name, by, code] of broken) {
    const { a, b } = memory(t, { highWaterMark: 10, server: { readHighWaterMark: 1 } })
    const end = a.end(Buffer.alloc(1000))
    a.end()
    await turns()
    by(a, b)
    t.equal(((await rejection(end)) as { code: string }).code, code, name)
    t.ok(isClosed(await rejection(a.end())), 'and later ones as what came first: this side had ended')
  }
})

t.test('an end after a loss rejects with the loss, also if the peer had ended before', async (t) => {
  for (const ended of [true, false]) {
    const { a, b } = memory(t)
    if (ended) {
      await b.end()
      t.equal(await a.read(), null)
    }
    b.abort()
    await a.closed
    t.equal(((await rejection(a.end())) as { code: string }).code, 'ECONNRESET')
  }
})
