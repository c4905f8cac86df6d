// examples/countdown.ts: time limits and cancellation.

import t from 'tap'
import { Example, Netcat, skip } from './support.js'

t.test('the server counts to the end, second by second', { skip }, async (t) => {
  const client = Netcat.connect(t, await Example.start(t, 'countdown'), '-N')
  client.says('2\n')
  await client.hears('lift-off\n')
  client.ends()
  t.equal(await client.toEnd(), 'how many seconds?\n2\n1\nlift-off\n')
})

t.test('a line stops the countdown, also one that arrives in two pieces with a second between them', { skip }, async (t) => {
  const client = Netcat.connect(t, await Example.start(t, 'countdown'), '-N')
  await client.hears('how many seconds?\n')
  client.says('9\n')
  await client.hears('9\n')
  client.says('st')
  await client.hears('8\n')
  client.says('op\n')
  await client.hears('stopped at ')
  client.ends()
  t.match(await client.toEnd(), /^how many seconds\?\n9\n8\n(\d\n)*stopped at \d\n$/)
})

t.test('a client that sends nothing is timed out, and one that sends too much gets an error', { skip }, async (t) => {
  const countdown = await Example.start(t, 'countdown')
  const silent = Netcat.connect(t, countdown, '-N')
  const talkative = Netcat.connect(t, countdown, '-N')
  talkative.ends('a great many\n')
  t.equal(await talkative.toEnd(), 'how many seconds?\ntoo long\n')
  await silent.hears('too late\n')
  silent.ends()
  t.equal(await silent.toEnd(), 'how many seconds?\ntoo late\n')
})

t.test('Ctrl-C ends the countdown between two seconds', { skip }, async (t) => {
  const countdown = await Example.start(t, 'countdown')
  const client = Netcat.connect(t, countdown, '-N')
  client.says('30\n')
  await client.hears('30\n')
  countdown.interrupt()
  client.ends()
  t.strictSame(await countdown.ended(), { code: 0, signal: null })
  t.notMatch(await client.toEnd(), 'lift-off')
})
