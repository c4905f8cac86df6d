// examples/redis/: what clients send that is no command, or too large, or cut; and clients that are slow, silent, blocked or there while
// the server drains.

import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { isPending, turns, until, within } from '../support/wait.js'
import { ask, encode, line, lines, receive, send, served } from './redis.js'

const GRACE = { grace: 60_000 }

/** All that comes back, up to the end. */
function toEnd(client: Connection): Promise<string> {
  return within(client.readToEnd('latin1'), 'the end')
}

// --- what is a command ---------------------------------------------------------------------------------------------------

const typed: [text: string, answer: string][] = [
  ['PING\r\n', '+PONG¶'],
  ['PING\n', '+PONG¶'],
  ['PING\r\r\n', '+PONG¶'],
  ['\r\n\n  \r\nPING\r\n', '+PONG¶'],
  ['  ping \t hi  \r\n', '$2¶hi¶'],
  ['PING "a b"\r\n', '$3¶a b¶'],
  [`PING 'a\\'b'\r\n`, "$3¶a'b¶"],
  ["PING 'a\\nb'\r\n", '$4¶a\\nb¶'],
  ['PING "a\\x41\\n\\t\\"\\\\\\q"\r\n', '$7¶aA\n\t"\\q¶'],
  ['PING "\\r\\b\\a\\xz"\r\n', '$5¶\r\b\x07xz¶'],
  ['PING a"b"\r\n', '$2¶ab¶'],
  ['PING ""\r\n', '$0¶¶'],
  ['PING \xa0\r\n', '$1¶\xa0¶'],
  ['*0\r\nPING\r\n', '+PONG¶'],
  ['*-1\r\nPING\r\n', '+PONG¶'],
  ['*1\r\n$0\r\n\r\n', "-ERR unknown command '', with args beginning with: ¶"],
  [encode('PING'), '+PONG¶'],
  [encode('PING', '\r\n'), '$2¶\r\n¶'],
]

t.test('a command is an array of words, or a line', async (t) => {
  for (const maxChunk of [undefined, 1]) {
    const { connect } = served(t)
    const client = await connect(maxChunk === undefined ? {} : { maxChunk })
    for (const [text, answer] of typed) {
      await client.write(text, 'latin1')
      const expected = lines(answer)
      t.equal(await within(client.readExactly(expected.length, 'latin1'), JSON.stringify(text)), expected, JSON.stringify(text))
    }
  }
})

const broken: [text: string, message: string][] = [
  ['*x\r\n', 'invalid multibulk length'],
  ['*\r\n', 'invalid multibulk length'],
  ['*01\r\n$4\r\nPING\r\n', 'invalid multibulk length'],
  ['*+1\r\n$4\r\nPING\r\n', 'invalid multibulk length'],
  ['*-0\r\n', 'invalid multibulk length'],
  ['*1\n$4\r\nPING\r\n', 'invalid multibulk length'],
  ['*1\r\r\n', 'invalid multibulk length'],
  ['*1048577\r\n', 'invalid multibulk length'],
  ['*99999999999999999999\r\n', 'invalid multibulk length'],
  ['*1\r\nPING\r\n', "expected '$', got 'P'"],
  ['*1\r\n:4\r\n', "expected '$', got ':'"],
  ['*1\r\n\r\n', "expected '$', got ' '"],
  ['*1\r\n$x\r\n', 'invalid bulk length'],
  ['*1\r\n$\r\n', 'invalid bulk length'],
  ['*1\r\n$-1\r\n', 'invalid bulk length'],
  ['*1\r\n$04\r\nPING\r\n', 'invalid bulk length'],
  ['*1\r\n$ 4\r\nPING\r\n', 'invalid bulk length'],
  ['*1\r\n$4\nPING\r\n', 'invalid bulk length'],
  ['*1\r\n$16777217\r\n', 'invalid bulk length'],
  ['*1\r\n$4\r\nPINGxx', 'invalid bulk length'],
  ['PING "a\r\n', 'unbalanced quotes in request'],
  ["PING 'a\r\n", 'unbalanced quotes in request'],
  ['PING "a"b\r\n', 'unbalanced quotes in request'],
  ["PING 'a'b\r\n", 'unbalanced quotes in request'],
  ['PING "a\\\r\n', 'unbalanced quotes in request'],
  ['x'.repeat(65_537), 'too big inline request'],
  [`*${'1'.repeat(65_537)}`, 'too big mbulk count string'],
  [`*1\r\n$${'1'.repeat(65_537)}`, 'too big bulk count string'],
]

