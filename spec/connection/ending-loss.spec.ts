// A loss: the peer or the network broke the connection. Bytes received before are read first; then all calls reject with
// one error.

import t, { type Test } from 'tap'
import { type Connection, ConnectionLostError } from '../../lib/index.js'
import { type CarrierName, everywhere, memory } from '../support/fixture.js'
import { rejection, turns, until, within } from '../support/wait.js'
import { everyReadFails, everyWriteFails } from './verdict.js'

/** Breaks the connection from `a`. A Unix socket has no reset of its own, but closing it with unread bytes makes one. */
async function breakOff(a: Connection, b: Connection, carrier: CarrierName): Promise<void> {
  if (carrier === 'unix') {
    b.write(Buffer.alloc(2_000_000))
    await turns()
  }
  a.abort()
}

async function checkLoss(t: Test, b: Connection, carrier: CarrierName, error: unknown): Promise<void> {
  t.ok(error instanceof ConnectionLostError)
  const { code, cause, message } = error as ConnectionLostError
  // A stream that is closed early has no error of the system.
  t.match(code, carrier === 'duplex' ? /^(EPIPE|ERR_LINNET_LOST)$/ : /^(ECONNRESET|EPIPE)$/)
  t.equal((cause as { code?: string }).code ?? 'ERR_LINNET_LOST', code)
  if (code !== 'ERR_LINNET_LOST') t.match(message, code)
  t.equal((error as ConnectionLostError).remote, b.remote, 'which peer it was')
  if (b.remote.address !== '') t.match(message, `the connection to ${b.remote} was lost`)
  const info = await within(b.closed)
  t.equal(info.by, 'lost')
  t.equal(info.error, error, 'the very error that a read rejects with')
  t.equal(b.signal.aborted, true)
  t.equal(b.signal.reason, error)
  t.equal(b.drainSignal.aborted, false)
}

everywhere(t, 'a pending read rejects with the loss, and so do all later calls', async (t, connect, carrier) => {
  const { a, b } = await connect()
  const read = rejection(b.readLine())
  await turns()
  await breakOff(a, b, carrier)
  const error = await within(read)
  await checkLoss(t, b, carrier, error)
  const isLoss = (found: unknown): boolean => found === error
  await everyReadFails(t, b, isLoss)
  await everyWriteFails(t, b, isLoss)
  t.ok(isLoss(await rejection(b.end())))
  await b.close()
  t.equal((await b.closed).by, 'lost', 'a close that comes later changes nothing')
  b.abort(new Error('too late'))
  await everyReadFails(t, b, isLoss)
})

everywhere(t, 'bytes received before a loss are read, line by line and down to the last byte', async (t, connect, carrier) => {
  const { a, b } = await connect()
  await a.write('one\ntwo\nhalf')
  await until(() => b.buffered === 12)
  await breakOff(a, b, carrier)
  await within(b.closed)
  t.equal(await b.readLine(), 'one')
  t.equal(b.tryReadLine(), 'two')
  const error = await rejection(b.readLine())
  await checkLoss(t, b, carrier, error)
  await everyReadFails(t, b, (found) => found === error, { atEnd: false })
  t.equal(await b.read('utf8'), 'half')
  await everyReadFails(t, b, (found) => found === error)
})

everywhere(t, 'pending writes, flushes and ends reject with a loss', async (t, connect, carrier) => {
  const { a, b } = await connect()
  const waiting = [b.write(Buffer.alloc(12_000_000)), b.write('x'), b.flush(), b.end()].map(rejection)
  await turns()
  const { queued } = b
  t.ok(queued > 0)
  a.abort()
  const [error, ...others] = await within(Promise.all(waiting))
  await checkLoss(t, b, carrier, error)
  for (const other of others) t.equal(other, error)
  t.equal(b.queued, 0)
  t.equal((await b.closed).bytesWritten, b.bytesWritten)
  t.ok(b.bytesWritten < 12_000_000)
})

everywhere(t, 'a loss is noticed without a pending read or write', async (t, connect, carrier) => {
  const { a, b } = await connect()
  const over = new Promise((resolve) => b.signal.addEventListener('abort', resolve, { once: true }))
  await breakOff(a, b, carrier)
  await within(over)
  t.equal((await b.closed).by, 'lost')
})

t.test("after a loss that follows the peer's end, reads still see the end, and writes the loss", async (t) => {
  const { a, b } = memory(t)
  await a.end('last')
  await until(() => b.peerEnded)
  a.abort()
  const { by, error } = await within(b.closed)
  t.equal(by, 'lost')
  t.equal(await b.readToEnd('utf8'), 'last')
  t.equal(await b.read(), null)
  t.equal(await rejection(b.write('x')), error)
})
