// examples/telemetry-push.ts: two tasks on one connection.

import t from 'tap'
import { Example, Netcat, skip } from './support.js'

t.test('the server sends data while it takes commands', { skip }, async (t) => {
  const client = Netcat.connect(t, await Example.start(t, 'telemetry-push'), '-N')
  await client.hears('"memory":')
  await client.hears('"memory":')
  client.says('pause\n')
  await client.hears('{"command":"pause","paused":true}\n')
  const before = client.heard
  client.says('hum\n')
  await client.hears('{"command":"hum","paused":true}\n')
  t.equal(client.heard, `${before}{"command":"hum","paused":true}\n`, 'it sent nothing in between')
  client.says('resume\n')
  await client.hears('{"command":"resume","paused":false}\n')
  await client.hears('"memory":')
  client.ends('quit\n')
  await client.toEnd()
  for (const line of client.heard.trimEnd().split('\n')) t.doesNotThrow(() => JSON.parse(line))
})

t.test('the end of the client ends both tasks, and so does Ctrl-C, which ends the process too', { skip }, async (t) => {
  const telemetry = await Example.start(t, 'telemetry-push')
  const leaving = Netcat.connect(t, telemetry, '-N')
  const staying = Netcat.connect(t, telemetry, '-d')
  await leaving.hears('"memory":')
  leaving.ends()
  t.match(await leaving.toEnd(), /\}\n$/)
  await staying.hears('"memory":')
  telemetry.interrupt()
  t.match(await staying.toEnd(), /\}\n$/)
  t.strictSame(await telemetry.ended(), { code: 0, signal: null })
})
