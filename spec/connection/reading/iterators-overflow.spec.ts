// Lines that drop what is too long: whole, however it comes, and no tail of it is ever a line, also when the loop fails in
// the middle and a new one goes on.

import fc from 'fast-check'
import t from 'tap'
import { everywhere } from '../../support/fixture.js'
import { nextPass, rejection, within } from '../../support/wait.js'
import { shown, unread, wired } from './support.js'

everywhere(t, 'an over-long line is dropped whole, and the next one is kept', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 10, readHighWaterMark: 1000 } })
  const got: string[] = []
  const sent = (async () => {
    for (let n = 0; n < 20; n++) await a.write(`line ${n}\n${'x'.repeat(n * 1000)}\r\n`)
    await a.end('y'.repeat(100))
  })()
  for await (const line of b.lines({ overflow: 'skip' })) if (line !== '') got.push(line)
  await within(sent)
  t.same(
    got,
    Array.from({ length: 20 }, (_, n) => `line ${n}`),
  )
  t.equal(b.buffered, 0)
})

t.test('a dropped line is not gathered', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 10 })
  const next = connection.lines({ overflow: 'skip' }).next()
  for (let n = 0; n < 1000; n++) {
    push('xxxxx')
    if (connection.buffered > 10) t.fail(`${connection.buffered} bytes`)
  }
  push('\nok\n')
  t.equal(shown(await next), 'ok')
})

t.test('after a loop that failed in an over-long line its tail is no line', async (t) => {
  for (const how of ['abort', 'time-out'] as const) {
    const { connection, push, clock } = wired()
    const controller = new AbortController()
    const options = { maxBytes: 5, overflow: 'skip' } as const
    const failure = rejection(connection.lines({ ...options, signal: controller.signal, timeout: 10 }).next())
    push('over-lo')
    if (how === 'abort') controller.abort('cut')
    else await clock.pass(10)
    await failure
    t.equal(connection.buffered, 0, 'what it dropped stays dropped')
    push('ng\nok\n')
    t.equal(shown(await connection.lines(options).next()), 'ok')
  }
})

t.test('a delimiter that begins in the dropped bytes is found', async (t) => {
  const { connection, push } = wired()
  const options = { maxBytes: 5, overflow: 'skip', delimiter: '\r\n' } as const
  const controller = new AbortController()
  const failure = rejection(connection.lines({ ...options, signal: controller.signal }).next())
  push('over-long\r')
  controller.abort('cut')
  t.equal(await failure, 'cut')
  t.equal(unread(connection), '\r')
  const next = connection.lines(options).next()
  push('\nok\r\n')
  t.equal(shown(await next), 'ok')
})

t.test('after another read has taken bytes a loop drops nothing', async (t) => {
  const { connection, push, clock } = wired()
  const options = { maxBytes: 5, overflow: 'skip' } as const
  for (const read of [
    () => connection.skipUntil('\n'),
    () => connection.readUntil('\n'),
    () => connection.readLine(),
    async () => connection.tryReadLine(),
    () => connection.readExactly(3),
  ]) {
    const failure = rejection(connection.lines({ ...options, timeout: 5 }).next())
    push('over-long')
    await clock.pass(5)
    await failure
    push('er\n')
    await read()
    push('ok\n')
    t.equal(shown(await connection.lines(options).next()), 'ok')
  }
})

t.test('after a peek or a failed read a loop continues to drop the line', async (t) => {
  const { connection, push, clock } = wired()
  const options = { maxBytes: 5, overflow: 'skip' } as const
  const failure = rejection(connection.lines({ ...options, timeout: 5 }).next())
  push('over-long')
  await clock.pass(5)
  await failure
  push('er\nok\n')
  await connection.peek(2)
  t.equal(connection.tryReadUntil(';'), undefined)
  await rejection(connection.readExactly(3, { maxBytes: 2 }))
  t.equal(shown(await connection.lines(options).next()), 'ok')
})

