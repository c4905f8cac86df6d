// Rules of the reads that search: delimiters, lines, patterns. Each one runs with the message cut at every position, with the
// bytes arriving before the read and during it, since the result must not depend on packets.

import type { Connection } from '../../connection/connection.js'
import { begin, bytes, equal, rejects, stays } from './expect.js'
import { cuts, type Rules, send } from './speak.js'
import { until } from './time.js'

/** Fails unless `read` resolves with `result` for `message` cut at every position, both pending and with all bytes buffered. */
async function findsAtEveryCut(
  a: Connection,
  b: Connection,
  message: string | Buffer,
  read: () => Promise<Buffer>,
  result: string | Buffer,
): Promise<void> {
  const length = Buffer.byteLength(message)
  for (const [head, tail] of cuts(message)) {
    const pending = begin(read())
    await send(a, b, head, tail)
    bytes(await pending, result, `a read that was pending, cut after ${head.length} of ${length}`)
    await b.skip(length - Buffer.byteLength(result))
    await send(a, b, head, tail)
    bytes(await read(), result, `a read of what was there, cut after ${head.length} of ${length}`)
    await b.skip(length - Buffer.byteLength(result))
  }
}

export const finding: Rules = {
  async 'readUntil resolves with everything up to and including the first delimiter'(a, b) {
    begin(a.write('one\ntwo\nthree'))
    bytes(await b.readUntil('\n'), 'one\n', "readUntil('\\n')")
    equal(await b.readUntil('\n', 'utf8'), 'two\n', "readUntil('\\n', 'utf8')")
    bytes(await b.readExactly(5), 'three', 'what comes behind')
  },

  async 'readUntil finds a delimiter of several bytes at every cut'(a, b) {
    await findsAtEveryCut(a, b, 'ab\r\n--frontier\r\n+', () => b.readUntil('\r\n--frontier\r\n'), 'ab\r\n--frontier\r\n')
    const bin = Buffer.from([1, 0, 0xff, 0xfe, 0xff, 0, 2])
    await findsAtEveryCut(a, b, bin, () => b.readUntil(Uint8Array.of(0xff, 0)), bin.subarray(0, 6))
    await findsAtEveryCut(a, b, 'a€\u2028b', () => b.readUntil('\u2028'), 'a€\u2028')
  },

  async 'the false start of a delimiter is no match'(a, b) {
    await findsAtEveryCut(a, b, 'QWEaaXYaaaZ', () => b.readUntil('aaa'), 'QWEaaXYaaa')
    await findsAtEveryCut(a, b, 'aaaab', () => b.readUntil('aab'), 'aaaab')
    await findsAtEveryCut(a, b, '\r\r\n\n', () => b.readUntil('\r\n'), '\r\r\n')
  },

  async 'of several delimiters the first to start wins, then the longest, whatever the cuts'(a, b) {
    const ends = ['\n', '\r', '\r\n']
    await findsAtEveryCut(a, b, 'ab\r\nc', () => b.readUntil(ends), 'ab\r\n')
    await findsAtEveryCut(a, b, 'ab\rc', () => b.readUntil(ends), 'ab\r')
    await findsAtEveryCut(a, b, 'abcdef', () => b.readUntil(['cd', Buffer.from('bcde')]), 'abcde')
    await findsAtEveryCut(a, b, 'abcdXf', () => b.readUntil(['cd', 'bcde']), 'abcd')
  },

  async 'where a longer delimiter may still complete, readUntil waits for the next byte or the end'(a, b) {
    const read = begin(b.readUntil(['\r', '\r\n']))
    await send(a, b, 'ab\r')
    await stays(read, "readUntil(['\\r', '\\r\\n']) after ab\\r")
    await send(a, b, 'c')
    bytes(await read, 'ab\r', 'that read once another byte has come')
    await send(a, b, 'd\r')
    const last = begin(b.readUntil(['\r', '\r\n']))
    await stays(last, "readUntil(['\\r', '\\r\\n']) after cd\\r")
    begin(a.end())
    bytes(await last, 'cd\r', 'that read at the end of the stream')
  },

  async 'an empty record is a record'(a, b) {
    begin(a.write('\n\n\nx\n'))
    bytes(await b.readUntil('\n'), '\n', 'readUntil of an empty record')
    for (let n = 0; n < 2; n++) equal(await b.readLine(), '', 'readLine of an empty line')
    equal(await b.readLine(), 'x', 'readLine behind them')
  },

  async 'readLine strips the line end, \\n or \\r\\n, and nothing else'(a, b) {
    const lines = [
      ['plain\n', 'plain'],
      ['\r\n', ''],
      ['both\r\n', 'both'],
      ['two\r\r\n', 'two\r'],
      ['in\rside\n', 'in\rside'],
      ['grüß 🐦\r\n', 'grüß 🐦'],
    ] as const
    for (const [sent, line] of lines) {
      for (const [head, tail] of cuts(sent)) {
        const read = begin(b.readLine())
        await send(a, b, head, tail)
        equal(await read, line, `readLine of ${JSON.stringify(sent)}, cut after ${head.length} bytes`)
      }
    }
    await send(a, b, Buffer.from([0xe9, 10]))
    equal(await b.readLine('latin1'), 'é', "readLine('latin1')")
  },

  async 'readLine with a delimiter strips exactly that'(a, b) {
    begin(a.write('one\r\0two\n\0a\nb\r\n'))
    equal(await b.readLine({ delimiter: '\0' }), 'one\r', 'a line that ends in \\0')
    equal(await b.readLine({ delimiter: '\0' }), 'two\n', 'the next')
    equal(await b.readLine({ delimiter: '\r\n' }), 'a\nb', 'a line that ends in \\r\\n and holds \\n')
    await send(a, b, 'x\r\n')
    equal(b.tryReadLine({ delimiter: '\n' }), 'x\r', "tryReadLine({ delimiter: '\\n' })")
  },

  async 'readUntilMatch resolves with everything up to the end of the first match'(a, b) {
    await findsAtEveryCut(a, b, 'key=value;body', () => b.readUntilMatch(/=\w+;/), 'key=value;')
    await findsAtEveryCut(a, b, 'x;y;', () => b.readUntilMatch(/^\w;/), 'x;')
    const latin = Buffer.from([0x41, 0xc3, 0xff, 0x42])
    await findsAtEveryCut(a, b, latin, () => b.readUntilMatch(/\xc3[\xf0-\xff]/), latin.subarray(0, 3))
    const sticky = /;/gy
    sticky.lastIndex = 7
    await send(a, b, 'xy;')
    equal(await b.readUntilMatch(sticky, 'latin1'), 'xy;', 'a pattern with flags and a lastIndex of its own')
    equal(sticky.lastIndex, 7, 'its lastIndex afterwards')
    await send(a, b, 'b')
    await rejects(b.readUntilMatch(/a*/), RangeError, 'readUntilMatch of an empty match')
    bytes(await b.readExactly(1), 'b', 'the byte that was there')
  },

  async 'skipUntil drops everything up to and including the delimiter'(a, b) {
    for (const [head, tail] of cuts('some\r\n\rok')) {
      const skip = begin(b.skipUntil('\r\n'))
      await send(a, b, head, tail)
      equal(await skip, 6, `skipUntil('\\r\\n'), cut after ${head.length}`)
      bytes(await b.readExactly(3), '\rok', 'what comes behind')
    }
    b.setLimits({ maxBufferSize: 10 })
    const skip = begin(b.skipUntil('\n'))
    await send(a, b, 'x'.repeat(3000), 'x'.repeat(3000), '\nok')
    equal(await skip, 6001, 'skipUntil with a maxBufferSize of 10: nothing is gathered')
    bytes(await b.readExactly(2), 'ok', 'what comes behind')
  },

  async 'each result is decoded on its own'(a, b) {
    await send(a, b, Buffer.from([0xe2, 0x82, 0xac, 0xe9, 10, 0xde, 0xad]))
    equal(await b.readExactly(2, 'utf8'), '\ufffd', 'two bytes of a character of three')
    equal(await b.readUntil('\n', { encoding: 'latin1' }), '¬é\n', 'the rest as Latin-1')
    await until(() => b.buffered >= 2)
    equal(await b.read('hex'), 'dead', "read('hex')")
  },
}