t.test('what is no command ends the connection, behind the answers to the commands in front of it', async (t) => {
  const { connect } = served(t)
  for (const maxChunk of [undefined, 7]) {
    for (const [text, message] of broken) {
      const client = await connect(maxChunk === undefined ? {} : { maxChunk })
      client.write(`PING\r\n${text}`).catch(() => {})
      t.equal(await toEnd(client), `+PONG\r\n-ERR Protocol error: ${message}\r\n`, JSON.stringify(text.slice(0, 40)))
      await client.close()
    }
  }
})

t.test('a command that is too large is refused before it is gathered', async (t) => {
  const { connect, server } = served(t)
  const client = await connect()
  const big = 16 * 1024 * 1024
  const word = `$${big}\r\n${'x'.repeat(big)}\r\n`
  const sending = (async () => {
    await client.write('*6\r\n$4\r\nMSET\r\n')
    for (let at = 0; at < 3; at++) await client.write(word)
    await client.write(`$${big}\r\n`)
  })()
  t.equal(await toEnd(client), '-ERR Protocol error: too big command\r\n')
  await sending.catch(() => {})
  await client.close()
  await until(() => server.connections.size === 0)
})

t.test('a request of a browser is not carried out', async (t) => {
  const { connect, redis } = served(t)
  for (const request of ['POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a 1\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n\r\nSET a 1\r\n']) {
    const client = await connect()
    await client.write(request)
    t.match(await toEnd(client), /^(-ERR [^\r]*\r\n)+$/)
    await client.close()
  }
  t.equal(redis.memory.used, 0)
})

t.test('QUIT ends the connection, and nothing behind it is carried out', async (t) => {
  const { connect, redis } = served(t)
  const client = await connect()
  await client.write(`${line('MULTI')}${line('SET a 1')}${line('QUIT')}${line('EXEC')}${line('SET a 1')}`)
  t.equal(await toEnd(client), '+OK\r\n+QUEUED\r\n+OK\r\n')
  await client.close()
  t.equal(redis.memory.used, 0)
})

t.test('a client that leaves in the middle of a command has sent none', async (t) => {
  const { connect, server, redis } = served(t)
  const command = encode('SET', 'key', 'value')
  for (let at = 0; at < command.length; at++) {
    const client = await connect()
    await client.end(command.slice(0, at))
    t.equal(await toEnd(client), '', `after ${at} bytes`)
    await client.close()
  }
  await until(() => server.connections.size === 0)
  t.equal(redis.memory.used, 0)
  t.equal(redis.clients, 0)
})

// --- transactions --------------------------------------------------------------------------------------------------------

t.test('no command of another client comes between those of a transaction', async (t) => {
  const { connect } = served(t)
  const [one, other] = await Promise.all([connect(), connect()])
  await one.write(`${line('MULTI')}${line('INCR a')}`)
  t.equal(await receive(one, '+OK¶+QUEUED¶'), '+OK¶+QUEUED¶')
  t.equal(await ask(other, 'INCR a', ':1¶'), ':1¶')
  await send(one, 'INCR a', 'EXEC')
  t.equal(await receive(one, '+QUEUED¶*2¶:2¶:3¶'), '+QUEUED¶*2¶:2¶:3¶')
})

t.test('a transaction has a largest size', async (t) => {
  const { connect } = served(t)
  const client = await connect()
  await send(client, 'MULTI')
  await receive(client, '+OK¶')
  const set = encode('SET', 'a', 'x'.repeat(16 * 1024 * 1024 - 100))
  for (let at = 0; at < 4; at++) {
    await client.write(set)
    t.equal(await receive(client, '+QUEUED¶'), '+QUEUED¶')
  }
  await client.write(set)
  const refused = '-ERR a transaction has at most 67108864 bytes¶'
  t.equal(await receive(client, refused), refused)
  t.equal(await ask(client, 'GET a', '-ERR'), '-ERR')
  await client.readLine()
  const aborted = '-EXECABORT Transaction discarded because of previous errors.¶'
  t.equal(await ask(client, 'EXEC', aborted), aborted)
  t.equal(await ask(client, 'GET a', '$-1¶'), '$-1¶')
})

