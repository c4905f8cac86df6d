// `delimited`: what is not written, because it would not read back.

import t from 'tap'
import { delimited } from '../../lib/framing/index.js'
import { readOne, textOf, wireOf } from './support.js'

type Data = string | NodeJS.ArrayBufferView

t.test('what would not read back is refused, also where the end of a message makes the delimiter begin earlier', async (t) => {
  const refused: [string | Buffer, Data][] = [
    ['\0', 'a\0b'],
    ['\0', Buffer.from([0])],
    ['aa', 'xa'],
    ['aa', 'a'],
    ['aba', 'xab'],
    ['--=', 'x--=y'],
    ['ü', Buffer.from([0xc3, 0xbc])],
    [Buffer.from([0xbc, 0xc3]), 'üü'],
    ['\0', 'a\ud800'],
  ]
  for (const [delimiter, message] of refused)
    t.throws(() => delimited(delimiter).encode(message), { code: 'ERR_LINNET_FRAME', message: /it was not sent$/ }, String(message))
  const fine: [string, string][] = [
    ['aba', 'xb'],
    ['--=', '-'],
    ['--=', 'x--'],
    ['aab', 'a'],
    ['aab', 'aa'],
    ['\r\n', 'a\rb\n'],
    ['\r\n', '\r'],
  ]
  for (const [delimiter, message] of fine)
    t.equal(textOf(await readOne(delimited(delimiter), wireOf(delimited(delimiter).encode(message)))), message)
})

t.test('its memory may change afterwards', async (t) => {
  const delimiter = Buffer.from('ab')
  const codec = delimited(delimiter)
  delimiter.fill('x')
  t.equal(wireOf(codec.encode('1')), '1ab')
  t.equal(textOf(await readOne(codec, '1ab')), '1')
})
