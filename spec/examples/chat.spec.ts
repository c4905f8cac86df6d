// examples/chat.ts: names, rooms, messages to all guests of a room, and guests that do not read.

import t, { type Test } from 'tap'
import { Example, Netcat, skip } from './support.js'

/** A guest that has sent a name and is in the lobby. */
async function guest(t: Test, chat: Example, name: string, ...flags: string[]): Promise<Netcat> {
  const client = Netcat.connect(t, chat, '-N', ...flags)
  await client.hears('* your name?\n')
  client.says(`${name}\n`)
  await client.hears('* in lobby: ')
  await client.hears('you\n')
  return client
}

/** Netcat ends when both its server and its own input have ended. */
async function sayGoodbye(t: Test, ...clients: Netcat[]): Promise<void> {
  for (const client of clients) {
    await client.hears('* the chat closes: goodbye\n')
    client.ends()
    t.match(await client.toEnd(), /\* the chat closes: goodbye\n$/)
  }
}

t.test('two guests that send their lines and end see each other', { skip }, async (t) => {
  const chat = await Example.start(t, 'chat')
  const clients = [Netcat.connect(t, chat, '-N'), Netcat.connect(t, chat, '-N')] as const
  clients[0].ends('ann\nhello\n')
  clients[1].ends('bob\nhello\n')
  t.match(await clients[0].toEnd(), 'bob')
  t.match(await clients[1].toEnd(), 'ann')
})

t.test('guests see who joins, what the others write, and who leaves', { skip }, async (t) => {
  const chat = await Example.start(t, 'chat')
  const ann = await guest(t, chat, 'ann')
  const bob = await guest(t, chat, 'bob')
  await ann.hears('* bob joined\n')
  ann.says('hello \u001b[2Jbob\n')
  await bob.hears('ann: hello [2Jbob\n')
  bob.says('hello ann\n')
  await ann.hears('bob: hello ann\n')
  bob.says('/quit\n')
  await ann.hears('* bob left\n')
  bob.ends()
  t.equal(await bob.toEnd(), '* your name?\n* in lobby: ann, you\nann: hello [2Jbob\n')
})

t.test('a guest receives nothing from another room', { skip }, async (t) => {
  const chat = await Example.start(t, 'chat')
  const ann = await guest(t, chat, 'ann')
  const bob = await guest(t, chat, 'bob')
  bob.says('/join games\n')
  await ann.hears('* bob went to games\n')
  await bob.hears('* in games: you\n')
  ann.says('where is he?\n')
  ann.says('/join games\n')
  await bob.hears('* ann joined\n')
  await ann.hears('* in games: bob, you\n')
  ann.says('there you are\n')
  await bob.hears('ann: there you are\n')
  t.notMatch(bob.heard, 'where is he?')
})

t.test('an over-long line is dropped, and its guest stays', { skip }, async (t) => {
  const chat = await Example.start(t, 'chat')
  const ann = await guest(t, chat, 'ann')
  const bob = await guest(t, chat, 'bob')
  ann.says(`${'x'.repeat(100_000)}\nsorry\n`)
  await bob.hears('ann: sorry\n')
  t.notMatch(bob.heard, 'xxx')
})

t.test('a guest that does not read delays no other guest', { skip }, async (t) => {
  const chat = await Example.start(t, 'chat')
  const ann = await guest(t, chat, 'ann')
  const bob = await guest(t, chat, 'bob')
  const slow = await guest(t, chat, 'slow', '-I', '4096')
  slow.signal('SIGSTOP')
  const line = `${'x'.repeat(999)}\n`
  // More than the system queues for a guest with a small receive buffer (4 MB on Linux), at a rate that bob keeps up with.
  for (let megabytes = 0; megabytes < 5; megabytes += 0.05) {
    ann.says(`${line.repeat(50)}your turn\n`)
    await bob.hears('ann: your turn\n')
  }
  bob.says('still here\n')
  await ann.hears('bob: still here\n')
  slow.signal('SIGCONT')
  chat.interrupt()
  await sayGoodbye(t, ann, bob, slow)
  t.strictSame(await chat.ended(), { code: 0, signal: null })
})

t.test('Ctrl-C sends a goodbye to guests in a room and to those without a name yet, and ends the process', { skip }, async (t) => {
  const chat = await Example.start(t, 'chat')
  const ann = await guest(t, chat, 'ann')
  const bob = await guest(t, chat, 'bob')
  const nobody = Netcat.connect(t, chat, '-N')
  await nobody.hears('* your name?\n')
  bob.ends('bye\n')
  await ann.hears('bob: bye\n')
  chat.interrupt()
  await sayGoodbye(t, ann, bob, nobody)
  t.strictSame(await chat.ended(), { code: 0, signal: null })
})
