// readMessage: several reads as one message. What it resolves with, which reads are refused meanwhile, and what its reader does
// afterwards. messages-given-back has its failures, messages-limits how much it may gather.

import t from 'tap'
import { ConcurrentReadError, type Reader } from '../../../lib/index.js'
import { everywhere } from '../../support/fixture.js'
import { isPending, rejection, turn, turns, within } from '../../support/wait.js'
import { connectionKinds, kinds } from './kinds.js'
import { shown, unread, wired } from './support.js'

const sized = async (reader: Reader): Promise<string> => reader.readExactly(Number(await reader.readLine()), 'latin1')

everywhere(t, 'a message resolves with what its function makes of two reads', async (t, connect) => {
  const { a, b } = await connect()
  const message = b.readMessage(sized)
  await a.write('5\nhe')
  t.ok(await isPending(message))
  await a.write('llo3\nabc')
  t.equal(await within(message), 'hello')
  t.equal(await within(b.readMessage(sized)), 'abc')
  t.equal(b.buffered, 0)
})

t.test('the function of a message is called at once, with a reader', async (t) => {
  const { connection, push } = wired()
  push('abc')
  let reader: Reader | undefined
  const message = connection.readMessage((given) => {
    reader = given
    return given.peek(1)
  })
  t.ok(reader, 'at once')
  t.notOk('readMessage' in (reader as Reader))
  for (const name of [
    'readUntil',
    'readLine',
    'readExactly',
    'readInto',
    'read',
    'readToEnd',
    'readUntilMatch',
    'peek',
    'skip',
    'skipUntil',
    'tryReadUntil',
    'tryReadExactly',
    'tryReadLine',
    'lines',
    'lineBatches',
    'batches',
    'chunks',
    Symbol.asyncIterator,
  ])
    t.type((reader as unknown as Record<typeof name, unknown>)[name], 'function', String(name))
  t.equal(String(await message), 'a')
})

t.test('a message resolves with the result of its function', async (t) => {
  const { connection } = wired()
  const thing = { any: 'thing' }
  t.equal(await connection.readMessage(() => thing), thing, 'a plain value')
  t.equal(await connection.readMessage(async () => undefined), undefined)
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tried
  const thenable = { then: (resolve: (value: unknown) => void) => resolve(thing) } as PromiseLike<unknown>
  t.equal(await connection.readMessage(() => thenable), thing)
  const thrown = new Error('at once')
  t.equal(
    await rejection(
      connection.readMessage(() => {
        throw thrown
      }),
    ),
    thrown,
  )
  t.equal(await connection.readMessage(() => 5), 5, 'and the connection is free again')
})

t.test('every kind of read works the same in a message', async (t) => {
  for (const { name, start, some, rest, value, taken, toEnd } of kinds) {
    const { connection, push, end } = wired()
    const message = connection.readMessage(async (reader) => [await reader.readLine(), shown(await start(reader))])
    push(`head\n${some}`)
    await turns(2)
    push(rest)
    if (toEnd) end()
    t.same(await within(message), ['head', value], name)
    t.equal(unread(connection), (some + rest).slice(taken), name)
  }
})

t.test('a try read belongs to the message', async (t) => {
  const { connection, push } = wired()
  push('5\nhel')
  const message = connection.readMessage(async (reader) => {
    const size = Number(reader.tryReadLine() ?? (await reader.readLine()))
    t.equal(reader.tryReadExactly(size), undefined)
    return [size, reader.tryReadUntil('e', 'latin1'), await reader.readExactly(size - 2, 'latin1')]
  })
  push('lo')
  t.same(await message, [5, 'he', 'llo'])
})

t.test('another read of the connection is refused during a message', async (t) => {
  const { connection, push } = wired()
  let proceed = (): void => {}
  const between = new Promise<void>((resolve) => {
    proceed = resolve
  })
  const message = connection.readMessage(async (reader) => {
    const first = await reader.readLine()
    await between
    return `${first}+${await reader.readLine()}`
  })
  const refused = async (when: string): Promise<void> => {
    for (const { name, start } of connectionKinds)
      t.ok((await rejection(start(connection))) instanceof ConcurrentReadError, `${name}, ${when}`)
    for (const attempt of [
      () => connection.tryReadLine(),
      () => connection.tryReadUntil('\n'),
      () => connection.tryReadExactly(1),
      () => connection.toWeb(),
    ])
      t.throws(attempt, { code: 'ERR_LINNET_CONCURRENT_READ' })
  }
  await refused('before its first byte')
  push('a\nb\nc')
  await refused('between two of its reads')
  proceed()
  t.equal(await message, 'a+b')
  t.equal(unread(connection), 'c')
})

