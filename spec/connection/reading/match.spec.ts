// readUntilMatch: a pattern is tried on the first bytes that are unread, and on no others, whatever was read before.

import fc from 'fast-check'
import t from 'tap'
import { KiB } from '../../bytes/support.js'
import { turns } from '../../support/wait.js'
import { unread, wired } from './support.js'

const patterns = [/b/, /ab?$/, /a+/, /(?<=a)b/, /^a/, /a(?=b)/, /a(?!b)/, /.*b/s, /a.{3}/, /b*$/m]

t.test('a match is that of the pattern on the first maxBytes unread bytes, whatever was read before or follows', async (t) => {
  const step = fc.record({
    push: fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 30 }),
    pattern: fc.constantFrom(...patterns),
    maxBytes: fc.integer({ min: 1, max: 20 }),
    skip: fc.nat(6),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const { connection, push } = wired()
      for (const { push: text, pattern, maxBytes, skip } of steps) {
        if (text !== '') push(text)
        await connection.skip(Math.min(skip, connection.buffered))
        const before = unread(connection)
        const match = pattern.exec(before.slice(0, maxBytes))
        const read = connection.readUntilMatch(pattern, { maxBytes, encoding: 'latin1', timeout: 1 }).catch((error: Error) => error)
        // One that waits is taken back.
        if (match === null && before.length < maxBytes) push('b'.repeat(maxBytes))
        const got = await read
        if (match !== null && match[0] !== '') {
          const end = match.index + match[0].length
          if (got !== before.slice(0, end)) throw new Error(`${pattern} of ${before}: ${String(got)}`)
          if (unread(connection) !== before.slice(end)) throw new Error(`${pattern}: ${unread(connection)} is left of ${before}`)
        } else if (match !== null || before.length >= maxBytes) {
          if (!(got instanceof Error)) throw new Error(`${pattern} of ${before}: ${got}`)
          if (unread(connection) !== before) throw new Error('a read that failed has taken something')
        }
      }
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('without maxBytes a pattern sees at most 64 KiB, or maxBufferSize if that is less', async (t) => {
  const large = wired({ maxBufferSize: 1024 * KiB })
  const read = large.connection.readUntilMatch(/;/)
  large.push('x'.repeat(64 * KiB - 1))
  large.push(';')
  t.equal((await read).length, 64 * KiB)
  large.push('x'.repeat(64 * KiB))
  await t.rejects(large.connection.readUntilMatch(/;/), { code: 'ERR_LINNET_LIMIT', limit: 64 * KiB, option: 'maxBytes' })
  large.push(';')
  t.equal((await large.connection.readUntilMatch(/;/, { maxBytes: 65 * KiB })).length, 64 * KiB + 1)
  const small = wired({ maxBufferSize: 10 })
  small.push('x'.repeat(10))
  await t.rejects(small.connection.readUntilMatch(/;/), { code: 'ERR_LINNET_LIMIT', limit: 10, option: 'maxBufferSize' })
})

t.test('in a message the limit of a pattern is 64 KiB, and the shared limit of the message holds too', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 100 * KiB })
  push('x'.repeat(200 * KiB))
  const message = connection.readMessage(async (reader) => {
    await reader.readExactly(60 * KiB)
    await reader.readUntilMatch(/;/)
  })
  await t.rejects(message, { code: 'ERR_LINNET_LIMIT', limit: 100 * KiB, option: 'maxBufferSize' })
  t.equal(connection.buffered, 200 * KiB)
  const other = connection.readMessage(async (reader) => {
    await reader.readExactly(10 * KiB)
    await reader.readUntilMatch(/;/)
  })
  await t.rejects(other, { code: 'ERR_LINNET_LIMIT', limit: 64 * KiB, option: 'maxBytes' })
})

t.test('a message that arrives byte by byte is decoded once for each byte', async (t) => {
  const { connection, core, push } = wired()
  const { queue } = core.readHalf
  let decoded = 0
  const { latin1 } = queue
  queue.latin1 = (from, to) => {
    decoded += to - from
    return latin1.call(queue, from, to)
  }
  const read = connection.readUntilMatch(/;/)
  push('x'.repeat(30 * KiB))
  for (let n = 0; n < 100; n++) push('x')
  push(';')
  t.equal((await read).length, 30 * KiB + 101)
  t.equal(decoded, 30 * KiB + 101)
})

t.test('a pattern with another source or other flags is a pattern of its own', async (t) => {
  const { connection, push } = wired()
  push('aB;cD;')
  const pattern = /b/
  pattern.compile('b', 'i')
  t.equal(await connection.readUntilMatch(pattern, 'latin1'), 'aB')
  pattern.compile('d', 'gi')
  t.equal(await connection.readUntilMatch(pattern, 'latin1'), ';cD')
  const later = connection.readUntilMatch(/x/i, 'latin1')
  await turns(1)
  push('X')
  t.equal(await later, ';X')
})
