// What a connection holds of what its peer has sent, by the way in which a program reads it, or does not.

import t from 'tap'
import { CLIENTS, holds, KIB, OBJECTS, server } from '../support/held.js'

// Node's own buffer, and one chunk more after a pause.
const AHEAD = 4 * 64 * KIB
const much = Buffer.alloc(2 * KIB * KIB, 'x')

t.test('a peer that sends more than the program takes is paused: what is read ahead is held', async (t) => {
  const { held } = await holds(t, server('', '(c) => c.closed'), { words: much }, ({ active, read }) => active >= CLIENTS && read > 0)
  t.ok(held < CLIENTS * (AHEAD + OBJECTS), `${held} bytes of ${CLIENTS}`)
})

const LIMIT = 256 * KIB
// Lines of which each is short enough for the read that asks for it.
const lines = Buffer.from(`${'h'.repeat(1000)}\n`.repeat(2000))

/** What a read, by which a program asks for a message that never ends, may hold. */
const reads: Record<string, { options?: string; handler: string; words: Buffer; most: number }> = {
  'a message whose reads name limits of their own holds them and maxBufferSize': {
    options: `maxBufferSize: ${LIMIT}`,
    handler: "(c) => c.readMessage(async (r) => { while (await r.readLine({ maxBytes: 8192 }) !== ''); }).catch(() => c.closed)",
    words: lines,
    most: LIMIT + 8192 + AHEAD,
  },
  'a program that polls holds the limit of what it polls for': {
    options: `maxBufferSize: ${LIMIT}`,
    handler: 'async (c) => { for (;;) { try { c.tryReadLine() } catch { await c.closed }; await sleep(5) } }',
    words: much,
    most: LIMIT + AHEAD,
  },
  // Its bytes, and the text that the pattern is tried on.
  'a pattern that never matches holds 64 KiB, and their text': {
    handler: '(c) => c.readUntilMatch(/never/).catch(() => c.closed)',
    words: much,
    most: 3 * 64 * KIB + AHEAD,
  },
  'an over-long line that is dropped holds maxBufferSize': {
    options: `maxBufferSize: ${LIMIT}`,
    handler: "async (c) => { for await (const line of c.lines({ overflow: 'skip' })); }",
    words: much,
    most: LIMIT + AHEAD,
  },
  'what is skipped is not held': { handler: "(c) => c.skipUntil('never')", words: much, most: AHEAD },
  'a pipe to a peer that takes nothing holds what is read ahead on both sides': {
    handler: `async (c) => {
      const [a, b] = testing.pair()
      kept.push(b)
      await linnet.pipe(c, a).catch(() => {})
    }`,
    words: much,
    most: 3 * AHEAD + OBJECTS,
  },
  'a bridge that nobody reads holds what is read ahead on both sides': {
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

t.test('of a connection that was lost, at most 1 MiB is held beyond what was read ahead', async (t) => {
  const count = 4
  const taken = 64 * KIB * KIB
  // A program that takes much has the system make the receive buffer large. Then it takes no more, and its own write fails.
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
  t.ok(read > count * taken, 'there was something to take')
  // One chunk may wait for its turn beside what was read ahead.
  t.ok(held < count * (KIB * KIB + AHEAD + 64 * KIB + OBJECTS), `${held} bytes of ${count}`)
})
