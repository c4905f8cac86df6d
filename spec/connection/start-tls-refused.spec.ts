// What `startTls` checks at the call: it rejects with nothing sent, and the plain connection goes on.

import { ConcurrentReadError, ConnectionClosedError, InvalidOptionsError, PlaintextBufferedError } from '../../lib/index.js'
import { rejection, until } from '../support/wait.js'
import { both, cert, client, key, server, upgraded } from './start-tls-support.js'

both('with a read pending, or another reader, it rejects, and the plain connection goes on', async (t, connect) => {
  const { a, b } = await connect()
  const line = b.readLine()
  t.ok((await rejection(b.startTls({ ...server, isServer: true }))) instanceof ConcurrentReadError)
  await a.write('plain\n')
  t.equal(await line, 'plain')
  const message = b.readMessage(async (reader) => {
    t.ok((await rejection(b.startTls({ ...server, isServer: true }))) instanceof ConcurrentReadError)
    return reader.readLine()
  })
  await a.write('message\n')
  t.equal(await message, 'message')
})

both('injected plain text makes it reject, on either side, and can still be read', async (t, connect) => {
  const { a, b } = await connect()
  await a.write('STARTTLS\r\nEVIL\r\n')
  t.equal(await b.readLine(), 'STARTTLS')
  t.ok((await rejection(b.startTls({ ...server, isServer: true, reply: 'never said' }))) instanceof PlaintextBufferedError)
  t.equal(await b.readLine(), 'EVIL')
  await b.write('220 go\r\n250 EVIL\r\n')
  t.equal(await a.readLine(), '220 go')
  t.ok((await rejection(a.startTls(client))) instanceof PlaintextBufferedError)
  t.equal(await a.readLine(), '250 EVIL')
  t.equal(a.bytesRead, 18)
})

both('options that do not load, or are not valid, make it reject with nothing sent', async (t, connect) => {
  const { a, b } = await connect()
  const wrong: [unknown, (string | number)[]][] = [
    [5, []],
    [null, []],
    [new Map(), []],
    [{ ...server, buffered: 'discard' }, ['buffered']],
    [{ ...server, reply: 5 }, ['reply']],
    [{ ...server, isServer: 'yes' }, ['isServer']],
    [{ isServer: true }, ['key']],
    [{ isServer: true, key }, ['cert']],
    [{ isServer: true, key: 'x', cert }, ['key']],
    [{ isServer: false, ca: 'x' }, ['ca']],
    [{ isServer: true, key, buffered: 'feed', reply: 'never said' }, ['cert']],
  ]
  for (const [options, path] of wrong) {
    await a.write('one\n')
    await until(() => b.bytesRead === a.bytesWritten && a.queued === 0)
    if ((options as { buffered?: string } | null)?.buffered !== 'feed') t.equal(await b.readLine(), 'one')
    const refused = rejection(b.startTls(options as never))
    const line = b.readLine()
    await a.write('two\n')
    const error = await refused
    t.ok(error instanceof InvalidOptionsError, String(path))
    t.same((error as InvalidOptionsError).issues[0]?.path, path)
    if ((options as { buffered?: string } | null)?.buffered === 'feed') t.equal(await line, 'one')
    else t.equal(await line, 'two')
    await b.write('still plain\n')
    t.equal(await a.readLine(), 'still plain')
  }
  t.equal(b.waiting, undefined)
})

both('an end that arrives while options fail to load is an end', async (t, connect) => {
  const { a, b } = await connect()
  const refused = rejection(b.startTls({ isServer: true, key }))
  const ended = a.end('last words\n')
  t.ok((await refused) instanceof InvalidOptionsError)
  await ended
  t.equal(await b.readLine(), 'last words')
  t.equal(await b.read(), null)
})

both('over TLS, or during an upgrade, a second startTls is a TypeError', async (t, connect) => {
  const { a, b } = await connect()
  const upgrading = upgraded({ a, b })
  t.ok((await rejection(a.startTls(client))) instanceof TypeError)
  await upgrading
  for (const side of [a, b]) t.ok((await rejection(side.startTls(client))) instanceof TypeError)
  await a.write('fine\n')
  t.equal(await b.readLine(), 'fine')
})

both('after an end, a close, an abort or a loss it rejects as a write does', async (t, connect) => {
  const one = await connect()
  void one.a.end()
  t.ok((await rejection(one.a.startTls(client))) instanceof ConnectionClosedError)
  one.a.abort()
  t.ok((await rejection(one.a.startTls(client))) instanceof ConnectionClosedError)
  await one.b.closed
  t.ok(await rejection(one.b.startTls({ ...server, isServer: true })))
})