t.test('two reads of one message at once are refused', async (t) => {
  const { connection, push } = wired()
  const message = connection.readMessage(async (reader) => {
    const first = reader.readLine()
    t.ok((await rejection(reader.readLine())) instanceof ConcurrentReadError)
    t.throws(() => reader.tryReadLine(), { code: 'ERR_LINNET_CONCURRENT_READ' })
    return first
  })
  await turn()
  push('abc\n')
  t.equal(await message, 'abc')
})

t.test('after a message has resolved its reader rejects', async (t) => {
  const { connection, push } = wired()
  let reader: Reader | undefined
  push('a\nabcd\n')
  await connection.readMessage(async (given) => {
    reader = given
    return given.readLine()
  })
  for (const { name, start } of kinds) t.ok((await rejection(start(reader as Reader))) instanceof TypeError, name)
  for (const attempt of [() => reader?.tryReadLine(), () => reader?.tryReadUntil('\n'), () => reader?.tryReadExactly(1)])
    t.throws(attempt, TypeError)
  const pending = connection.readExactly(8, 'latin1')
  t.ok((await rejection((reader as Reader).readLine())) instanceof TypeError, 'whatever the connection does meanwhile')
  push('xyz')
  t.equal(await pending, 'abcd\nxyz')
})

t.test('after a message has rejected its reader rejects with the same error', async (t) => {
  const own = new Error('not what I expected')
  const reason = new Error('cancelled')
  for (const how of ['own', 'cancelled', 'ended', 'limited', 'closed'] as const) {
    const { connection, push, end } = wired()
    const controller = new AbortController()
    let reader: Reader | undefined
    const message = connection.readMessage(
      async (given) => {
        reader = given
        if (how === 'own') throw own
        await given.readLine({ maxBytes: 4 })
      },
      { signal: controller.signal },
    )
    const failure = rejection(message)
    push('ab')
    if (how === 'cancelled') controller.abort(reason)
    if (how === 'ended') end()
    if (how === 'limited') push('cd')
    if (how === 'closed') connection.abort()
    const error = await failure
    for (const { name, start } of kinds) t.equal(await rejection(start(reader as Reader)), error, `${name}, after it was ${how}`)
    t.throws(() => reader?.tryReadLine(), error as Error)
    t.ok((await rejection((reader as Reader).readExactly(-1))) instanceof RangeError, 'arguments first')
  }
})

t.test('a read that is pending when its message resolves takes no bytes', async (t) => {
  const { connection, push } = wired()
  let left: Promise<unknown> | undefined
  await connection.readMessage(async (reader) => {
    left = rejection(reader.readLine())
    return 'done'
  })
  t.ok((await left) instanceof TypeError)
  push('abc\n')
  t.equal(unread(connection), 'abc\n')
  t.equal(await connection.readLine(), 'abc')
})

t.test('a loop of messages that await no read does not block the event loop', async (t) => {
  const { connection } = wired()
  let turned = false
  setImmediate(() => {
    turned = true
  })
  for (let n = 0; n < 1000 && !turned; n++)
    await connection.readMessage((reader) => {
      void reader.readLine()
    })
  t.equal(turned, true)
})

t.test('the bytes of a settled message are not kept', async (t) => {
  const { connection, push, core } = wired()
  push('one\ntwo\n')
  await connection.readMessage((reader) => reader.readExactly(2))
  await connection.readExactly(2)
  t.equal(core.readHalf.queue.marked, 0, 'behind one that resolved')
  await rejection(
    connection.readMessage(async (reader) => {
      await reader.readExactly(2)
      throw new Error('own')
    }),
  )
  await connection.readExactly(2)
  t.equal(core.readHalf.queue.marked, 0, 'behind one that failed by itself')
})

t.test('iterators in a message end with it', async (t) => {
  const { connection, push } = wired()
  const message = connection.readMessage(async (reader) => {
    const lines: string[] = []
    for await (const line of reader.lines()) {
      if (line === '') break
      lines.push(line)
    }
    const chunks: string[] = []
    for await (const chunk of reader.chunks(4)) chunks.push(String(chunk))
    for await (const chunk of reader) {
      chunks.push(String(chunk))
      break
    }
    return [lines, chunks.join('')]
  })
  push('a\nb\n')
  await turns(2)
  push('\ncd')
  await turns(2)
  push('efgh')
  t.same(await within(message), [['a', 'b'], 'cdefgh'])
  push('next\n')
  t.equal(await connection.readLine(), 'next')
})

everywhere(t, 'many messages one after the other are read in order', async (t, connect) => {
  const { a, b } = await connect()
  const texts = Array.from({ length: 300 }, (_, n) => 'x'.repeat(n % 50) + n)
  const sent = (async () => {
    for (const text of texts) await a.write(`${text.length}\n${text}`)
    await a.end()
  })()
  for (const text of texts) if ((await within(b.readMessage(sized))) !== text) t.fail(text)
  t.match(await rejection(within(b.readMessage(sized))), { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.alloc(0) })
  await sent
})
