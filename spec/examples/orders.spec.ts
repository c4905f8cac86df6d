// examples/orders.ts: lines of JSON that a schema checks.

import t from 'tap'
import { Example, Netcat, skip } from './support.js'

t.test('an order is booked, and one that does not fit is refused with its reasons', { skip }, async (t) => {
  const client = Netcat.connect(t, await Example.start(t, 'orders'), '-N')
  const talk = async (line: string, answer: unknown): Promise<void> => {
    client.says(`${line}\n`)
    await client.hears('\n')
    t.strictSame(JSON.parse(client.heard.trimEnd().split('\n').at(-1) as string), answer)
  }
  await talk('{"item":"tea","count":2}', { booked: 'tea', count: 2 })
  await talk('{"item":"tea","wanted":"2026-11-30"}', { booked: 'tea', count: 1, weekday: 'Monday' })
  await talk('{"item":"tea","count":"2"}', { refused: ['count: Invalid input: expected number, received string'] })
  await talk('tea', { refused: ['an order is a line of JSON'] })
  await talk(`{"item":"${'x'.repeat(2000)}"}`, { refused: ['an order has at most 1024 bytes'] })
  await talk('{"item":"milk"}', { booked: 'milk', count: 1 })
  client.ends()
  await client.toEnd()
  t.strictSame(await client.ended(), { code: 0, signal: null })
})
