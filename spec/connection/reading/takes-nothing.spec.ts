// Rule 1 where a read fails after its bytes have arrived: text that is too long for a string, memory that cannot be
// allocated, a target whose memory is gone. The bytes stay unread, and another read takes them.

import t from 'tap'
import type { Connection } from '../../../lib/index.js'
import { rejection } from '../../support/wait.js'
import { unread, wired } from './support.js'

const kinds: Record<string, (connection: Connection) => unknown> = {
  readUntil: (connection) => connection.readUntil('\n', 'utf8'),
  'readUntil of several': (connection) => connection.readUntil(['\r\n', '\n'], { encoding: 'hex' }),
  'readLine of its own delimiter': (connection) => connection.readLine({ delimiter: '\n' }),
  'readLine in another encoding': (connection) => connection.readLine('latin1'),
  readExactly: (connection) => connection.readExactly(3, 'base64'),
  read: (connection) => connection.read('utf8'),
  readToEnd: (connection) => connection.readToEnd('utf8'),
  readUntilMatch: (connection) => connection.readUntilMatch(/\n/, 'utf16le'),
  peek: (connection) => connection.peek(3, 'utf8'),
  lines: (connection) => connection.lines({ delimiter: '\n' }).next(),
  'lines, its last': (connection) => connection.lines({ delimiter: ';' }).next(),
  'lineBatches of its own delimiter': (connection) => connection.lineBatches({ delimiter: ['\n', ';'] }).next(),
  'batches in another encoding': (connection) => connection.batches('\n', 'latin1').next(),
  'batches in hex': (connection) => connection.batches('\n', 'hex').next(),
  chunks: (connection) => connection.chunks(undefined, 'utf8').next(),
  'chunks of n': (connection) => connection.chunks(4, 'utf8').next(),
  tryReadUntil: async (connection) => connection.tryReadUntil('\n', 'utf8'),
  tryReadExactly: async (connection) => connection.tryReadExactly(3, 'utf8'),
  tryReadLine: async (connection) => connection.tryReadLine({ delimiter: '\n' }),
  'a read in a message': (connection) => connection.readMessage((reader) => reader.readUntil('\n', 'utf8')),
}

t.test('bytes that cannot be decoded to a string stay unread', async (t) => {
  for (const [name, read] of Object.entries(kinds)) {
    for (const pieces of [['ab\ncd\n'], ['a', 'b\nc', 'd\n']]) {
      const { connection, carrier, end } = wired()
      const thrown = new Error('Cannot create a string longer than 0x1fffffe8 characters')
      const original = Buffer.prototype.toString
      for (const piece of pieces) carrier.sink.data(Buffer.from(piece))
      end()
      // Latin-1 is what a pattern sees, and the test itself.
      Buffer.prototype.toString = function (this: Buffer, encoding?: BufferEncoding, from?: number, to?: number) {
        if (encoding === 'latin1' && !name.includes('another')) return original.call(this, encoding, from, to)
        throw thrown
      }
      let error: unknown
      try {
        error = await rejection(read(connection) as Promise<unknown>)
      } finally {
        Buffer.prototype.toString = original
      }
      t.equal(error, thrown, name)
      t.equal(unread(connection), 'ab\ncd\n')
      t.equal(connection.buffered, 6)
      t.equal(String(await connection.readUntil('\n')), 'ab\n', 'another read has them as bytes')
    }
  }
})

t.test('if memory cannot be allocated the bytes stay unread, and an end of stream has an empty partial', async (t) => {
  const { connection, carrier, end } = wired()
  for (const piece of ['ab', 'c\nd']) carrier.sink.data(Buffer.from(piece))
  end()
  const { allocUnsafe } = Buffer
  const thrown = new RangeError('Array buffer allocation failed')
  Buffer.allocUnsafe = () => {
    throw thrown
  }
  let errors: unknown[]
  try {
    errors = [
      await rejection(connection.readUntil('\n')),
      await rejection(connection.peek(3)),
      await rejection(connection.readToEnd()),
      await rejection(connection.chunks(3).next()),
    ]
    t.match(await rejection(connection.readExactly(9)), { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.alloc(0), cause: thrown })
  } finally {
    Buffer.allocUnsafe = allocUnsafe
  }
  for (const error of errors) t.equal(error, thrown)
  t.equal(unread(connection), 'abc\nd')
  t.equal(await connection.readLine(), 'abc')
})

t.test('a target that is transferred or shrunk while the read is pending is a TypeError, and nothing is consumed', async (t) => {
  for (const partial of [false, true]) {
    const { connection, push } = wired()
    const target = new Uint8Array(4)
    const read = connection.readInto(target, { partial })
    structuredClone(target.buffer, { transfer: [target.buffer] })
    push('abcd')
    t.match(await rejection(read), { name: 'TypeError', message: /target was transferred/ })
    t.equal(await connection.readExactly(4, 'latin1'), 'abcd')
  }
  const { connection, push } = wired()
  const memory = new (ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer & { resize(size: number): void })(8, {
    maxByteLength: 16,
  })
  const shrunk = connection.readInto(new Uint8Array(memory, 2, 4))
  memory.resize(4)
  push('abcd')
  t.equal(((await rejection(shrunk)) as Error).name, 'TypeError')
  const grown = connection.readInto(new Uint8Array(memory))
  memory.resize(16)
  t.equal(await grown, 4, 'memory that grows keeps the size it had at the call')
  t.equal(Buffer.from(memory, 0, 4).toString(), 'abcd')
  const gone = new Uint8Array(2)
  structuredClone(gone.buffer, { transfer: [gone.buffer] })
  t.equal(((await rejection(connection.readInto(gone))) as Error).name, 'TypeError', 'and so is one that is gone at the call')
  push('ef')
  const shared = new Uint8Array(new SharedArrayBuffer(2))
  t.equal(await connection.readInto(shared), 2)
  t.same([...shared], [101, 102])
})
