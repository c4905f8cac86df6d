// How long memory is held: what a connection holds until a time limit expires, and afterwards. And how many connections one
// address may have.

import t from 'tap'
import { CLIENTS, holds, KIB, OBJECTS, type Stats, server } from '../support/held.js'

/** What closed connections may leave behind, in compiled code and spare memory for the next ones: far less than their payload. */
const NOTHING = CLIENTS * OBJECTS
const part = Buffer.alloc(200 * KIB, 'x')

t.test('until closeTimeout a peer that does not end holds its objects, and none of the bytes that it still sends', async (t) => {
  const all = CLIENTS * part.length
  const waits = await holds(
    t,
    server('closeTimeout: 60_000', '() => {}'),
    { words: part },
    ({ active, read }) => active === CLIENTS && read >= all,
  )
  t.ok(waits.held < CLIENTS * OBJECTS, `${waits.held} bytes of ${CLIENTS}`)
  const { held } = await holds(t, server('closeTimeout: 500', '() => {}'), { words: part }, ({ over }) => over > CLIENTS)
  t.ok(held < NOTHING, `${held} bytes`)
})

t.test('nothing is held after closeTimeout for a peer that takes none of the queued bytes', async (t) => {
  const handler = '(c) => { void c.write(Buffer.alloc(8 * 1024 * 1024)).catch(() => {}) }'
  const { held } = await holds(t, server('closeTimeout: 500', handler), {}, ({ over }) => over > CLIENTS)
  t.ok(held < NOTHING, `${held} bytes`)
})

t.test('nothing is held for a silent peer after idleTimeout', async (t) => {
  const { held } = await holds(t, server('idleTimeout: 500', '(c) => c.readLine()'), {}, ({ over }) => over > CLIENTS)
  t.ok(held < NOTHING, `${held} bytes`)
})

t.test('a peer that sends single bytes holds what it sent, and nothing after readTimeout', async (t) => {
  const drip = { words: part, byte: 'x' }
  const all = CLIENTS * part.length
  const waits = await holds(t, server('', '(c) => c.readLine()'), drip, ({ active, read }) => active === CLIENTS && read > all)
  t.ok(waits.held < CLIENTS * (2 * (part.length + 128 * KIB) + OBJECTS), `${waits.held} bytes of ${CLIENTS}`)
  const { held } = await holds(t, server('readTimeout: 500', '(c) => c.readLine()'), drip, ({ over }) => over > CLIENTS)
  t.ok(held < NOTHING, `${held} bytes`)
})

t.test('one address holds the memory of maxConnectionsPerAddress connections and no more', async (t) => {
  const code = server('maxConnectionsPerAddress: 4', '(c) => c.readToEnd()')
  // The first connection has left its place by then.
  const clients = { words: part, begin: ({ over }: Stats) => over === 1 }
  const { active, held } = await holds(t, code, clients, ({ dropped, read }) => dropped >= CLIENTS - 4 && read === 4 * part.length)
  t.equal(active, 4)
  t.ok(held < 4 * (2 * (part.length + 128 * KIB) + OBJECTS) + NOTHING, `${held} bytes of 4`)
})
