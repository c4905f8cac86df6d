// Rules of writing: which data may be written, in which order it is sent, and when the promises resolve.

import { Readable } from 'node:stream'
import { begin, bytes, equal, expect, rejects, rejectsWith } from './expect.js'
import type { Rules } from './speak.js'
import { turns } from './time.js'

export const writing: Rules = {
  async 'writes leave in the order of the calls, and none is split by another'(a, b) {
    const writers = 4
    const round = async (writer: number): Promise<void> => {
      for (let n = 0; n < 20; n++) {
        await a.write([Buffer.alloc(1, writer), Buffer.alloc(1500, writer), String.fromCharCode(writer).repeat(499)])
        if (n % 5 === 0) await a.write(Buffer.alloc(40_000, writer))
      }
    }
    const speaking = begin(Promise.all(Array.from({ length: writers }, (_, writer) => round(writer))))
    const counts = Array.from({ length: writers }, () => 0)
    const total = writers * (20 * 2000 + 4 * 40_000)
    for (let at = 0; at < total; at += 2000) {
      const record = await b.readExactly(2000)
      const writer = record[0] as number
      expect(record.equals(Buffer.alloc(2000, writer)), `a write was split by another one within the 2000 bytes after the first ${at}`)
      counts[writer]!++
    }
    await speaking
    equal(
      counts,
      counts.map(() => total / writers / 2000),
      'the records that arrived of each writer',
    )
    for (let n = 0; n < 100; n++) begin(b.write(`${n},`))
    equal(await a.readUntil('99,', 'utf8'), Array.from({ length: 100 }, (_, n) => `${n},`).join(''), 'a hundred writes of one turn')
  },

  async 'text, views of any kind and arrays of them are written as their bytes'(a, b) {
    const memory = Uint8Array.of(0, 255, 1, 254, 2, 253)
    const given = [
      '',
      'grüß 🐦',
      memory,
      Buffer.from('buffer'),
      new Uint16Array(memory.buffer, 2, 2),
      new DataView(memory.buffer, 1, 3),
      ['a', memory, '', 'b'],
      [],
    ] as const
    const expected = Buffer.concat([
      Buffer.from('grüß 🐦'),
      memory,
      Buffer.from('buffer'),
      memory.subarray(2, 6),
      memory.subarray(1, 4),
      Buffer.from('a'),
      memory,
      Buffer.from('b'),
    ])
    for (const data of given) equal(await a.write(data), undefined, 'what write resolves with')
    bytes(await b.readExactly(expected.length), expected, 'what arrived')
    for (const data of given) begin(a.write(data))
    begin(a.end())
    bytes(await b.readToEnd(), expected, 'what arrived of writes made in one turn, until the end')
  },

  async 'data that cannot be written is a TypeError, and none of it is sent'(a, b) {
    for (const wrong of [undefined, null, 5, {}, true, ['sent?', 5], new ArrayBuffer(4)]) {
      await rejects(a.write(wrong as never), TypeError, 'write of what is neither text nor bytes')
    }
    await rejects(a.end(5 as never), TypeError, 'end(5)')
    await a.write('fine\n')
    equal(await b.readLine(), 'fine', 'the write after them')
  },

  async 'flush resolves when no written byte is queued'(a, b) {
    await a.flush()
    const data = Buffer.alloc(200_000, 'f')
    begin(a.write(data))
    const flushed = begin(a.flush())
    bytes(await b.readExactly(data.length), data, 'what was written')
    await flushed
    equal([a.queued, a.bytesWritten], [0, data.length], 'queued and bytesWritten after flush')
  },

  async 'writeFrom writes the data of a source, and resolves with the number of bytes'(a, b) {
    equal(await a.writeFrom(['a', 'é', Uint8Array.of(99)]), 4, 'writeFrom(an array)')
    equal(await a.writeFrom(Readable.from([Buffer.from('def'), Buffer.from('g')])), 4, 'writeFrom(a Readable)')
    equal(await a.writeFrom(twice()), 4, 'writeFrom(an async generator)')
    await a.write('|')
    equal(await b.readUntil('|', 'utf8'), 'aécdefghihi|', 'what arrived; the stream goes on')
    const own = new Error("the source's own")
    await rejectsWith(a.writeFrom(twice(own)), own, 'writeFrom(a source that throws)')
    await a.write('|')
    equal(await b.readUntil('|', 'utf8'), 'hihi|', 'what arrived of it; the stream goes on')
    await rejects(a.writeFrom(5 as never), TypeError, 'writeFrom(5)')
  },
}

async function* twice(error?: Error): AsyncGenerator<string> {
  yield 'hi'
  await turns(2)
  yield 'hi'
  if (error !== undefined) throw error
}