// --- waiting for an element ----------------------------------------------------------------------------------------------

t.test('those that wait for an element get one each, in the order in which they came', async (t) => {
  const { connect } = served(t)
  const [first, second, third, giver] = await Promise.all([connect(), connect(), connect(), connect()])
  for (const client of [first, second, third]) {
    await send(client, 'BLPOP b a 0', 'PING')
    await turns(2)
  }
  t.equal(await ask(giver, 'RPUSH a 1 2', ':2¶'), ':2¶')
  const [one, two] = ['*2¶$1¶a¶$1¶1¶+PONG¶', '*2¶$1¶a¶$1¶2¶+PONG¶']
  t.equal(await receive(first, one), one)
  t.equal(await receive(second, two), two)
  t.equal(await ask(giver, 'EXISTS a', ':0¶'), ':0¶')
  const rest = third.readExactly(20, 'latin1')
  t.ok(await isPending(rest))
  // A transaction may take its own element again.
  await send(giver, 'MULTI', 'RPUSH b 3', 'LPOP b', 'RPUSH b 4', 'EXEC')
  await receive(giver, '+OK¶+QUEUED¶+QUEUED¶+QUEUED¶*3¶:1¶$1¶3¶:1¶')
  t.equal(await within(rest, 'an element'), lines('*2¶$1¶b¶$1¶4¶+P'))
})

t.test('a list that is replaced before it is served gives nothing', async (t) => {
  const { connect } = served(t)
  const [waits, gives] = await Promise.all([connect(), connect()])
  await send(waits, 'BLPOP a 0')
  await turns()
  await send(gives, 'MULTI', 'RPUSH a 1', 'SET a x', 'EXEC')
  await receive(gives, '+OK¶+QUEUED¶+QUEUED¶*2¶:1¶+OK¶')
  const answer = waits.readLine()
  t.ok(await isPending(answer))
  await send(gives, 'DEL a', 'RPUSH a 2')
  t.equal(await within(answer, 'an element'), '*2')
})

t.test('a client that leaves while it waits takes nothing', async (t) => {
  const { connect, server } = served(t)
  const [leaves, resets, gives] = await Promise.all([connect(), connect(), connect()])
  await send(leaves, 'BLPOP a 0', 'SET b 1')
  await send(resets, 'BLPOP a 0')
  await turns()
  await leaves.end()
  resets.abort()
  t.equal(await toEnd(leaves), '')
  await until(() => server.connections.size === 1)
  t.equal(await ask(gives, 'RPUSH a x', ':1¶'), ':1¶')
  t.equal(await ask(gives, 'LLEN a', ':1¶'), ':1¶')
  t.equal(await ask(gives, 'EXISTS b', ':0¶'), ':0¶')
})

t.test('from a client that waits no more is read than a limit, and it is served on', async (t) => {
  const { connect, server } = served(t)
  const [waits, gives] = await Promise.all([connect(), connect()])
  const pings = 40_000
  await send(waits, 'BLPOP a 0')
  const sending = waits.write(line('PING').repeat(pings))
  await turns(20)
  t.ok([...server.connections].every(({ bytesRead }) => bytesRead < 400_000))
  await send(gives, 'RPUSH a x')
  t.equal(await receive(waits, '*2¶$1¶a¶$1¶x¶'), '*2¶$1¶a¶$1¶x¶')
  const answers = '+PONG\r\n'.repeat(pings)
  t.equal(await within(waits.readExactly(answers.length, { encoding: 'latin1', maxBytes: answers.length }), 'the answers'), answers)
  await sending
})

// --- channels ------------------------------------------------------------------------------------------------------------

