// `tryRead` of a program: it is safe whatever it does.

import t from 'tap'
import { type Codec, framed } from '../../lib/framing/index.js'
import type { Reader } from '../../lib/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { rejection, turn } from '../support/wait.js'
import { encode, sized } from './support.js'

/** Reads as `sized` does, with `tryRead`, and counts its calls. */
function tried(): Codec<string> & { calls: number } {
  return {
    ...sized,
    calls: 0,
    tryRead(reader: Reader) {
      this.calls++
      const size = reader.tryReadLine()
      return size === undefined ? undefined : reader.tryReadExactly(Number(size), 'latin1')
    },
  } as Codec<string> & { calls: number }
}

t.test('tryRead is called for what is buffered, and read for what is not', async (t) => {
  const { connection, push } = wired()
  let reads = 0
  const codec = tried()
  const counted = Object.assign(codec, {
    read: (reader: Reader) => {
      reads++
      return sized.read(reader)
    },
  })
  const messages = framed(connection, counted)
  push('3\nabc2\nde')
  t.equal(await messages.read(), 'abc')
  t.strictSame(await messages[Symbol.asyncIterator]().next(), { value: 'de', done: false })
  t.strictSame([codec.calls, reads], [2, 0])
  const waiting = messages.read()
  t.strictSame([codec.calls, reads], [2, 1], 'it is not called where nothing is buffered')
  push('1\nx4\nwh')
  t.equal(await waiting, 'x')
  const begun = messages.read()
  t.strictSame([codec.calls, reads], [3, 2], 'after undefined, read has all of the bytes')
  push('at')
  t.equal(await begun, 'what')
})

t.test('after undefined or a throw of tryRead nothing is taken, whatever it has read', async (t) => {
  const mine = new Error('mine')
  const ways: Record<string, (reader: Reader) => unknown> = {
    undefined: (reader) => void reader.tryReadExactly(2),
    'a throw': (reader) => {
      reader.tryReadLine()
      throw mine
    },
    'a failed read': (reader) => reader.tryReadLine({ maxBytes: 1 }),
    'a Promise': async (reader) => reader.readExactly(2),
    'a read that waits': (reader) => void reader.readExactly(100).catch(() => {}),
  }
  for (const [name, way] of Object.entries(ways)) {
    const { connection, push } = wired()
    push('3\nabc')
    const codec = { read: (reader: Reader) => sized.read(reader), encode, tryRead: way as () => string }
    const outcome = await framed(connection, codec)
      .read()
      .catch((error: unknown) => error)
    if (name === 'undefined' || name === 'a read that waits') t.equal(outcome, 'abc', name)
    else {
      t.equal(unread(connection), '3\nabc', name)
      t.ok(name === 'a throw' ? outcome === mine : outcome instanceof Error, name)
      if (name === 'a Promise') t.match(outcome, { name: 'TypeError', message: /cannot be async/ })
    }
    await turn()
    t.equal(connection.waiting, undefined)
  }
})

t.test('a tryRead that aborts the connection fails the read with the reason', async (t) => {
  for (const returns of ['x', undefined, 'throws']) {
    const { connection, push } = wired()
    push('3\nabc')
    const codec: Codec<string> = {
      ...sized,
      tryRead() {
        connection.abort('enough')
        if (returns === 'throws') throw new Error('mine')
        return returns
      },
    }
    const error = await rejection(framed(connection, codec).read())
    t.match(error, returns === 'throws' ? { message: 'mine' } : { code: 'ERR_LINNET_CLOSED', cause: 'enough' })
    t.match(await rejection(connection.readLine()), { code: 'ERR_LINNET_CLOSED' })
  }
})

t.test('the reader of tryRead is of no use later', async (t) => {
  const { connection, push } = wired()
  let kept: Reader | undefined
  push('1\na1\nb')
  const codec: Codec<string> = {
    ...sized,
    tryRead(reader) {
      kept = reader
      return reader.tryReadLine() && reader.tryReadExactly(1, 'latin1')
    },
  }
  t.equal(await framed(connection, codec).read(), 'a')
  t.match(await rejection(kept!.readLine()), { name: 'TypeError' })
  t.throws(() => kept!.tryReadLine(), { name: 'TypeError' })
  t.equal(unread(connection), '1\nb')
})

t.test('other reads during tryRead are ConcurrentReadErrors', async (t) => {
  const { connection, push } = wired()
  push('1\na')
  const refused: unknown[] = []
  const codec: Codec<string> = {
    ...sized,
    tryRead(reader) {
      connection.readLine().catch((error) => refused.push(error.code))
      return reader.tryReadLine() && reader.tryReadExactly(1, 'latin1')
    },
  }
  t.equal(await framed(connection, codec).read(), 'a')
  t.strictSame(refused, ['ERR_LINNET_CONCURRENT_READ'])
})

t.test('limits of a message hold for tryRead as for read', async (t) => {
  for (const codec of [sized, tried()]) {
    const { connection, push } = wired({ maxBufferSize: 20 })
    push(`30\n${'x'.repeat(30)}`)
    t.match(await rejection(framed(connection, codec).read()), { code: 'ERR_LINNET_LIMIT', option: 'maxBufferSize' })
    t.match(await rejection(framed(connection, codec).read({ maxBytes: 32 })), { code: 'ERR_LINNET_LIMIT', limit: 32 })
    t.equal(connection.buffered, 33)
    t.equal(await framed(connection, codec).read({ maxBytes: 33 }), 'x'.repeat(30))
  }
})
