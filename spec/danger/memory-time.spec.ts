// How long peers hold what they hold: what each time limit leaves once it has run out, and what is held until then. And how many
// there are: the limit of an address.

import t from 'tap'
import { CLIENTS, holds, KIB, OBJECTS, server } from '../support/held.js'

/** What connections that are over may leave behind, in what is compiled and kept for the next ones: far less than their payload. */
const NOTHING = CLIENTS * OBJECTS
const part = Buffer.alloc(200 * KIB, 'x')

t.test('a peer that does not let go holds its objects, and none of what it still sends, until closeTimeout', async (t) => {
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

t.test('nor after closeTimeout where it takes nothing of what is queued', async (t) => {
  const handler = '(c) => { void c.write(Buffer.alloc(8 * 1024 * 1024)).catch(() => {}) }'
  const { held } = await holds(t, server('closeTimeout: 500', handler), {}, ({ over }) => over > CLIENTS)
  t.ok(held < NOTHING, `${held} bytes`)
})

t.test('a peer that says nothing holds its objects, and nothing once idleTimeout has ended it', async (t) => {
  const { held } = await holds(t, server('idleTimeout: 500', '(c) => c.readLine()'), {}, ({ over }) => over > CLIENTS)
  t.ok(held < NOTHING, `${held} bytes`)
})

t.test('a peer that sends a byte now and then holds what it has sent, and nothing once readTimeout has ended it', async (t) => {
  const drip = { words: part, byte: 'x' }
  const all = CLIENTS * part.length
  const waits = await holds(t, server('', '(c) => c.readLine()'), drip, ({ active, read }) => active === CLIENTS && read > all)
  t.ok(waits.held < CLIENTS * (2 * (part.length + 128 * KIB) + OBJECTS), `${waits.held} bytes of ${CLIENTS}`)
  const { held } = await holds(t, server('readTimeout: 500', '(c) => c.readLine()'), drip, ({ over }) => over > CLIENTS)
  t.ok(held < NOTHING, `${held} bytes`)
})

t.test('an address holds what its connections hold, and no more of them than maxConnectionsPerAddress', async (t) => {
  const code = server('maxConnectionsPerAddress: 4', '(c) => c.readToEnd()')
  const { active, held } = await holds(t, code, { words: part }, ({ dropped, read }) => dropped >= CLIENTS - 4 && read === 4 * part.length)
  t.equal(active, 4)
  t.ok(held < 4 * (2 * (part.length + 128 * KIB) + OBJECTS) + NOTHING, `${held} bytes of 4`)
})
