// What is dropped inside a message: it is gathered there like everything else, since it may have to be given back.

import t from 'tap'
import { rejection, turns, within } from '../../support/wait.js'
import { unread, wired } from './support.js'

t.test('bytes that a failed message skipped are unread again', async (t) => {
  const { connection, push, end } = wired()
  const message = connection.readMessage(async (reader) => {
    await reader.skip(3)
    await reader.skipUntil(';')
    for await (const line of reader.lines({ maxBytes: 3, overflow: 'skip' })) if (line === 'ok') break
    return reader.readExactly(10)
  })
  const failure = rejection(message)
  push('abcd;over-long\n')
  await turns(2)
  push('ok\nrest')
  await turns(2)
  end()
  t.match(await failure, { partial: Buffer.from('abcd;over-long\nok\nrest') })
  t.equal(unread(connection), 'abcd;over-long\nok\nrest')
})

t.test('a failed message that was dropping an over-long line does not make the next loop drop one', async (t) => {
  const { connection, push } = wired()
  const controller = new AbortController()
  const failure = rejection(
    connection.readMessage(
      async (reader) => {
        await reader.readLine()
        return reader.lines({ maxBytes: 5, overflow: 'skip' }).next()
      },
      { signal: controller.signal },
    ),
  )
  push('head\nover-long')
  await turns(2)
  controller.abort('cut')
  t.equal(await failure, 'cut')
  push('\nok\n')
  const lines: string[] = []
  for await (const line of connection.lines({ maxBytes: 5, overflow: 'skip' })) {
    lines.push(line)
    if (line === 'ok') break
  }
  t.same(lines, ['head', 'ok'])
})

t.test('an over-long line that a message drops is gathered within its limit, however it is cut', async (t) => {
  for (const size of [8, 9]) {
    for (const piece of [1, 3, 100]) {
      const { connection, push } = wired({ maxBufferSize: 9 })
      const message = connection
        .readMessage(async (reader) => (await reader.lines({ maxBytes: 3, overflow: 'skip' }).next()).value)
        .catch((error) => error)
      const text = `${'x'.repeat(size)}\nok\n`
      for (let at = 0; at < text.length; at += piece) push(text.slice(at, at + piece))
      const got = await within(message)
      const where = `a line of ${size + 1} in pieces of ${piece}`
      if (size === 8) t.equal(got, 'ok', where)
      else t.match(got, { code: 'ERR_LINNET_LIMIT', limit: 9 }, where)
    }
  }
})
