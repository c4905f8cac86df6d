// Rules of `readMessage`: its reads act as one read. It succeeds as a whole or leaves everything unread, its limits hold for the
// sum of its reads, it holds the read lock, and its reader is unusable after it.

import type { Reader } from '../../connection/reading/reader.js'
import { ConcurrentReadError, EndOfStreamError, LimitExceededError, TimeoutError } from '../../errors.js'
import { begin, bytes, equal, expect, rejects, rejectsWith, stays, throws } from './expect.js'
import { cuts, type Rules, send, sized } from './speak.js'
import { pause, until } from './time.js'

const reason = new Error('aborted by the check')

/** A promise and the function that resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

export const messages: Rules = {
  async 'readMessage resolves as its function does, at every cut'(a, b) {
    for (const [head, tail] of cuts('5\nhello')) {
      const message = begin(b.readMessage(sized))
      await send(a, b, head)
      await stays(message, `readMessage after ${head.length} of seven bytes`)
      await send(a, b, tail)
      equal(await message, 'hello', `readMessage, cut after ${head.length}`)
    }
    let called = false
    const message = begin(
      b.readMessage(() => {
        called = true
        return 5
      }),
    )
    expect(called, 'the function of readMessage is not called at once')
    equal(await message, 5, 'readMessage of a function that reads nothing and is not async')
    begin(a.write('one\ntwo\nthree\nfour'))
    const each = await b.readMessage(async (reader) => {
      const all: unknown[] = [
        await reader.readUntil('\n', 'utf8'),
        await reader.skip(2),
        await reader.skipUntil('\n'),
        await reader.peek(2, 'utf8'),
      ]
      for await (const line of reader.lines()) {
        all.push(line)
        break
      }
      for await (const chunk of reader.chunks(2)) all.push(chunk.toString())
      return [all.slice(0, 5), all.slice(5).join('')]
    })
    equal(each, [['one\n', 2, 2, 'th', 'three'], 'fo'], 'a message of several kinds of reads')
    bytes(await b.readExactly(2), 'ur', 'what comes behind the message')
  },

  async 'a message that the end of the stream cuts short is unread again, and partial is all of it'(a, b) {
    const message = begin(b.readMessage(sized))
    await send(a, b, '5\nh', 'el')
    begin(a.end())
    bytes((await rejects(message, EndOfStreamError, 'readMessage, pending as the end comes')).partial, '5\nhel', 'its partial')
    const again = await rejects(
      b.readMessage(async (reader) => {
        await reader.skip(1)
        await reader.skipUntil('\n')
        return reader.readExactly(9)
      }),
      EndOfStreamError,
      'readMessage of skips and a read',
    )
    bytes(again.partial, '5\nhel', 'its partial')
    const tried = await rejects(
      b.readMessage(async (reader) => [reader.tryReadLine(), reader.tryReadExactly(5)]),
      EndOfStreamError,
      'readMessage of try reads',
    )
    bytes(tried.partial, '5\nhel', 'its partial')
    bytes(await b.readToEnd(), '5\nhel', 'readToEnd after them')
  },

  async 'a message that is aborted between two reads rejects at once and is unread again'(a, b) {
    const [{ opened, open }, controller] = [gate(), new AbortController()]
    let late: Promise<unknown> | undefined
    const message = begin(
      b.readMessage(
        async (reader) => {
          await reader.readLine()
          await opened
          late = reader.readLine()
          return late
        },
        { signal: controller.signal },
      ),
    )
    await send(a, b, 'one\ntwo\n')
    await stays(message, 'readMessage between two reads')
    controller.abort(reason)
    const next = begin(b.readLine())
    await rejectsWith(message, reason, 'readMessage that is aborted between two reads')
    equal(await next, 'one', 'the read that was made as it was aborted')
    open()
    await until(() => late !== undefined)
    await rejectsWith(late as Promise<unknown>, reason, 'a read of its reader afterwards')
    equal(await b.readLine(), 'two', 'the next read')
  },

  async 'a message that its own function aborts between two reads is unread again, too'(a, b) {
    await send(a, b, 'one\ntwo\n')
    const controller = new AbortController()
    const read = async (reader: Reader): Promise<string> => {
      await reader.readLine()
      controller.abort(reason)
      return reader.readLine()
    }
    const message = b.readMessage(read, { signal: controller.signal, timeout: 60_000 })
    await rejectsWith(message, reason, 'readMessage whose function aborts it before it reads what is there')
    equal(await b.readLine(), 'one', 'the next read')
  },

  async 'the timeout of a message holds for all of it, and it is unread again'(a, b) {
    const message = begin(
      b.readMessage(
        async (reader) => {
          for (;;) await reader.readExactly(1)
        },
        { timeout: 20 },
      ),
    )
    let sent = 0
    for (; message.state === 'pending' && sent < 200; sent++) {
      await send(a, b, 'x')
      await pause(1)
    }
    const error = await rejects(message, TimeoutError, 'readMessage with a timeout of 20 while a byte comes every millisecond')
    equal([error.kind, error.timeout], ['call', 20], 'kind and timeout of its error')
    bytes(await b.readExactly(sent), 'x'.repeat(sent), 'all that had come')
  },

  async 'a message whose function throws consumes the bytes that it read'(a, b) {
    await send(a, b, 'one\ntwo\nthree\n')
    const own = new Error("the function's own")
    const fails = async (reader: Reader): Promise<never> => {
      await reader.readLine()
      throw own
    }
    await rejectsWith(b.readMessage(fails), own, 'readMessage whose function throws after a read')
    equal(await b.readLine(), 'two', 'the next read')
    const throwsAtOnce = (): never => {
      throw own
    }
    await rejectsWith(b.readMessage(throwsAtOnce), own, 'readMessage whose function throws at once')
    equal(await b.readLine(), 'three', 'the next read')
  },

  async 'every other read while a message is read is a ConcurrentReadError, also between two of its reads'(a, b) {
    const { opened, open } = gate()
    const message = begin(
      b.readMessage(async (reader) => {
        const first = await reader.readLine()
        await opened
        return [first, await reader.readLine()]
      }),
    )
    await rejects(b.readExactly(1), ConcurrentReadError, 'readExactly before the first byte of a message')
    await send(a, b, 'one\nt')
    await rejects(b.read(), ConcurrentReadError, 'read between two reads of a message')
    await rejects(b.readMessage(sized), ConcurrentReadError, 'a second readMessage between two reads of a message')
    throws(() => b.tryReadExactly(1), ConcurrentReadError, 'tryReadExactly between two reads of a message')
    throws(() => b.toDuplex(), ConcurrentReadError, 'toDuplex between two reads of a message')
    open()
    await rejects(b.readLine(), ConcurrentReadError, 'readLine while a read of a message waits')
    await send(a, b, 'wo\n')
    equal(await message, ['one', 'two'], 'the message')
  },

  async 'a second read of a message while one is pending is a ConcurrentReadError'(a, b) {
    const both = b.readMessage(async (reader) => {
      const first = reader.readLine()
      await rejects(reader.readLine(), ConcurrentReadError, 'a second read of a message')
      return first
    })
    const message = begin(both)
    await send(a, b, 'one\n')
    equal(await message, 'one', 'the message whose second read was refused')
  },

  async 'the reader of a message that is settled rejects as it did, with a TypeError if it resolved'(a, b) {
    await send(a, b, 'one\ntwo\n')
    const readers: Reader[] = []
    await b.readMessage((reader) => void readers.push(reader))
    const failed = b.readMessage((reader) => {
      readers.push(reader)
      throw reason
    })
    await rejectsWith(failed, reason, 'a message that fails')
    const [first, second] = readers as [Reader, Reader]
    await rejects(first.readLine(), TypeError, 'the reader of a message that resolved')
    throws(() => first.tryReadLine(), TypeError, 'a try read of it')
    await rejectsWith(second.readLine(), reason, 'the reader of a message that rejected')
    const left = begin(b.readMessage((reader) => void begin(reader.readExactly(100))))
    await left
    equal(await b.readLine(), 'one', 'a read after a message that left one of its own waiting')
  },

  async 'maxBytes of a message is shared by its reads'(a, b) {
    await send(a, b, '5\nhello7\ntoo long')
    equal(await b.readMessage(sized, { maxBytes: 7 }), 'hello', 'readMessage of seven bytes with maxBytes 7')
    const error = await rejects(b.readMessage(sized, { maxBytes: 8 }), LimitExceededError, 'readMessage of nine bytes with maxBytes 8')
    equal([error.limit, error.option], [8, 'maxBytes'], 'limit and option of its error')
    const larger = b.readMessage(async (reader) => [await reader.readLine(), await reader.readExactly(7, { maxBytes: 100 })], {
      maxBytes: 8,
    })
    await rejects(larger, LimitExceededError, 'the same with a larger maxBytes of its second read')
    bytes(await b.readExactly(9), '7\ntoo lon', 'all of it after them')
    b.setLimits({ maxBufferSize: 8 })
    await send(a, b, '\n7\nabcdefg')
    await b.readLine()
    await rejects(b.readMessage(sized), LimitExceededError, 'readMessage of nine bytes with a maxBufferSize of 8')
    const own = b.readMessage(async (reader) => [await reader.readLine(), await reader.readExactly(7, { encoding: 'utf8', maxBytes: 7 })])
    equal(await own, ['7', 'abcdefg'], 'the same where the second read has a limit of its own')
  },
}
