// A message that fails by one of its reads, is aborted or runs out of time is given back whole; one whose function fails
// for a reason of its own keeps what it took.

import t from 'tap'
import { EndOfStreamError, type Reader } from '../../../lib/index.js'
import { everywhere } from '../../support/fixture.js'
import { rejection, turns, until, within } from '../../support/wait.js'
import { kinds } from './kinds.js'
import { unread, type Wired, wired } from './support.js'

const sized = async (reader: Reader): Promise<string> => reader.readExactly(Number(await reader.readLine()), 'latin1')

const cuts: Record<string, (wire: Wired, controller: AbortController) => unknown> = {
  'a time-out': ({ clock }) => clock.pass(100),
  'an abort': (_, controller) => controller.abort(new Error('cancelled')),
  'an end': ({ end }) => end(),
  'a loss': ({ lose }) => lose(),
  'a limit': ({ push }) => push('x'.repeat(20)),
}

for (const [name, cut] of Object.entries(cuts)) {
  t.test(`a message of several reads that is cut by ${name} is unread again whole`, async (t) => {
    for (const kind of kinds) {
      // Chunks wait for nothing once something is there; the others have no limit to meet.
      if (kind.some === '') continue
      if (name === 'a limit' && ['read', 'readExactly', 'readInto', 'peek', 'skip'].includes(kind.name)) continue
      if (kind.endIsFine && name === 'an end') continue
      if (kind.name === 'read' && name === 'a loss') continue
      const wire = wired({ maxBufferSize: 20 })
      const { connection, push } = wire
      const controller = new AbortController()
      push('3\n')
      const message = connection.readMessage(
        async (reader) => {
          await reader.readLine()
          await reader.skip(2)
          await reader.peek(1)
          return kind.start(reader)
        },
        { signal: controller.signal, timeout: 100 },
      )
      const failure = rejection(message)
      push(`ab${kind.some}`)
      await turns(2)
      const before = `3\nab${kind.some}`
      await cut(wire, controller)
      const error = await within(failure)
      const whole = name === 'a limit' ? before + 'x'.repeat(20) : before
      t.equal(unread(connection), whole, `${kind.name}: ${String(error)}`)
      if (name === 'an end') t.equal((error as EndOfStreamError).partial.toString('latin1'), whole)
      t.equal(connection.waiting, undefined)
      if (name === 'an end' || name === 'a loss') continue
      t.equal(await connection.readExactly(4, 'latin1'), '3\nab', 'and the next read works')
    }
  })
}

t.test('a message that is cut between two of its reads is unread again whole', async (t) => {
  for (const name of ['a time-out', 'an abort', 'a close'] as const) {
    const wire = wired({ readTimeout: 100 })
    const controller = new AbortController()
    let proceed = (): void => {}
    let after: unknown
    const between = new Promise<void>((resolve) => {
      proceed = resolve
    })
    const message = wire.connection.readMessage(
      async (reader) => {
        await reader.readLine()
        await between
        after = await rejection(reader.readLine())
        throw after
      },
      { signal: controller.signal },
    )
    const failure = rejection(message)
    wire.push('one\ntwo\n')
    await turns(2)
    t.equal(wire.connection.buffered, 4, 'its first line is taken')
    if (name === 'a close') wire.connection.abort()
    else await cuts[name]?.(wire, controller)
    const error = await failure
    t.equal(unread(wire.connection), name === 'a close' ? '' : 'one\ntwo\n', name)
    if (name !== 'a close') t.equal(await wire.connection.readLine(), 'one', 'while its function still runs')
    proceed()
    await turns(2)
    t.equal(after, error, 'which then hears the same')
  }
})

t.test('a function that continues after its message was cut changes nothing', async (t) => {
  const { connection, push } = wired()
  const controller = new AbortController()
  const message = connection.readMessage(
    async (reader) => {
      await reader.readLine()
      await turns(3)
      return 'as if nothing had happened'
    },
    { signal: controller.signal },
  )
  const failure = rejection(message)
  push('one\ntwo')
  await turns(1)
  controller.abort('cut')
  t.equal(await failure, 'cut')
  t.equal(await connection.readLine(), 'one')
  await turns(4)
  t.equal(unread(connection), 'two')
  const soon = new AbortController()
  const aborted = connection.readMessage(
    async (reader) => {
      const line = await reader.readExactly(1, 'latin1')
      soon.abort('by itself')
      return line
    },
    { signal: soon.signal },
  )
  t.equal(await rejection(aborted), 'by itself')
  t.equal(unread(connection), 'two')
})

