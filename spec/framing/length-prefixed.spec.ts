// `lengthPrefixed`: large lengths, `adjust`, and what a length cannot say.

import t from 'tap'
import { lengthPrefixed } from '../../lib/framing/index.js'
import { rejection } from '../support/wait.js'
import { readOne, textOf, wireOf } from './support.js'

t.test('a length of any size is judged before its body is gathered, however large', async (t) => {
  const lengths: [1 | 2 | 3 | 4 | 8, string, number][] = [
    [4, '\xff\xff\xff\xff', 2 ** 32 - 1],
    [8, '\xff\xff\xff\xff\xff\xff\xff\xff', 2 ** 64],
    [8, '\0\x20\0\0\0\0\0\0', 2 ** 53],
    [8, '\0\x1f\xff\xff\xff\xff\xff\xff', 2 ** 53 - 1],
    [8, '\x80\0\0\0\0\0\0\0', 2 ** 63],
  ]
  for (const [bytes, length, size] of lengths) {
    for (const endian of ['big', 'little'] as const) {
      const wire = endian === 'big' ? length : [...length].reverse().join('')
      t.match(await rejection(readOne(lengthPrefixed({ bytes, endian }), wire)), {
        code: 'ERR_LINNET_LIMIT',
        limit: 2 ** 20,
        size,
        option: 'maxBufferSize',
      })
      const unlimited = rejection(readOne(lengthPrefixed({ bytes, endian, maxBytes: Number.POSITIVE_INFINITY }), wire))
      if (size > Number.MAX_SAFE_INTEGER) t.match(await unlimited, { code: 'ERR_LINNET_LIMIT', limit: Number.MAX_SAFE_INTEGER })
    }
  }
})

t.test('adjust is added to what is read and taken off what is written', async (t) => {
  const itself = lengthPrefixed({ bytes: 2, adjust: -2 })
  t.equal(wireOf(itself.encode('abc')), '\0\x05abc')
  t.equal(wireOf(itself.encode('')), '\0\x02')
  t.equal(textOf(await readOne(itself, '\0\x05abc')), 'abc')
  t.match(await rejection(readOne(itself, '\0\x01')), { code: 'ERR_LINNET_FRAME', message: /less than none/, frame: Buffer.from([0, 1]) })
  const more = lengthPrefixed({ bytes: 1, adjust: 4 })
  t.equal(wireOf(more.encode('abcdef')), '\x02abcdef')
  t.equal(textOf(await readOne(more, '\0abcd')), 'abcd')
  t.throws(() => more.encode('abc'), { code: 'ERR_LINNET_FRAME' })
  t.throws(() => more.encode('x'.repeat(260)), { code: 'ERR_LINNET_LIMIT', limit: 259, size: 260, option: 'bytes' })
  t.equal(wireOf(more.encode('x'.repeat(259))).length, 260)
})

t.test('a message beyond what the length can say is refused before anything is sent', async (t) => {
  for (const [bytes, most] of [
    [1, 255],
    [2, 65_535],
    [3, 2 ** 24 - 1],
  ] as const) {
    // biome-ignore format: a table
    const codec = lengthPrefixed({ bytes })
    t.equal((codec.encode(Buffer.alloc(most)) as Buffer[]).length > 0, true)
    t.throws(() => codec.encode(Buffer.alloc(most + 1)), { code: 'ERR_LINNET_LIMIT', limit: most, size: most + 1, option: 'bytes' })
  }
})
