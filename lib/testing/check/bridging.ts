// Rules of the bridges: a Node Duplex and web streams pass bytes and ends in both directions, and a bridge holds the read lock
// of its connection.

import { ConcurrentReadError } from '../../errors.js'
import { begin, bytes, equal, expect, rejects, throws } from './expect.js'
import { pattern, type Rules, receives, resets, send } from './speak.js'
import { until } from './time.js'

const reason = new Error('aborted by the check')

export const bridging: Rules = {
  async 'toDuplex carries bytes and ends both ways'(a, b) {
    const [there, back] = [pattern(200_000, 19), pattern(150_000, 23)]
    await send(a, b, there.subarray(0, 10))
    const duplex = b.toDuplex()
    const pieces: Buffer[] = []
    let ended = false
    duplex.on('error', () => {})
    duplex
      .on('data', (piece: Buffer) => void pieces.push(piece))
      .on('end', () => {
        ended = true
      })
    const speaking = begin(a.end(there.subarray(10)))
    duplex.write(back.subarray(0, 1000))
    duplex.end(back.subarray(1000))
    await receives(a, back)
    await speaking
    await until(() => ended)
    bytes(Buffer.concat(pieces), there, 'what the Duplex read')
    expect(ended, "the Duplex did not emit 'end'")
    expect(['local', 'peer'].includes((await b.closed).by), 'by of closed is neither local nor peer')
  },

  async 'destroying the Duplex before its end aborts the connection'(_, b) {
    const duplex = b.toDuplex()
    duplex.on('error', () => {})
    duplex.destroy(reason)
    const info = await b.closed
    equal([info.by, info.error], ['aborted', reason], 'by and error of closed')
  },

  async 'a loss is an error of the Duplex'(a, b) {
    if (!resets(a, b)) return
    const duplex = b.toDuplex()
    const failed = begin(new Promise<Error>((resolve) => duplex.on('error', resolve)))
    duplex.resume()
    a.abort()
    equal((await failed).name, 'ConnectionLostError', "the error of the Duplex's 'error' event")
  },

  async 'toWeb carries bytes and ends both ways'(a, b) {
    const [there, back] = [pattern(100_000, 29), pattern(90_000, 31)]
    const { readable, writable } = b.toWeb()
    const hearing = begin(
      (async () => {
        const pieces: Uint8Array[] = []
        for await (const piece of readable) pieces.push(piece)
        return Buffer.concat(pieces)
      })(),
    )
    const writer = writable.getWriter()
    const speaking = begin(Promise.all([a.end(there), writer.write(back), writer.close()]))
    await receives(a, back)
    await speaking
    bytes(await hearing, there, 'what the readable gave')
    expect(['local', 'peer'].includes((await b.closed).by), 'by of closed is neither local nor peer')
  },

  async 'a bridge is the only reader of its connection'(a, b) {
    await send(a, b, 'abc\n')
    const { readable } = b.toWeb()
    await rejects(b.readLine(), ConcurrentReadError, 'readLine beside toWeb')
    throws(() => b.toDuplex(), ConcurrentReadError, 'toDuplex beside toWeb')
    await readable.cancel()
    equal(await b.readLine(), 'abc', 'readLine after the readable was cancelled')
    b.toDuplex().on('error', () => {})
    await rejects(b.readLine(), ConcurrentReadError, 'readLine beside toDuplex')
    throws(() => b.tryReadLine(), ConcurrentReadError, 'tryReadLine beside toDuplex')
  },
}
