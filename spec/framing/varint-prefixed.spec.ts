// `varintPrefixed`: lengths of each size.

import t from 'tap'
import { varintPrefixed } from '../../lib/framing/index.js'
import { rejection } from '../support/wait.js'
import { readOne, textOf, wireOf } from './support.js'

t.test('lengths of each size, over-long ones too, and none of more than ten bytes', async (t) => {
  const codec = varintPrefixed()
  for (const size of [0, 1, 127, 128, 300, 16_383, 16_384, 100_000]) {
    const wire = wireOf(codec.encode(Buffer.alloc(size)))
    t.equal(wire.length, size + (size < 128 ? 1 : size < 16_384 ? 2 : 3), 'no byte more than needed')
    t.equal(((await readOne(codec, wire)) as Buffer).length, size)
  }
  t.equal(textOf(await readOne(codec, '\x81\0a')), 'a')
  t.equal(textOf(await readOne(codec, '\x82\x80\x80\x80\x80\x80\x80\x80\x80\0ab')), 'ab')
  t.match(await rejection(readOne(codec, `${'\x80'.repeat(10)}\0`)), { code: 'ERR_LINNET_FRAME', message: /at most 10 bytes/ })
  t.match(await rejection(readOne(codec, `${'\xff'.repeat(9)}\x01`)), { code: 'ERR_LINNET_LIMIT', size: 2 ** 64 })
  t.match(await rejection(readOne(codec, '\xff\xff\xff\xff\xff\xff\xff\x0f')), { code: 'ERR_LINNET_LIMIT', size: 2 ** 53 - 1 })
})
