// Rules of `abort` and of losses: every call on the aborting side rejects, and the peer sees a loss after the bytes that had
// arrived, never an end of stream.

import { Readable } from 'node:stream'
import type { Connection } from '../../connection/connection.js'
import { ConnectionClosedError, ConnectionLostError, EndOfStreamError, type LinnetError, TimeoutError } from '../../errors.js'
import { begin, bytes, equal, expect, rejects, throws } from './expect.js'
import { fillUntilBlocked, type Rules, resets, send } from './speak.js'
import { turns, until } from './time.js'
import { unhandled } from './unhandled.js'

const reason = new Error('aborted by the check')

/** Reads and writes that must fail after an abort or a loss. */
const calls: readonly (readonly [string, (side: Connection) => Promise<unknown>])[] = [
  ['read', (side) => side.read()],
  ['readUntil', (side) => side.readUntil('\n')],
  ['readToEnd', (side) => side.readToEnd()],
  ['lines', (side) => side.lines().next()],
  ['chunks', (side) => side.chunks().next()],
  ['readMessage', (side) => side.readMessage((reader) => reader.readLine())],
  ['write', (side) => side.write('x')],
  ['end', (side) => side.end()],
]

export const aborting: Rules = {
  async 'the peer of an abort reads what had arrived, then ConnectionLostError and never an end'(a, b) {
    const { signal } = b
    await send(a, b, 'one\n', 'half')
    a.abort()
    if (!resets(a, b)) return endsAfterCut(b)
    const info = await b.closed
    equal(info.by, 'lost', 'by of closed')
    expect(info.error instanceof ConnectionLostError, `error of closed is ${info.error}`)
    expect(signal.aborted && signal.reason instanceof ConnectionLostError, `signal.reason is ${signal.reason}`)
    equal(await b.readLine(), 'one', 'a line that had arrived')
    await rejects(b.readLine(), ConnectionLostError, 'readLine of half a line')
    await rejects(b.readToEnd(), ConnectionLostError, 'readToEnd')
    bytes(await b.read(), 'half', 'read() of what had arrived')
    for (const [name, call] of calls) await rejects(call(b), ConnectionLostError, `${name} after the loss`)
    throws(() => b.tryReadLine(), ConnectionLostError, 'tryReadLine after the loss')
    equal(b.tryWrite('x'), false, 'tryWrite after the loss')
    equal(b.peerEnded, false, 'peerEnded after the loss')
  },

  async 'a read that waits as the peer aborts rejects with ConnectionLostError, and its bytes stay unread'(a, b) {
    const read = begin(b.readUntil('\n'))
    await send(a, b, 'half')
    a.abort()
    await rejects<LinnetError>(read, resets(a, b) ? ConnectionLostError : EndOfStreamError, 'readUntil')
    bytes(await b.readExactly(4), 'half', 'its bytes')
    if (resets(a, b)) await rejects(b.read(), ConnectionLostError, 'read() behind them')
  },

  async 'abort rejects every pending and later call with ConnectionClosedError, its cause the reason'(a, b) {
    await send(b, a, 'unread')
    // Last: the system may take more bytes when some arrive from the other side.
    const { write } = await fillUntilBlocked(a)
    const { signal } = a
    const pending = [begin(a.readUntil('\n')), begin(write), begin(a.flush())]
    a.abort(reason)
    for (const [n, call] of pending.entries()) {
      const error = await rejects(call, ConnectionClosedError, `${['readUntil', 'write', 'flush'][n]}, pending at the abort`)
      equal(error.cause, reason, 'its cause')
    }
    for (const [name, call] of calls)
      equal((await rejects(call(a), ConnectionClosedError, `${name} after abort`)).cause, reason, `the cause of ${name} after abort`)
    throws(() => a.tryReadExactly(1), ConnectionClosedError, 'tryReadExactly after abort')
    equal(a.tryWrite('x'), false, 'tryWrite after abort')
    const info = await a.closed
    equal([info.by, info.error], ['aborted', reason], 'by and error of closed')
    expect(
      signal.aborted && signal.reason instanceof ConnectionClosedError && signal.reason.cause === reason,
      `signal.reason is ${signal.reason}`,
    )
    equal([a.ended, a.buffered], [true, 0], 'ended and buffered after abort')
  },

  async 'calls reject by the first event that ended the connection: an end before an abort'(a) {
    await fillUntilBlocked(a)
    const [read, ending] = [begin(a.read()), begin(a.end())]
    a.abort(reason)
    equal((await rejects(ending, ConnectionClosedError, 'end, pending at the abort')).cause, reason, 'its cause')
    equal((await rejects(read, ConnectionClosedError, 'read, pending at the abort')).cause, reason, 'its cause')
    equal((await rejects(a.write('x'), ConnectionClosedError, 'write, which end refused before')).cause, undefined, 'its cause')
  },

  async 'a second abort, or an abort after the end, changes nothing'(a, b) {
    a.abort()
    a.abort(reason)
    const info = await a.closed
    equal([info.by, info.error], ['aborted', undefined], 'by and error of closed')
    await a.close()
    if (!resets(a, b)) return
    equal((await b.closed).by, 'lost', 'by of closed of the other side')
    b.abort()
    equal((await b.closed).by, 'lost', 'by of closed of the other side after an abort of its own')
  },

  async 'a loop over chunks or lines does not take a break for an end'(a, b) {
    if (!resets(a, b)) return
    const seen: string[] = []
    const loop = begin(
      (async () => {
        for await (const chunk of b) seen.push(chunk.toString())
      })(),
    )
    await send(a, b, 'abc')
    await until(() => seen.length > 0)
    a.abort()
    await rejects(loop, ConnectionLostError, 'the loop over chunks')
    equal(seen.join(''), 'abc', 'what it had seen')
    await rejects(b.lines().next(), ConnectionLostError, 'lines()')
  },

  async 'an abort of the other side rejects the pending writes'(a, b) {
    const { write } = await fillUntilBlocked(a)
    const waiting = begin(write)
    const flushed = begin(a.flush())
    b.abort()
    await rejects(waiting, ConnectionLostError, 'the write that waited')
    await rejects(flushed, ConnectionLostError, 'the flush that waited')
    await rejects(a.write('x'), ConnectionLostError, 'a write after it')
    equal((await a.closed).by, 'lost', 'by of closed')
  },

  async 'bytes that were queued at an abort are dropped, and the bytes that do arrive are followed by a loss'(a, b) {
    const { sent } = await fillUntilBlocked(a)
    // The bytes that were sent may all arrive; so more are queued, which must not.
    const more = 1_000_000
    begin(a.write(Buffer.alloc(more)))
    a.abort()
    await rejects<LinnetError>(b.skip(sent + more), resets(a, b) ? ConnectionLostError : EndOfStreamError, 'skip of all that was written')
    if (resets(a, b)) await rejects(b.read(), ConnectionLostError, 'read() after it')
    expect(b.bytesRead < sent + more, `all ${sent + more} bytes arrived although the sender dropped some`)
    if (resets(a, b)) equal((await b.closed).by, 'lost', 'by of closed')
  },

  async 'queued bytes that make no progress for writeTimeout cut the connection'(a, b) {
    a.setLimits({ writeTimeout: 30 })
    // One write, larger than any socket buffer; an empty queue takes it.
    const data = Buffer.alloc(16 * 1024 * 1024)
    const [read, write] = [begin(a.read()), begin(a.write(data))]
    const { cause } = await rejects(write, ConnectionClosedError, 'the write, while nobody reads')
    expect(cause instanceof TimeoutError && cause.kind === 'write' && cause.timeout === 30, `its cause is ${cause}`)
    equal((await rejects(read, ConnectionClosedError, 'a read that waited')).cause, cause, 'its cause')
    const info = await a.closed
    equal([info.by, info.error], ['timeout', cause], 'by and error of closed')
    await rejects<LinnetError>(
      b.skip(data.length),
      resets(a, b) ? ConnectionLostError : EndOfStreamError,
      'skip of all that was written, by the other side',
    )
  },

  async 'a close that is cut short resolves, and what was queued is lost'(a, b) {
    const { write } = await fillUntilBlocked(a)
    const waiting = begin(write)
    const closing = begin(a.close())
    b.abort()
    await rejects(waiting, ConnectionLostError, 'a write whose bytes were lost during close()')
    await closing
    equal((await a.closed).by, 'lost', 'by of closed')
    await a.close()
  },

  async 'writeFrom gives its source back when the connection fails'(a) {
    const source = new Readable({ read: (size) => void source.push(Buffer.alloc(size, 'r')) })
    let returned = false
    const endless = (async function* () {
      try {
        for (;;) yield Buffer.alloc(100_000)
      } finally {
        returned = true
      }
    })()
    const [one, other] = [begin(a.writeFrom(source)), begin(a.writeFrom(endless))]
    await until(() => a.queued > 0)
    a.abort(reason)
    equal((await rejects(one, ConnectionClosedError, 'writeFrom(a Readable) after abort')).cause, reason, 'its cause')
    await rejects(other, ConnectionClosedError, 'writeFrom(an async generator) after abort')
    await until(() => returned)
    expect(source.destroyed, 'the Readable was not destroyed')
    expect(returned, 'the generator was not returned')
  },

  async 'a promise of write, flush or end that is ignored raises no unhandled rejection'(a, b) {
    const count = await unhandled(async (ignore) => {
      ignore(a.write(Buffer.alloc(4_000_000)))
      ignore(a.flush())
      ignore(a.end())
      await turns()
      a.abort(reason)
      b.abort(reason)
      for (const side of [a, b]) for (const call of [side.write('x'), side.flush(), side.end(), side.end('x')]) ignore(call)
      await turns()
    })
    equal(count, 0, 'the number of unhandled rejections')
  },
}

/** Over a Unix socket, which has no reset: the bytes that had arrived, an end of stream, and a loss for the next write. */
async function endsAfterCut(b: Connection): Promise<void> {
  equal(await b.readLine(), 'one', 'a line that had arrived')
  await rejects(b.readLine(), EndOfStreamError, 'readLine of half a line')
  bytes(await b.read(), 'half', 'read() of what had arrived')
  await b.write('x').catch(() => {})
  await rejects(b.flush(), ConnectionLostError, 'flush of what nobody can read any more')
  equal((await b.closed).by, 'lost', 'by of closed')
}
