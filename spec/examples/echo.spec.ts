// examples/echo.ts, used as its first comment describes.

import t from 'tap'
import { Example, Netcat, skip } from './support.js'

t.test('bytes and the end of stream are sent back', { skip }, async (t) => {
  const echo = await Example.start(t, 'echo')
  const client = Netcat.connect(t, echo, '-N')
  client.ends('hello\nwithout a line end')
  t.equal(await client.toEnd(), 'hello\nwithout a line end')
})

t.test('Ctrl-C ends the connections, and then the process', { skip }, async (t) => {
  const echo = await Example.start(t, 'echo')
  const silent = Netcat.connect(t, echo, '-d')
  const client = Netcat.connect(t, echo, '-N')
  client.says('hello\n')
  await client.hears('hello\n')
  echo.interrupt()
  t.equal(await silent.toEnd(), '')
  client.ends()
  t.equal(await client.toEnd(), 'hello\n')
  t.strictSame(await echo.ended(), { code: 0, signal: null })
})
