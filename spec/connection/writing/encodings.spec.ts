// The encoding of a write, and any other second argument.

import t from 'tap'
import { ConnectionClosedError } from '../../../lib/index.js'
import { everywhere, memory } from '../../support/fixture.js'
import { rejection } from '../../support/wait.js'

everywhere(t, 'text is written in the given encoding, bytes as they are', async (t, connect) => {
  const { a, b } = await connect()
  a.write('grün ', 'latin1')
  a.write('20', 'hex')
  a.write('w7w=', 'base64')
  a.write('ab', 'utf16le')
  a.write([' é', Buffer.from('ü'), 'è'], 'latin1')
  a.write(Buffer.from('bytes'), 'hex')
  a.write('ü', undefined)
  a.write('', 'hex')
  await a.write('x'.repeat(50_000), 'latin1')
  await a.end()
  const text = (await b.readToEnd()).toString('latin1')
  t.equal(text, `gr\u00fcn  \u00c3\u00bca\0b\0 \u00e9\u00c3\u00bc\u00e8bytes\u00c3\u00bc${'x'.repeat(50_000)}`)
})

t.test('any other second argument makes the write reject, and nothing is sent', async (t) => {
  const { a, b } = memory(t)
  for (const wrong of [7, null, {}, () => {}, true, ['utf8'], Symbol('utf8')])
    t.ok((await rejection(a.write('lost', wrong as never))) instanceof TypeError, String(wrong))
  for (const unknown of ['utf-9', 'klingon', ''])
    t.ok((await rejection(a.write('lost', unknown as never))) instanceof RangeError, `'${unknown}'`)
  t.ok((await rejection(a.write(7 as never, 'latin1'))) instanceof TypeError)
  a.abort()
  t.ok((await rejection(a.write('late', 'latin1'))) instanceof ConnectionClosedError)
  await b.closed
})