t.test('a function that continues after its message was cut does not affect the next message', async (t) => {
  for (const ends of ['rejects', 'resolves'] as const) {
    const { connection, push } = wired()
    const controller = new AbortController()
    let proceed = (): void => {}
    const first = rejection(
      connection.readMessage(
        async (reader) => {
          await reader.readLine()
          await new Promise<void>((resolve) => {
            proceed = resolve
          })
          if (ends === 'rejects') await reader.readLine()
        },
        { signal: controller.signal },
      ),
    )
    push('one\n')
    await turns(1)
    controller.abort('cut')
    t.equal(await first, 'cut')
    const second = connection.readMessage(async (reader) => `${await reader.readLine()}+${await reader.readLine()}`)
    await turns(1)
    proceed()
    await turns(1)
    t.match(await rejection(connection.readLine()), { code: 'ERR_LINNET_CONCURRENT_READ' }, 'which still has the connection')
    push('two\n')
    t.equal(await second, 'one+two')
  }
})

t.test("partial is all of the message, and the error's text fits", async (t) => {
  const { connection, push, end } = wired()
  push('5\nhel')
  end()
  const error = await rejection(connection.readMessage(sized))
  t.ok(error instanceof EndOfStreamError)
  t.equal(String((error as EndOfStreamError).partial), '5\nhel')
  t.match((error as Error).message, /the 5 bytes that arrived/)
  t.equal(await connection.readToEnd('latin1'), '5\nhel')
})

t.test('an early end of chunks in a message, and a wrong length, make the message unread again', async (t) => {
  const reads: Record<string, (reader: Reader) => Promise<unknown>> = {
    'chunks that end early': async (reader) => {
      for await (const chunk of reader.chunks(10)) void chunk
    },
    'a length that is no number': (reader) => reader.readExactly(Number.NaN),
    'a delimiter that is none': (reader) => reader.readUntil(''),
    'an option that is none': (reader) => reader.lines({ maxBytes: 0 }).next(),
    'a try read of a wrong length': async (reader) => reader.tryReadExactly(-1),
    'a try read over the limit': async (reader) => reader.tryReadLine({ maxBytes: 1 }),
    'a match of nothing': (reader) => reader.readUntilMatch(/x*/),
    'a second read at once': (reader) => {
      reader.readExactly(100).catch(() => {})
      return reader.readLine()
    },
  }
  for (const [name, read] of Object.entries(reads)) {
    const { connection, push, end } = wired()
    push('head\nabc')
    if (name.startsWith('chunks')) end()
    const message = connection.readMessage(async (reader) => {
      await reader.readLine()
      return read(reader)
    })
    t.ok((await rejection(within(message))) instanceof Error)
    t.equal(unread(connection), 'head\nabc', name)
  }
})

t.test("an error of the function's own leaves the bytes consumed", async (t) => {
  const own = new Error('that is no number')
  const { connection, push, end } = wired()
  push('abc\nrest')
  const first = connection.readMessage(async (reader) => {
    await reader.readLine()
    throw own
  })
  t.equal(await rejection(first), own)
  t.equal(unread(connection), 'rest')
  end()
  const second = connection.readMessage(async (reader) => {
    await reader.readExactly(1)
    await rejection(reader.readLine())
    throw own
  })
  t.equal(await rejection(second), own, 'also one in place of the failure of a read')
  t.equal(unread(connection), 'est')
  const third = connection.readMessage(async (reader) => {
    await reader.readExactly(1)
    await rejection(reader.readLine())
    return 'never mind'
  })
  t.equal(await third, 'never mind')
  t.equal(unread(connection), 'st', 'a failure that its function has dealt with')
})

t.test('a failure of an earlier message does not make the bytes of a later one unread', async (t) => {
  const { connection, push } = wired()
  push('one\ntwo\n')
  const failure = await rejection(connection.readMessage((reader) => reader.readExactly(3, { maxBytes: 2 })))
  const again = connection.readMessage(async (reader) => {
    await reader.readLine()
    throw failure
  })
  t.equal(await rejection(again), failure)
  t.equal(unread(connection), 'two\n')
})

everywhere(t, 'a message is unread again on each carrier when the peer ends in the middle of it', async (t, connect) => {
  const { a, b } = await connect()
  const cancelled = new AbortController()
  const first = rejection(within(b.readMessage(sized, { signal: cancelled.signal })))
  await a.write('10\nhel')
  await until(() => b.buffered === 3)
  cancelled.abort('again')
  t.equal(await first, 'again')
  const second = rejection(within(b.readMessage(sized)))
  await a.end('lo')
  t.match(await second, { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.from('10\nhello') })
  t.equal(await within(b.readToEnd('latin1')), '10\nhello')
})