t.test('another iterator that was started before drops the tail too', async (t) => {
  const { connection, push, clock } = wired()
  const options = { maxBytes: 5, overflow: 'skip' } as const
  const [one, other] = [connection.lines({ ...options, timeout: 10 }), connection.lines(options)]
  push('a\nb\n')
  t.equal(shown(await one.next()), 'a')
  t.equal(shown(await other.next()), 'b')
  const failure = rejection(one.next())
  push('over-long')
  await clock.pass(10)
  await failure
  push('er\nok\n')
  t.equal(shown(await other.next()), 'ok')
})

t.test('a loss or an end in an over-long line yields no line', async (t) => {
  const ended = wired()
  const done = ended.connection.lines({ maxBytes: 5, overflow: 'skip' }).next()
  ended.push('over-long')
  ended.end()
  t.same(await done, { value: undefined, done: true })
  const lost = wired()
  const failure = rejection(lost.connection.lines({ maxBytes: 5, overflow: 'skip' }).next())
  lost.push('over-long')
  lost.lose()
  t.match(await failure, { code: 'ECONNRESET' })
})

t.test('whatever is cut, cancelled or timed out, a loop yields all lines within the limit and no other', async (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n', '\n'), maxLength: 60 })
  const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 8, maxLength: 8 })
  const cuts = fc.array(fc.constantFrom('none', 'none', 'abort', 'time-out'), { minLength: 8, maxLength: 8 })
  const delimiters = fc.constantFrom(undefined, '\r\n', 'ab', ['\r\n', '\n'])
  await fc.assert(
    fc.asyncProperty(text, pieces, cuts, fc.integer({ min: 2, max: 8 }), delimiters, async (text, pieces, cuts, maxBytes, delimiter) => {
      const { connection, push, end, clock } = wired()
      const got: unknown[] = []
      let over = false
      let controller = new AbortController()
      const reading = (async () => {
        while (!over) {
          controller = new AbortController()
          const loop = connection.lines({
            maxBytes,
            delimiter,
            overflow: 'skip',
            encoding: 'latin1',
            timeout: 10,
            signal: controller.signal,
          })
          try {
            for await (const line of loop) got.push(line)
            over = true
          } catch (error) {
            if (error !== 'cut' && (error as { code: string }).code !== 'ERR_LINNET_TIMEOUT') throw error
          }
        }
      })()
      for (let at = 0, n = 0; at < text.length; n++) {
        const size = pieces[n % 8] as number
        push(text.slice(at, at + size))
        at += size
        if (n % 3 === 0) await nextPass()
        if (cuts[n % 8] === 'abort') controller.abort('cut')
        if (cuts[n % 8] === 'time-out') await clock.pass(10)
        if (n % 2 === 1) await nextPass()
      }
      end()
      await within(reading)
      const wanted = linesOf(text, delimiter, maxBytes)
      if (JSON.stringify(got) !== JSON.stringify(wanted)) throw new Error(`${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`)
    }),
    { numRuns: 1500 },
  )
  t.pass()
})

/** The lines of a text that are not too long, by the simplest means. */
function linesOf(text: string, delimiter: string | readonly string[] | undefined, maxBytes: number): string[] {
  const list = delimiter === undefined ? ['\r\n', '\n'] : [delimiter].flat()
  const shortest = delimiter === undefined ? 1 : Math.min(...list.map((each) => each.length))
  const lines: string[] = []
  for (let rest = text; rest !== ''; ) {
    // A list is looked for longest first, which is right for the lists that are tried here.
    const ends = list.map((each) => [rest.indexOf(each), each.length] as const).filter(([at]) => at >= 0)
    const [at, length] = ends.sort((a, b) => a[0] - b[0])[0] ?? [rest.length, shortest]
    if (at + length <= maxBytes) lines.push(rest.slice(0, at))
    rest = rest.slice(at + length)
  }
  return lines
}
