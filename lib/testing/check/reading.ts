// Rules of the byte counters and of the reads that take bytes as they arrive or by number. Their results do not depend on
// packets. The rules of the reads that search are in `finding.ts`.

import { EndOfStreamError, LimitExceededError } from '../../errors.js'
import { clearImmediate, setImmediate } from '../../turn.js'
import { begin, bytes, equal, expect, rejects, stays, throws } from './expect.js'
import { cuts, pattern, type Rules, receives, send } from './speak.js'
import { until } from './time.js'

export const reading: Rules = {
  async 'bytes arrive whole and in order, both ways at once'(a, b) {
    const [toB, toA] = [pattern(300_000, 3), pattern(300_000, 5)]
    const speakSmall = async (): Promise<void> => {
      for (let at = 0, size = 1; at < toB.length; at += size, size = (size * 7) % 3001) await a.write(toB.subarray(at, at + size))
    }
    const speakLarge = async (): Promise<void> => {
      for (let at = 0; at < toA.length; at += 100_000) await b.write(toA.subarray(at, at + 100_000))
    }
    const all = [
      begin(speakSmall()),
      begin(speakLarge()),
      begin(receives(a.chunks(toA.length), toA)),
      begin(receives(b.chunks(toB.length), toB)),
    ]
    await Promise.all(all)
  },

  async 'bytesRead, bytesWritten, buffered and queued count the bytes'(a, b) {
    equal(
      [a.bytesWritten, a.queued, b.bytesRead, b.buffered],
      [0, 0, 0, 0],
      'bytesWritten, queued, bytesRead and buffered of a new connection',
    )
    await send(a, b, 'grüß\n', 'abc\n')
    await a.flush()
    equal([a.bytesWritten, a.queued], [11, 0], 'bytesWritten and queued after eleven bytes were flushed')
    equal([b.bytesRead, b.buffered], [11, 11], 'bytesRead and buffered once eleven bytes have come')
    await b.readLine()
    equal([b.bytesRead, b.buffered], [11, 4], 'bytesRead and buffered after seven were read')
    await b.readLine()
    await b.write('xy')
    await Promise.all([a.readExactly(2), b.flush()])
    equal(
      [b.bytesWritten, b.buffered, a.bytesRead, a.buffered],
      [2, 0, 2, 0],
      'bytesWritten, buffered of one side, bytesRead, buffered of the other, after an answer of two',
    )
  },

  async 'read resolves with the bytes that have arrived, at most maxBytes of them'(a, b) {
    await send(a, b, 'abcde')
    bytes(await b.read({ maxBytes: 3 }), 'abc', 'read({ maxBytes: 3 }) of abcde')
    bytes(await b.read({ maxBytes: 1 }), 'd', 'read({ maxBytes: 1 }) of de')
    bytes(await b.read({ maxBytes: 50 }), 'e', 'read({ maxBytes: 50 }) of e')
  },

  async 'read waits until a byte arrives'(a, b) {
    const read = begin(b.read())
    await stays(read, 'read() with nothing there')
    begin(a.write('x'))
    bytes(await read, 'x', 'read() once a byte has come')
  },

  async 'read resolves with null at the end of the stream, each time, and with no empty chunk'(a, b) {
    await send(a, b, 'last')
    bytes(await b.read(), 'last', 'read() before the end')
    const read = begin(b.read())
    await stays(read, 'read() before the end has come')
    begin(a.end())
    equal(await read, null, 'the pending read() at the end of the stream')
    for (let n = 0; n < 3; n++) equal(await b.read(), null, 'read() after the end of the stream')
    equal(await b.read('utf8'), null, "read('utf8') after the end of the stream")
  },

  async 'read with an encoding leaves an incomplete character unread'(a, b) {
    await send(a, b, Buffer.from([0x61, 0xe2, 0x82]))
    equal(await b.read('utf8'), 'a', "read('utf8') of a and two bytes of three")
    const rest = begin(b.read('utf8'))
    await stays(rest, "read('utf8') of two bytes of three")
    await send(a, b, Buffer.from([0xac]))
    equal(await rest, '€', "read('utf8') once the third has come")
    await send(a, b, Buffer.from('ab€', 'utf16le').subarray(0, 5))
    equal(await b.read('utf16le'), 'ab', "read('utf16le') of five bytes")
    await send(a, b, Buffer.from([0x20]))
    equal(await b.read('utf16le'), '€', "read('utf16le') of the sixth")
    await send(a, b, '€')
    await rejects(b.read({ encoding: 'utf8', maxBytes: 2 }), LimitExceededError, 'read of a character of three bytes with maxBytes 2')
    equal(await b.read({ encoding: 'utf8', maxBytes: 3 }), '€', 'read of a character of three bytes with maxBytes 3')
    begin(a.end(Buffer.from([0xe2, 0x82])))
    await until(() => b.peerEnded)
    equal(await b.read('utf8'), '\ufffd', "read('utf8') of a character that the end cut off")
    equal(await b.read('utf8'), null, "read('utf8') behind it")
  },

  async 'readExactly resolves with n bytes at every cut, and keeps the surplus'(a, b) {
    for (const [head, tail] of cuts('abcdef')) {
      const read = begin(b.readExactly(6))
      await send(a, b, head)
      await stays(read, `readExactly(6) after ${head.length} bytes`)
      await send(a, b, Buffer.concat([tail, Buffer.from('++')]))
      bytes(await read, 'abcdef', `readExactly(6), cut after ${head.length}`)
      bytes(await b.readExactly(2), '++', 'readExactly(2) of the surplus')
    }
    bytes(await b.readExactly(0), '', 'readExactly(0) with nothing there')
    await send(a, b, Buffer.from([0xde, 0xad]))
    equal(await b.readExactly(2, 'hex'), 'dead', "readExactly(2, 'hex')")
  },

  async 'readInto fills its target and nothing beside it'(a, b) {
    const memory = new Uint8Array(12).fill(46)
    for (const target of [memory.subarray(2, 6), new DataView(memory.buffer, 2, 4), new Uint16Array(memory.buffer, 2, 2)]) {
      const read = begin(b.readInto(target))
      await send(a, b, 'abc')
      await stays(read, 'readInto a target of four bytes after three')
      bytes(Buffer.from(memory), '............', 'the target before the read has succeeded')
      await send(a, b, 'de')
      equal(await read, 4, 'readInto a target of four bytes')
      bytes(Buffer.from(memory), '..abcd......', 'the memory around the target')
      bytes(await b.readExactly(1), 'e', 'the byte that the target had no room for')
      memory.fill(46)
    }
    equal(await b.readInto(new Uint8Array(0)), 0, 'readInto an empty target')
  },

  async 'readInto with partial takes the bytes that have arrived, at least one'(a, b) {
    const target = Buffer.alloc(4, 46)
    const read = begin(b.readInto(target, { partial: true }))
    await stays(read, 'readInto with partial and nothing there')
    await send(a, b, 'x')
    equal(await read, 1, 'readInto with partial once a byte has come')
    bytes(target, 'x...', 'its target')
    await send(a, b, 'abcdef')
    equal(await b.readInto(target, { partial: true }), 4, 'readInto with partial and more than fits')
    bytes(await b.readExactly(2), 'ef', 'what did not fit')
    begin(a.end())
    await rejects(b.readInto(target, { partial: true }), EndOfStreamError, 'readInto with partial at the end of the stream')
  },

  async 'readToEnd resolves with everything until the end of the stream'(a, b) {
    const read = begin(b.readToEnd())
    await send(a, b, 'one', 'two')
    await stays(read, 'readToEnd() before the end')
    begin(a.end('three'))
    bytes(await read, 'onetwothree', 'readToEnd()')
    bytes(await b.readToEnd(), '', 'readToEnd() at the end')
    equal(await b.readToEnd('utf8'), '', "readToEnd('utf8') at the end")
  },

  async 'peek leaves the bytes unread that it returns'(a, b) {
    const peek = begin(b.peek(4))
    await send(a, b, 'ab')
    await stays(peek, 'peek(4) after two bytes')
    await send(a, b, 'cdef')
    bytes(await peek, 'abcd', 'peek(4)')
    equal(await b.peek(6, 'latin1'), 'abcdef', "peek(6, 'latin1')")
    bytes(await b.peek(0), '', 'peek(0)')
    equal(b.buffered, 6, 'the unread bytes after it')
    bytes(await b.readExactly(6), 'abcdef', 'readExactly(6) after it')
  },

  async 'skip drops exactly n bytes as they come'(a, b) {
    const skip = begin(b.skip(5))
    await send(a, b, 'abc')
    await stays(skip, 'skip(5) after three bytes')
    await send(a, b, 'defgh')
    equal(await skip, 5, 'skip(5)')
    bytes(await b.readExactly(3), 'fgh', 'what comes behind')
    equal(await b.skip(0), 0, 'skip(0)')
    b.setLimits({ maxBufferSize: 10 })
    const large = begin(b.skip(5000))
    await send(a, b, Buffer.alloc(5001, 'x'))
    equal(await large, 5000, 'skip(5000) with a maxBufferSize of 10: nothing is gathered')
    begin(a.end('y'))
    await rejects(b.skip(3), EndOfStreamError, 'skip(3) of two bytes')
    equal(await b.read(), null, 'read() after it: what was dropped stays dropped')
  },

  async 'a try read returns bytes that have arrived, and undefined where a read would wait'(a, b) {
    equal(b.tryReadUntil('\n'), undefined, 'tryReadUntil with nothing there')
    equal(b.tryReadLine(), undefined, 'tryReadLine with nothing there')
    equal(b.tryReadExactly(1), undefined, 'tryReadExactly with nothing there')
    bytes(b.tryReadExactly(0), '', 'tryReadExactly(0)')
    await send(a, b, 'one\r\ntwo\nthree')
    equal(b.tryReadLine(), 'one', 'tryReadLine')
    bytes(b.tryReadUntil('\n'), 'two\n', 'tryReadUntil')
    equal(b.tryReadUntil('\n'), undefined, 'tryReadUntil without its delimiter')
    equal(b.tryReadExactly(6), undefined, 'tryReadExactly(6) of five bytes')
    equal(b.tryReadExactly(4, 'latin1'), 'thre', "tryReadExactly(4, 'latin1')")
    begin(a.end())
    await until(() => b.peerEnded)
    bytes(throws(() => b.tryReadLine(), EndOfStreamError, 'tryReadLine at the end').partial, 'e', 'its partial')
    bytes(b.tryReadExactly(1), 'e', 'tryReadExactly after it')
    throws(() => b.tryReadExactly(1), EndOfStreamError, 'tryReadExactly at the end')
  },

  async 'buffered bytes are read without a turn of the event loop'(a, b) {
    await send(a, b, 'one\ntwo\nthree')
    let turned = false
    const later = setImmediate(() => {
      turned = true
    })
    await b.readUntil('\n')
    await b.readLine()
    await b.readExactly(2)
    await b.read()
    clearImmediate(later)
    expect(!turned, 'a read of buffered bytes took a turn of the event loop')
  },

  async 'the bytes that a read has returned never change'(a, b) {
    const [speech, held] = [pattern(100_000, 9), [] as Buffer[]]
    const speaking = begin(a.write(speech))
    for (let n = 0; n < 100; n++) held.push(await b.readExactly(1000))
    await speaking
    await send(a, b, Buffer.alloc(30_000, 'x'))
    await b.readExactly(30_000)
    bytes(Buffer.concat(held), speech, 'the results of a hundred reads, looked at later')
  },
}
