// `lines`: the form of a line, and what is not written.

import t from 'tap'
import { lines } from '../../lib/framing/index.js'
import { outcomeOf, readOne, wireOf } from './support.js'

t.test('a line ends with \\n or \\r\\n, is UTF-8, and may be empty', async (t) => {
  const outcome = await outcomeOf(lines() as never, ['a\r\nb\n\n\r\nc\rd\ngr\xc3\xbc\xc3\x9f\nlast'])
  t.strictSame(outcome.messages, ['a', 'b', '', '', 'c\rd', 'gr\xc3\xbc\xc3\x9f'])
  t.equal(outcome.unread, 'last', 'the last one needs its end too')
  t.equal(wireOf(lines().encode('grüß')), 'gr\xc3\xbc\xc3\x9f\n')
})

t.test('what would not read back is refused', async (t) => {
  for (const text of ['a\nb', '\n', 'a\r\n', 'a\r', '\r', 'a\ud800', '\udc00b']) {
    t.throws(() => lines().encode(text), { code: 'ERR_LINNET_FRAME', message: /it was not sent$/ }, JSON.stringify(text))
  }
  for (const message of [undefined, 5, Buffer.from('x'), {}, null])
    t.throws(() => lines().encode(message as never), { name: 'TypeError', message: /^message must be a string/ })
  for (const text of ['', 'a\rb', '\ufeff', '😀', '\0']) t.equal(await readOne(lines(), wireOf(lines().encode(text))), text)
  t.throws(() => lines({ maxBytes: 4 }).encode('üü'), { code: 'ERR_LINNET_LIMIT', limit: 4, size: 5 }, 'bytes count, not characters')
})