t.test('a message reaches all subscribers, in their version of the protocol', async (t) => {
  const { connect } = served(t)
  const [two, three, pattern, gives] = await Promise.all([connect(), connect(), connect(), connect()])
  await send(two, 'SUBSCRIBE news')
  await receive(two, '*3¶$9¶subscribe¶$4¶news¶:1¶')
  await send(three, 'HELLO 3', 'SUBSCRIBE news')
  await three.skipUntil('>3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n')
  await send(pattern, 'PSUBSCRIBE n?ws other*')
  await receive(pattern, '*3¶$10¶psubscribe¶$4¶n?ws¶:1¶*3¶$10¶psubscribe¶$6¶other*¶:2¶')
  t.equal(await ask(gives, 'PUBLISH news hi', ':3¶'), ':3¶')
  const message = '$7¶message¶$4¶news¶$2¶hi¶'
  t.equal(await receive(two, `*3¶${message}`), `*3¶${message}`)
  t.equal(await receive(three, `>3¶${message}`), `>3¶${message}`)
  const matched = '*4¶$8¶pmessage¶$4¶n?ws¶$4¶news¶$2¶hi¶'
  t.equal(await receive(pattern, matched), matched)
  // In RESP3 a subscriber may send any command, and gets its own message in front of the answer.
  t.equal(await ask(three, 'PUBLISH news me', `>3¶$7¶message¶$4¶news¶$2¶me¶:3¶`), `>3¶$7¶message¶$4¶news¶$2¶me¶:3¶`)
  await Promise.all([two.end(), pattern.end()])
  await Promise.all([toEnd(two), toEnd(pattern)])
  t.equal(await ask(gives, 'PUBLISH news', '-ERR'), '-ERR')
  await gives.readLine()
  t.equal(await ask(gives, 'PUBLISH news x', ':1¶'), ':1¶')
})

t.test('a subscriber that does not read is cut off, and delays no other client', async (t) => {
  const { connect, server } = served(t, {}, { maxWriteBuffer: 256 * 1024 })
  const slow = await connect()
  await send(slow, 'SUBSCRIBE news')
  await until(() => slow.buffered > 0)
  const [connection] = [...server.connections]
  const [reads, gives] = await Promise.all([connect(), connect()])
  await send(reads, 'SUBSCRIBE news')
  await receive(reads, '*3¶$9¶subscribe¶$4¶news¶:1¶')
  const text = 'x'.repeat(50_000)
  const message = `*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$50000\r\n${text}\r\n`
  for (let at = 0; at < 20; at++) {
    await gives.write(encode('PUBLISH', 'news', text))
    t.match(await gives.readLine(), /^:[12]$/)
    t.equal(await reads.readExactly(message.length, 'latin1'), message)
    t.ok((connection?.queued ?? 0) < 400 * 1024)
  }
  t.equal((await within(connection?.closed ?? Promise.reject(), 'the cut')).by, 'aborted')
  t.equal(await ask(gives, 'PUBLISH news x', ':1¶'), ':1¶')
})

t.test('a client has a largest number of subscriptions', async (t) => {
  const { connect, redis } = served(t)
  const client = await connect()
  const names = Array.from({ length: 10_001 }, (_, at) => `c${at}`)
  const refused = '-ERR a client has at most 10000 subscriptions¶'
  t.equal(await ask(client, `SUBSCRIBE ${names.join(' ')}`, refused), refused)
  await send(client, `SUBSCRIBE ${names.slice(1).join(' ')}`)
  await within(client.skipUntil(':10000\r\n'), 'the last subscription')
  t.equal(await ask(client, 'PSUBSCRIBE a', refused), refused)
  t.equal(redis.channels.publish('c1', 'x'), 1)
})

// --- time ----------------------------------------------------------------------------------------------------------------

t.test('a silent client is closed; a subscriber, and one that waits for an element, may be silent', async (t) => {
  const clock = manualClock()
  const { connect, server } = served(t, { idle: 1000, now: () => clock.now() }, { clock })
  const [silent, begun, subscriber, waits] = await Promise.all([connect(), connect(), connect(), connect()])
  await send(begun, 'MULTI')
  await receive(begun, '+OK¶')
  await send(subscriber, 'SUBSCRIBE a')
  await send(waits, 'BLPOP a 0')
  await turns()
  await clock.advance(999)
  t.equal(server.connections.size, 4)
  await clock.advance(1)
  t.equal(await toEnd(silent), '')
  t.equal(await toEnd(begun), '')
  await silent.close()
  await begun.close()
  await clock.advance(100_000)
  t.equal(server.connections.size, 2)
})

