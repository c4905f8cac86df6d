// Input by which a hostile peer makes two programs see different messages, or one program a message that was not sent: line
// ends, over-long lines, lengths, and bodies that look like commands.

import t from 'tap'
import { LimitExceededError, type Reader } from '../../lib/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { everywhere, memory } from '../support/fixture.js'
import { cuts, rejection, turn, turns, until, within } from '../support/wait.js'

const crlf = { delimiter: '\r\n' } as const

t.test('a bare line feed or carriage return does not smuggle a command', async (t) => {
  // SMTP, as in CVE-2023-51764: one server takes for the end of a mail what another takes for a line of it.
  for (const fake of ['\n.\n', '\n.\r\n', '\r.\r', '\r\n.\n', '\r\n.\r', '\r\r\n.\r\r\n']) {
    const mail = `Hello${fake}MAIL FROM:<evil>`
    const wire = `${mail}\r\n.\r\nQUIT\r\n`
    for (const [head, tail] of cuts(wire)) {
      const { connection, push } = wired()
      push(head)
      const reading = (async () => {
        const lines: string[] = []
        for await (const line of connection.lines(crlf)) {
          if (line === '.') break
          lines.push(line)
        }
        return lines
      })()
      await turn()
      push(tail)
      const lines = await within(reading)
      if (lines.join('\r\n') !== mail) t.fail(`${JSON.stringify(fake)}: ${JSON.stringify(lines)}`)
      if ((await connection.readLine(crlf)) !== 'QUIT') t.fail('out of step')
    }
    t.pass(JSON.stringify(fake))
  }
})

t.test('only its delimiter ends a line', async (t) => {
  const strange = [
    '\r',
    '\v',
    '\f',
    '\0',
    '\x1c',
    '\x1d',
    '\x1e',
    '\x85',
    '\xe2\x80\xa8',
    '\xe2\x80\xa9',
    '\xc0\x8a',
    '\xe0\x80\x8a',
    '\n\0',
    '\\n',
  ]
  for (const each of strange) {
    const { connection, push } = wired()
    push(`a${each}b\r\n`)
    t.equal(await connection.readLine({ ...crlf, encoding: 'latin1' }), `a${each}b`, JSON.stringify(each))
    if (each.includes('\n')) continue
    push(`a${each}b\n`)
    t.equal(await connection.readLine('latin1'), `a${each}b`, `${JSON.stringify(each)} in lines that end in a line feed`)
    push(`a${each}b\n`)
    t.equal(await connection.readUntil('\n', 'latin1'), `a${each}b\n`)
  }
})

everywhere(t, 'the tail of an over-long line is never returned as a line', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 16 } })
  const wire = `${'x'.repeat(40)} QUIT\nQUIT\n`
  await a.write(wire)
  for (let n = 0; n < 3; n++) {
    t.ok((await rejection(within(b.readLine()))) instanceof LimitExceededError)
    t.ok((await rejection(within(b.readUntil('\n')))) instanceof LimitExceededError)
    t.ok((await rejection(within(b.lines().next()))) instanceof LimitExceededError)
    t.ok((await rejection(within(b.readMessage((reader) => reader.readLine())))) instanceof LimitExceededError)
    t.throws(() => b.tryReadLine(), LimitExceededError)
    t.throws(() => b.tryReadUntil('\n'), LimitExceededError)
  }
  t.equal(await within(b.skipUntil('\n')), 46)
  t.equal(await within(b.readLine()), 'QUIT', 'the next line that was sent')
  await a.write(wire)
  const lines = b.lines({ overflow: 'skip' })
  t.equal((await within(lines.next())).value, 'QUIT')
  await turns()
  t.equal(b.buffered, 0)
})

t.test('the tail of an over-long line is not returned at any cut, nor when the read is cancelled in the middle of it', async (t) => {
  const wire = `${'x'.repeat(12)}\r\nok\r\n`
  for (const [head, tail] of cuts(wire)) {
    for (const [middle, rest] of [...cuts(tail), [tail, Buffer.alloc(0)]] as [Buffer, Buffer][]) {
      const { connection, push } = wired({ maxBufferSize: 8 })
      const lines: unknown[] = []
      const loop = async (signal: AbortSignal): Promise<void> => {
        for await (const line of connection.lines({ ...crlf, overflow: 'skip', signal })) lines.push(line)
      }
      const first = new AbortController()
      const given = loop(first.signal).catch(() => {})
      push(head)
      await turn()
      first.abort()
      await given
      push(middle)
      const second = new AbortController()
      const next = loop(second.signal).catch(() => {})
      push(rest)
      await turn()
      second.abort()
      await next
      if (JSON.stringify(lines) !== '["ok"]') t.fail(`${head}|${middle}|${rest}: ${JSON.stringify(lines)}`)
      if (connection.buffered > 0) t.fail(`${connection.buffered} bytes are left`)
    }
  }
  t.pass()
})

t.test('no read returns what follows an over-long line as a command until the program has skipped that line', async (t) => {
  const { a, b } = memory(t, { server: { maxBufferSize: 16 } })
  const commands: string[] = []
  const serving = (async () => {
    for (;;) {
      try {
        for await (const command of b.lines(crlf)) commands.push(command)
        return
      } catch (error) {
        if (!(error instanceof LimitExceededError)) throw error
        await b.skipUntil('\r\n')
        commands.push('(too long)')
      }
    }
  })()
  await a.write(`ONE\r\n${'x'.repeat(100)}TWO`)
  await turns()
  await a.write('\nTHREE\r')
  await turns()
  await a.write('\nFOUR\r\n')
  await a.end()
  await within(serving)
  t.same(commands, ['ONE', '(too long)', 'FOUR'])
})

t.test('a length that is no number, or too large, is refused before anything is buffered', async (t) => {
  const sized = async (reader: Reader): Promise<Buffer> => reader.readExactly(Number(await reader.readLine(crlf)))
  for (const length of ['-1', 'NaN', '1.5', '1e9', 'Infinity', '99999999999999999999', '0x7fffffff', 'abc', '4294967296']) {
    const { connection, push } = wired()
    push(`${length}\r\nbody`)
    const error = await rejection(within(connection.readMessage(sized)))
    t.ok(error instanceof RangeError || error instanceof LimitExceededError, `${length}: ${String(error)}`)
    t.equal(unread(connection), `${length}\r\nbody`, 'the message is unread again')
  }
})

everywhere(t, 'a body that looks like commands is read as a body', async (t, connect) => {
  const { a, b } = await connect()
  const body = 'QUIT\r\n.\r\nDELETE *\r\n'
  await a.write(`PUT ${body.length}\r\n${body}PUT 3\r\nabc`)
  const put = async (): Promise<string> =>
    b.readMessage(async (reader) => {
      const line = await reader.readLine(crlf)
      return reader.readExactly(Number(line.slice(4)), 'latin1')
    })
  t.equal(await within(put()), body)
  t.equal(await within(put()), 'abc')
  t.equal(b.buffered, 0)
})

everywhere(t, 'a message that was refused is not read as two afterwards', async (t, connect) => {
  const { a, b } = await connect()
  await a.write('5\nab')
  const refused = b.readMessage(async (reader) => reader.readExactly(Number(await reader.readLine())), { signal: AbortSignal.timeout(5) })
  t.match(await rejection(within(refused)), { name: 'TimeoutError' })
  // If the head had stayed consumed, the body would now be read as a line.
  await a.write('c\nd')
  await until(() => b.buffered === 7)
  t.equal(await within(b.readMessage(async (reader) => reader.readExactly(Number(await reader.readLine()), 'latin1'))), 'abc\nd')
})
