// examples/daytime.ts, used as its first comment describes.

import t from 'tap'
import { Example, Netcat, skip } from './support.js'

t.test('a client gets the time, and the connection ends', { skip }, async (t) => {
  const daytime = await Example.start(t, 'daytime')
  const before = Date.now()
  const line = await Netcat.connect(t, daytime, '-d').toEnd()
  t.match(line, /^[^\r\n]+\r\n$/)
  // The answer has whole seconds.
  t.ok(Date.parse(line) >= before - 1000 && Date.parse(line) <= Date.now(), line)
})

t.test('input of the client is ignored', { skip }, async (t) => {
  const daytime = await Example.start(t, 'daytime')
  const client = Netcat.connect(t, daytime, '-N')
  client.ends('what time is it?\n'.repeat(10_000))
  t.match(await client.toEnd(), /^[^\r\n]+\r\n$/)
  daytime.interrupt()
  t.strictSame(await daytime.ended(), { code: 0, signal: null })
})
