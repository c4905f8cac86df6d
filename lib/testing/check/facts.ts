// Rules of the properties of a connection: its state, addresses, `waiting` and `limits`. (The rules of its byte counters are in
// `reading.ts`.)

import type { Connection } from '../../connection/connection.js'
import { begin, equal, expect, stays, throws } from './expect.js'
import { fillUntilBlocked, type Rules, resets, send, sized } from './speak.js'

export const facts: Rules = {
  async 'ended and peerEnded tell which side has ended'(a, b) {
    equal([a.ended, a.peerEnded, b.ended, b.peerEnded], [false, false, false, false], 'ended and peerEnded of both')
    await a.end()
    equal(a.ended, true, 'ended after end()')
    equal(await b.read(), null, 'read() of the other side')
    equal([b.ended, b.peerEnded, a.peerEnded], [false, true, false], 'ended, peerEnded of the other side, and peerEnded of this one')
  },

  async 'ids are numbers and unique'(a, b) {
    equal([typeof a.id, typeof b.id], ['number', 'number'], 'typeof id')
    expect(a.id !== b.id, `both connections have the id ${a.id}`)
  },

  async 'the properties stay readable after the end'(a, b) {
    const factsOf = (side: Connection): unknown[] => [
      side.id,
      side.openedAt,
      String(side.remote),
      side.remote.family,
      String(side.local),
      side.local.port,
      side.limits,
    ]
    const [before, now] = [factsOf(a), Date.now()]
    expect(Math.abs(a.openedAt - now) < 60_000, `openedAt is ${a.openedAt}, and now it is ${now}`)
    await send(a, b, 'abc')
    await b.write('de')
    await a.readExactly(2)
    const reset = resets(a, b)
    if (reset) b.abort()
    else await Promise.all([b.end(), a.close()])
    const { by, error, ...counted } = await a.closed
    equal([by === 'lost', error instanceof Error], [reset, reset], 'by of closed, and whether it has an error')
    equal(factsOf(a), before, 'id, openedAt, remote, local and limits after the end')
    equal([counted.bytesRead, counted.bytesWritten], [2, 3], 'bytesRead and bytesWritten of closed')
    equal([a.bytesRead, a.bytesWritten], [2, 3], 'bytesRead and bytesWritten after the end')
    expect(counted.duration >= 0 && counted.duration < 60_000, `duration of closed is ${counted.duration}`)
  },

  async 'waiting is the pending operation, and undefined while nothing is pending'(a, b) {
    equal(b.waiting, undefined, 'waiting of a new connection')
    const line = begin(b.readUntil('\n'))
    equal(b.waiting?.operation, "readUntil('\\n')", 'the operation while readUntil waits')
    const since = Number(b.waiting?.since)
    expect(Math.abs(since - Date.now()) < 60_000, `since is ${since}`)
    await send(a, b, 'x\n')
    await line
    equal(b.waiting, undefined, 'waiting after that read')
    const exact = begin(b.readExactly(5))
    equal(b.waiting?.operation, 'readExactly(5)', 'the operation while readExactly waits')
    await send(a, b, 'hello')
    await exact
    const message = begin(b.readMessage(sized))
    expect(b.waiting?.operation.startsWith('readMessage') === true, `the operation while readMessage waits is ${b.waiting?.operation}`)
    await send(a, b, '1\nx')
    await message
    await fillUntilBlocked(a)
    equal(a.waiting?.operation, 'write', 'the operation while write waits')
    begin(a.close())
    equal(a.waiting?.operation, 'close', 'the operation while close waits')
  },

  async 'setLimits holds from the next call on, and rejects impossible values'(a, b) {
    const before = { ...b.limits }
    const read = begin(b.readLine())
    b.setLimits({ maxBufferSize: 4, readTimeout: undefined })
    equal(b.limits, { ...before, maxBufferSize: 4 }, 'limits after setLimits({ maxBufferSize: 4 })')
    await send(a, b, 'longer\n')
    equal(await read, 'longer', 'a read that began before')
    throws(() => b.setLimits({ maxBufferSize: 0 }), RangeError, 'setLimits({ maxBufferSize: 0 })')
    throws(() => b.setLimits({ readTimeout: -1 }), RangeError, 'setLimits({ readTimeout: -1 })')
    throws(() => b.setLimits({ maxBufferSize: '4' as never }), TypeError, "setLimits({ maxBufferSize: '4' })")
    throws(() => b.setLimits({ maxBuffer: 4 } as never), TypeError, 'setLimits({ maxBuffer: 4 })')
    throws(() => b.setLimits(undefined as never), TypeError, 'setLimits(undefined)')
    equal(b.limits, { ...before, maxBufferSize: 4 }, 'limits after all that')
  },

  async 'idleTimeout is for the first byte of a message, readTimeout for the rest of it'(a, b) {
    for (const side of [a, b]) side.setLimits({ idleTimeout: 10 })
    equal(await timeoutKind(b.readMessage(sized)), 'idle', 'kind of the error of a message that does not begin')
    equal(await timeoutKind(b.lines().next()), 'idle', 'kind of the error of lines')
    const rest = begin(b.readLine({ idle: false }))
    // A read that waits longer than another read which timed out does not have the same limit.
    equal(await timeoutKind(a.readLine()), 'idle', 'kind of the error of a read that waits for a new message')
    await stays(rest, 'a read with idle: false')
    for (const side of [a, b]) side.setLimits({ idleTimeout: Number.POSITIVE_INFINITY, readTimeout: 10 })
    await send(a, b, 'x\n')
    await rest
    const own = begin(b.readLine({ timeout: 60_000 }))
    equal(await timeoutKind(a.readLine({ idle: false })), 'read', 'kind of the error of a read with idle: false')
    await stays(own, 'a read with a timeout of its own')
    await send(a, b, 'y\n')
    await own
    equal(await timeoutKind(b.readLine()), 'read', 'kind of the error of a read for the rest of a message')
    const fresh = begin(b.readLine({ idle: true }))
    equal(await timeoutKind(a.readLine({ idle: false })), 'read', 'kind of the error of a read with idle: false')
    await stays(fresh, 'a read with idle: true')
    await send(a, b, 'ab')
    equal(await timeoutKind(fresh), 'read', 'kind of the error of that read once its first byte has come')
  },
}

/** The `kind` of the TimeoutError with which a read rejects. */
async function timeoutKind(read: PromiseLike<unknown>): Promise<unknown> {
  return read.then(
    () => 'none',
    (error: unknown) => (error as { kind?: unknown }).kind,
  )
}
