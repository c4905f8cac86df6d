// `netstring`: lengths of each size, and what is none.

import t from 'tap'
import { netstring } from '../../lib/framing/index.js'
import { rejection } from '../support/wait.js'
import { readOne, wireOf } from './support.js'

t.test('the length is as large as its digits say', async (t) => {
  const codec = netstring()
  t.equal(wireOf(codec.encode('hello world!')), '12:hello world!,')
  t.equal(wireOf(codec.encode('')), '0:,')
  t.equal(wireOf(codec.encode('ü')), '2:\xc3\xbc,')
  t.match(await rejection(readOne(codec, '2000000:')), { code: 'ERR_LINNET_LIMIT', limit: 2 ** 20, size: 2_000_000 })
  t.match(await rejection(readOne(codec, '9'.repeat(200))), { code: 'ERR_LINNET_LIMIT', limit: 2 ** 20 })
  t.match(await rejection(readOne(netstring({ maxBytes: Number.POSITIVE_INFINITY }), '9'.repeat(17))), {
    code: 'ERR_LINNET_LIMIT',
    limit: Number.MAX_SAFE_INTEGER,
  })
  t.match(await rejection(readOne(codec, '3:abcd')), { code: 'ERR_LINNET_FRAME', frame: Buffer.from('3:abcd') })
})
