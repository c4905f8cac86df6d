// Memory that a connection holds for received bytes, for each way of reading, and without a read.

import t from 'tap'
import { CLIENTS, holds, KIB, OBJECTS, server } from '../support/held.js'

// Node's own buffer, and one chunk more after a pause.
const AHEAD = 4 * 64 * KIB
const much = Buffer.alloc(2 * KIB * KIB, 'x')

t.test('a connection that the program does not read holds its read-ahead and no more', async (t) => {
  const { held } = await holds(t, server('', '(c) => c.closed'), { words: much }, ({ active, read }) => active >= CLIENTS && read > 0)
  t.ok(held < CLIENTS * (AHEAD + OBJECTS), `${held} bytes of ${CLIENTS}`)
})

const LIMIT = 256 * KIB
// Each line is within the limit of the read that takes it.
const lines = Buffer.from(`${'h'.repeat(1000)}\n`.repeat(2000))

/** A handler that reads a frame. */
function frames(codec: string): string {
  return `async (c) => {
    const { framed, ...codecs } = await import('linnet/framing')
    const { contentLength, delimited, lengthPrefixed } = codecs
    await framed(c, ${codec}).read().catch(() => c.closed)
  }`
}

/** The most bytes that a read of a message without end may hold. */
const reads: Record<string, { options?: string; handler: string; words: Buffer; most: number }> = {
  'a message whose reads have limits of their own holds those and maxBufferSize': {
    options: `maxBufferSize: ${LIMIT}`,
    handler: "(c) => c.readMessage(async (r) => { while (await r.readLine({ maxBytes: 8192 }) !== ''); }).catch(() => c.closed)",
    words: lines,
    most: LIMIT + 8192 + AHEAD,
  },
  'a program that polls by tryReadLine holds its limit': {
    options: `maxBufferSize: ${LIMIT}`,
    handler: 'async (c) => { for (;;) { try { c.tryReadLine() } catch { await c.closed }; await sleep(5) } }',
    words: much,
    most: LIMIT + AHEAD,
  },
  // The bytes, and the text on which the pattern runs.
  'a pattern that never matches holds 64 KiB, and their text': {
    handler: '(c) => c.readUntilMatch(/never/).catch(() => c.closed)',
    words: much,
    most: 3 * 64 * KIB + AHEAD,
  },
  'an over-long line that is skipped holds maxBufferSize': {
    options: `maxBufferSize: ${LIMIT}`,
    handler: "async (c) => { for await (const line of c.lines({ overflow: 'skip' })); }",
    words: much,
    most: LIMIT + AHEAD,
  },
  'a frame with a length above the limit holds the read-ahead and no more': {
    handler: frames('lengthPrefixed({ bytes: 8 })'),
    words: Buffer.concat([Buffer.from([0, 0, 1, 0, 0, 0, 0, 0]), much]),
    most: AHEAD,
  },
  'a frame that does not end holds its limit': {
    handler: frames(`delimited('\\0', { maxBytes: ${LIMIT} })`),
    words: much,
    most: LIMIT + AHEAD,
  },
  'header lines of a frame that do not end hold the read-ahead and no more': {
    handler: frames('contentLength()'),
    words: Buffer.from('Name: value\r\n'.repeat(200_000)),
    most: AHEAD,
  },
  'skipUntil holds none of the bytes that it skips': { handler: "(c) => c.skipUntil('never')", words: much, most: AHEAD },
  'a pipe to a peer that reads nothing holds the read-ahead of both sides': {
    handler: `async (c) => {
      const [a, b] = testing.pair()
      kept.push(b)
      await linnet.pipe(c, a).catch(() => {})
    }`,
    words: much,
    most: 3 * AHEAD + OBJECTS,
  },
  'a bridge that is not read holds the read-ahead of both sides': {
    handler: '(c) => { kept.push(c); c.toDuplex(); return c.closed }',
    words: much,
    most: 2 * AHEAD,
  },
}

for (const [name, { options = '', handler, words, most }] of Object.entries(reads)) {
  t.test(name, async (t) => {
    const { held } = await holds(t, server(options, handler), { words }, ({ active, read }) => active >= CLIENTS && read > 0)
    t.ok(held < CLIENTS * (most + OBJECTS), `${held} bytes of ${CLIENTS}`)
  })
}

t.test('a lost connection holds at most 1 MiB beyond its read-ahead', async (t) => {
  const count = 4
  const taken = 64 * KIB * KIB
  // The system enlarges the receive buffer of a program that reads much. Then the program stops reading, and its write fails.
  const handler = `async (c) => {
    kept.push(c)
    await c.skip(${taken})
    while (!c.signal.aborted) {
      c.write('x').catch(() => {})
      await sleep(10)
    }
  }`
  const code = server('maxWriteBuffer: Infinity, writeTimeout: Infinity', handler)
  const words = Buffer.alloc(taken + 16 * KIB * KIB)
  let before = 0
  const full = ({ active, read }: { active: number; read: number }): boolean => {
    const stands = active === count && read > count * taken && read === before
    before = read
    return stands
  }
  const { held, read } = await holds(t, code, { count, words, leave: full }, ({ over }) => over > count)
  t.ok(read > count * taken, 'there were bytes beyond the read-ahead')
  // One chunk may wait for its turn beside the read-ahead.
  t.ok(held < count * (KIB * KIB + AHEAD + 64 * KIB + OBJECTS), `${held} bytes of ${count}`)
})