t.test('a command has a time to arrive in, however many pieces it arrives in', async (t) => {
  const clock = manualClock()
  const { connect } = served(t, { command: 1000, now: () => clock.now() }, { clock })
  const [slow, steady] = await Promise.all([connect(), connect()])
  const got = toEnd(slow)
  const command = line('PING')
  for (let at = 0; at < 10; at++) {
    await slow.write(encode('SET', 'key', 'value').charAt(at)).catch(() => {})
    // Never silent, but each command arrives in time.
    await steady.write(at % 2 === 0 ? command.slice(0, 5) : command.slice(5))
    await turns()
    await clock.advance(150)
  }
  t.equal(await got, '')
  t.equal(await receive(steady, '+PONG¶'.repeat(5)), '+PONG¶'.repeat(5))
})

// --- clients that do not read --------------------------------------------------------------------------------------------

t.test('a client that does not read its answers is not served on, and is cut off', async (t) => {
  const clock = manualClock()
  const { connect, server } = served(t, { now: () => clock.now() }, { clock, writeTimeout: 1000 })
  const client = await connect()
  await client.write(encode('SET', 'a', 'x'.repeat(100_000)))
  await receive(client, '+OK¶')
  // One packet asks for a thousand times of what it is.
  client.write(line('GET a').repeat(2000)).catch(() => {})
  const [connection] = [...server.connections]
  await until(() => (connection?.queued ?? 0) > 16 * 1024)
  await turns(20)
  t.ok((connection?.queued ?? 0) < 1024 * 1024, 'few answers are queued')
  await clock.advance(1000)
  t.equal((await within(connection?.closed ?? Promise.reject(), 'the cut')).by, 'timeout')
})

t.test('an answer has a largest size', async (t) => {
  const { connect } = served(t)
  const client = await connect()
  await client.write(encode('SET', 'a', 'x'.repeat(16 * 1024 * 1024)))
  await receive(client, '+OK¶')
  await client.write(encode('MGET', ...new Array<string>(20).fill('a')))
  const refused = '-ERR the answer is larger than 268435456 bytes¶'
  t.equal(await receive(client, refused), refused)
})

// --- draining ------------------------------------------------------------------------------------------------------------

t.test('a drain answers what has arrived, and waits for the rest of a command and for EXEC', async (t) => {
  const { connect, server } = served(t)
  const [silent, asked, cut, multi] = await Promise.all([connect(), connect(), connect(), connect()])
  const ping = line('PING')
  await cut.write(ping.slice(0, 9))
  await send(multi, 'MULTI', 'SET a 1')
  await receive(multi, '+OK¶+QUEUED¶')
  await turns()
  await asked.write(ping + ping)
  const closing = server.close(GRACE)
  t.equal(await toEnd(asked), '+PONG\r\n+PONG\r\n')
  t.equal(await toEnd(silent), '')
  await cut.write(ping.slice(9))
  t.equal(await toEnd(cut), '+PONG\r\n')
  await send(multi, 'GET a', 'EXEC')
  t.equal(await toEnd(multi), lines('+QUEUED¶*2¶+OK¶$1¶1¶'))
  await Promise.all([silent, asked, cut, multi].map((client) => client.close()))
  t.strictSame(await within(closing, 'the end of the server'), { drained: 4, aborted: 0 })
})

t.test('a drain ends subscribers, and clients that wait for an element, which take none', async (t) => {
  const { connect, server, redis } = served(t)
  const [subscriber, waits, piped] = await Promise.all([connect(), connect(), connect()])
  await send(subscriber, 'SUBSCRIBE news')
  await receive(subscriber, '*3¶$9¶subscribe¶$4¶news¶:1¶')
  await send(waits, 'BLPOP a 0')
  // More than is read of a client that waits.
  await send(piped, 'BLPOP a 0', 'SET b 1')
  piped.write(line('PING').repeat(20_000)).catch(() => {})
  await turns(20)
  const closing = server.close(GRACE)
  t.equal(await toEnd(subscriber), '')
  t.equal(await toEnd(waits), '')
  t.equal(await toEnd(piped), '')
  await Promise.all([subscriber, waits, piped].map((client) => client.close()))
  t.strictSame(await within(closing, 'the end of the server'), { drained: 3, aborted: 0 })
  t.equal(redis.memory.used, 0)
  t.equal(redis.channels.publish('news', 'x'), 0)
})
