// Rules of `end` and `close`: what arrives before the end of stream, what each side may still do, and the result of `closed`.

import { ConnectionClosedError, EndOfStreamError } from '../../errors.js'
import { begin, bytes, equal, expect, rejects, stays, throws } from './expect.js'
import { pattern, type Rules, receives, send } from './speak.js'
import { until } from './time.js'

export const ending: Rules = {
  async 'everything written before an end arrives before it'(a, b) {
    const speech = pattern(500_000, 11)
    begin(a.write(speech.subarray(0, 1000)))
    begin(a.write(speech.subarray(1000, 400_000)))
    begin(a.write(speech.subarray(400_000, 499_000)))
    const ended = begin(a.end(speech.subarray(499_000)))
    await receives(b, speech)
    await ended
    equal(a.queued, 0, 'queued after end')
  },

  async 'a reply after the end of the peer arrives whole'(a, b) {
    const reply = pattern(200_000, 13)
    await a.end('question\n')
    equal((await b.readToEnd()).toString(), 'question\n', 'readToEnd of the question')
    const answering = begin(b.write(reply).then(() => b.end()))
    await receives(a, reply)
    await answering
  },

  async 'after end() reads go on and writes are refused; a second end does nothing'(a, b) {
    const ended = begin(a.end('data'))
    await rejects(a.write('x'), ConnectionClosedError, 'write after end')
    await rejects(a.end('x'), ConnectionClosedError, 'end with data after end')
    await ended
    await a.end()
    await rejects(a.write('x'), ConnectionClosedError, 'write once the end has left')
    equal(a.ended, true, 'ended')
    bytes(await b.readToEnd(), 'data', 'what the other side hears')
    await send(b, a, 'answer\n')
    equal(await a.readLine(), 'answer', 'readLine after end')
    const line = begin(a.readLine())
    await stays(line, 'a read after end')
    await send(b, a, 'more\n')
    equal(await line, 'more', 'that read')
  },

  async 'what arrived before the end of the stream is delivered before it'(a, b) {
    const read = begin(b.readUntil('\n'))
    await send(a, b, 'start ')
    begin(a.end('rest\nlast\npart'))
    bytes(await read, 'start rest\n', 'the read that waited')
    await until(() => b.peerEnded)
    equal(await b.readLine(), 'last', 'a read after the end has come')
    bytes((await rejects(b.readLine(), EndOfStreamError, 'a read that the end cuts short')).partial, 'part', 'its partial')
    bytes(await b.read(), 'part', 'read() after it')
    equal(await b.read(), null, 'read() at the end')
  },

  async 'a connection whose peer has only ended its side is not over'(a, b) {
    const closed = begin(b.closed)
    const { signal } = b
    await a.end()
    equal(await b.read(), null, 'read() at the end of the stream')
    await stays(closed, 'closed of a side that has not ended')
    equal([signal.aborted, b.signal.aborted], [false, false], 'signal.aborted of a side that has not ended')
  },

  async 'a connection closes once both sides have ended, and closed names the side that ended first'(a, b) {
    const signals = [a.signal, b.signal] as const
    await a.end('abc')
    bytes(await b.readToEnd(), 'abc', 'readToEnd')
    await b.end('de')
    bytes(await a.readToEnd(), 'de', 'readToEnd of the side that ended first')
    const [first, second] = [await a.closed, await b.closed]
    equal(
      [first.by, first.error, first.bytesRead, first.bytesWritten],
      ['local', undefined, 2, 3],
      'by, error, bytesRead and bytesWritten of closed of the side that ended first',
    )
    equal([second.by, second.error, second.bytesRead, second.bytesWritten], ['peer', undefined, 3, 2], 'the same of the other side')
    for (const { aborted, reason } of signals)
      expect(aborted && reason instanceof EndOfStreamError, `signal: aborted is ${aborted}, reason ${reason}`)
    equal(await a.closed, first, 'closed, asked again')
    equal(await a.read(), null, 'read() after it is over')
  },

  async 'bytes that are buffered when the connection closes can still be read'(a, b) {
    await b.end()
    equal(await a.read(), null, 'read() at the end of the stream')
    await a.end('abc')
    equal((await b.closed).by, 'local', 'by of closed')
    bytes(await b.readExactly(2), 'ab', 'readExactly(2) after it is over')
    bytes((await rejects(b.readExactly(2), EndOfStreamError, 'readExactly(2) of one byte')).partial, 'c', 'its partial')
    bytes(await b.readToEnd(), 'c', 'readToEnd')
  },

  async 'close sends everything that was written before it, and resolves once the peer has ended too'(a, b) {
    const speech = pattern(1_000_000, 17)
    begin(a.write(speech.subarray(0, 600_000)))
    begin(a.write(speech.subarray(600_000)))
    const closing = begin(a.close())
    await receives(b, speech)
    await stays(closing, 'close() while the peer has not ended')
    await b.end()
    await closing
    equal([(await a.closed).by, (await b.closed).by], ['local', 'peer'], 'by of closed of both')
    equal((await a.closed).bytesWritten, speech.length, 'bytesWritten of closed')
  },

  async 'after close() on this side every read rejects, pending ones and reads of buffered bytes included'(a, b) {
    await send(a, b, 'abcd')
    const read = begin(b.readExactly(9))
    const closing = begin(b.close())
    await rejects(read, ConnectionClosedError, 'the read that waited')
    await rejects(b.readExactly(4), ConnectionClosedError, 'readExactly of buffered bytes')
    await rejects(b.read(), ConnectionClosedError, 'read()')
    await rejects(b.lines().next(), ConnectionClosedError, 'lines()')
    await rejects(
      b.readMessage((reader) => reader.readLine()),
      ConnectionClosedError,
      'readMessage',
    )
    throws(() => b.tryReadExactly(4), ConnectionClosedError, 'tryReadExactly of buffered bytes')
    await rejects(b.write('x'), ConnectionClosedError, 'write')
    equal(b.tryWrite('x'), false, 'tryWrite')
    equal(await a.read(), null, 'read() of the other side')
    await a.close()
    await closing
    await rejects(b.read(), ConnectionClosedError, 'read() once it is over')
    expect(b.signal.aborted && b.signal.reason instanceof ConnectionClosedError, `signal.reason is ${b.signal.reason}`)
  },

  async 'close drops what the peer still sends'(a, b) {
    const closing = begin(b.close())
    equal(await a.read(), null, 'read() of the other side')
    for (let n = 0; n < 10; n++) await a.write(Buffer.alloc(100_000, 'd'))
    await a.end()
    await closing
    equal([(await a.closed).by, (await b.closed).by], ['peer', 'local'], 'by of closed of both')
  },

  async 'close never rejects, however often it is called and however it ends'(a, b) {
    await Promise.all([a.close(), a.close(), b.close(), b.close()])
    await a.close()
    expect(a.signal.aborted && b.signal.aborted, 'signal is not aborted after close()')
    a.abort()
    expect((await a.closed).by !== 'aborted', 'an abort after close changes what closed says')
  },

  async 'the connection is an async disposable'(a, b) {
    begin(a.write('last words'))
    const disposing = begin(a[Symbol.asyncDispose]())
    bytes(await b.readToEnd(), 'last words', 'readToEnd of the other side')
    await b[Symbol.asyncDispose]()
    await disposing
    equal([(await a.closed).by, (await b.closed).by], ['local', 'peer'], 'by of closed of both')
  },
}
