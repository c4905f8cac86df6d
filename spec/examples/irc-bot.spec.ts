// examples/irc-bot.ts, with a small IRC server: what a bot has to send and answer, and that it reconnects.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Connection, listen, type Server } from '../../lib/index.js'
import { opened } from '../support/fixture.js'
import { root } from '../support/program.js'
import { ClientExample } from './support.js'

function start(t: Test, { port }: Server, variables: NodeJS.ProcessEnv = {}): ClientExample {
  return ClientExample.start(t, 'irc-bot', { SERVER: '127.0.0.1', PORT: String(port), PAUSE: '5', ...variables })
}

const says = (connection: Connection, line: string): Promise<void> => connection.write(`${line}\r\n`)

/** Accepts the next connection, and registers the bot. */
async function welcomed(t: Test, server: Server): Promise<Connection> {
  const connection = (await server.accept()) as Connection
  t.teardown(() => connection.abort())
  t.equal(await connection.readLine(), 'NICK linnetbot')
  t.match(await connection.readLine(), /^USER linnetbot 0 \* :/)
  await says(connection, ':irc.test NOTICE * :*** Looking up your hostname')
  await says(connection, ':irc.test 001 linnetbot :Welcome to the test')
  t.equal(await connection.readLine(), 'JOIN #linnet')
  return connection
}

t.test('the bot joins its channel, answers a PING, and sends the time when asked there', async (t) => {
  const server = await opened(t)
  start(t, server)
  const connection = await welcomed(t, server)
  await says(connection, 'PING :1234 5')
  t.equal(await connection.readLine(), 'PONG :1234 5')
  await says(connection, 'PING plain')
  t.equal(await connection.readLine(), 'PONG :plain')
  await says(connection, ':ann!a@host PRIVMSG #linnet :hello everybody')
  await says(connection, ':ann!a@host PRIVMSG #other :linnetbot: time')
  await says(connection, '')
  await says(connection, ':ann!a@host PRIVMSG #linnet :linnetbot: time')
  t.match(await connection.readLine(), /^PRIVMSG #linnet :ann: it is .* GMT$/)
})

t.test('the bot reconnects after its server ended, reset, or did not listen for a while', async (t) => {
  const server = await opened(t)
  const bot = start(t, server)
  await (await welcomed(t, server)).close()
  await bot.hears('the server has said goodbye')
  ;(await welcomed(t, server)).abort()
  await bot.hears('ConnectionLostError')
  await welcomed(t, server)
  const { port } = server
  await server.close({ grace: 0 })
  await bot.hears('ConnectError: no connection to 127.0.0.1')
  await bot.hears('ConnectError')
  const again = await listen({ port, host: '127.0.0.1' })
  t.teardown(() => again.close({ grace: 0 }))
  await welcomed(t, again)
})

t.test('a name that is taken is reported, and tried again', async (t) => {
  const server = await opened(t)
  const bot = start(t, server)
  const connection = (await server.accept()) as Connection
  await says(connection, ':irc.test 433 * linnetbot :Nickname is already in use')
  await connection.close()
  await bot.hears('somebody else is linnetbot')
  await welcomed(t, server)
})

t.test('Ctrl-C sends QUIT, and also ends it while it waits to reconnect', async (t) => {
  const server = await opened(t)
  const bot = start(t, server)
  const connection = await welcomed(t, server)
  await bot.hears('it is in #linnet')
  bot.interrupt()
  t.equal(await connection.readLine(), 'QUIT :goodbye')
  await connection.close()
  t.strictSame(await bot.ended(), { code: 0, signal: null })

  await server.close({ grace: 0 })
  const waiting = start(t, server, { PAUSE: '60000' })
  await waiting.hears('ConnectError')
  waiting.interrupt()
  t.strictSame(await waiting.ended(), { code: 0, signal: null })
})

t.test('the page on clients shows the loop of the bot as it is in the file', async (t) => {
  const [, loop = 'none'] = /```typescript\n(.*?)\n```/s.exec(readFileSync(join(root, 'docs/guide/clients.md'), 'utf8')) ?? []
  t.match(loop, 'await (const connection of reconnect(')
  t.ok(readFileSync(join(root, 'examples/irc-bot.ts'), 'utf8').includes(`\n${loop}\n`), loop)
})
