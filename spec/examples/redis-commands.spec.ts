// examples/redis/: what each command answers, in RESP2 and RESP3; the same as Redis itself answers, and however the commands are cut.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Connection, connect } from '../../lib/index.js'
import { within } from '../support/wait.js'
import { ask, encode, line, lines, receive, send, served } from './redis.js'
import { RESP2, RESP3 } from './redis-answers.js'
import { Running, withoutRedisServer } from './support.js'

/** The commands of a conversation, and their answers. */
function turnsOf(conversation: string): (readonly [command: string, answer: string])[] {
  const texts = conversation.split('\n').filter((text) => text !== '')
  return texts.map((text) => text.split(' => ') as [string, string])
}

/** The identity of a client depends on how many there were. Its length must not change. */
const withoutId = (text: string): string => text.replace(/(\$2¶id¶):\d/g, '$1:1')

/** Holds a conversation, a command at a time. */
async function converse(t: Test, client: Connection, conversation: string): Promise<void> {
  for (const [command, answer] of turnsOf(conversation)) {
    const got = await within(ask(client, command, answer), `an answer of ${lines(answer).length} bytes to ${command}`)
    if (withoutId(got) !== answer) t.equal(got, answer, command)
  }
  t.pass('all answers are right')
}

for (const [name, conversation] of Object.entries({ RESP2, RESP3 })) {
  t.test(`commands are answered as Redis answers them, in ${name}`, async (t) => {
    const { connect } = served(t)
    await converse(t, await connect(), conversation)
  })

  t.test(`Redis answers them so, in ${name}`, { skip: withoutRedisServer }, async (t) => {
    // The path of a socket is short.
    const folder = mkdtempSync(join(tmpdir(), 'ln-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'socket')
    const args = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no']
    const redis = new Running(t, spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder }))
    await redis.hears('ready to accept connections at')
    const client = await connect({ path })
    await converse(t, client, conversation)
    await client.close()
  })

  for (const [how, maxChunk] of [
    ['at once', undefined],
    ['byte by byte', 1],
    ['in pieces of 7 bytes', 7],
  ] as const) {
    t.test(`commands that are sent ${how} have the same answers, in ${name}`, async (t) => {
      const { connect } = served(t)
      const client = await connect(maxChunk === undefined ? {} : { maxChunk })
      const turns = turnsOf(conversation)
      const expected = turns.map(([, answer]) => answer).join('')
      const sending = send(client, ...turns.map(([command]) => command))
      t.equal(withoutId(await within(receive(client, expected), 'all answers', 30_000)), expected)
      await sending
    })
  }
}

t.test('values, keys, fields and channels may have any bytes', async (t) => {
  const { connect } = served(t)
  const client = await connect()
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1')
  const bulk = `$256\r\n${all}\r\n`
  const commands = [
    ['SET', all, all],
    ['GET', all],
    ['HSET', 'h', all, all],
    ['HGETALL', 'h'],
    ['SADD', 's', all],
    ['SMEMBERS', 's'],
    ['RPUSH', 'l', all, all],
    ['LRANGE', 'l', '0', '-1'],
    ['SUBSCRIBE', all],
  ]
  await client.write(commands.map((words) => encode(...words)).join(''), 'latin1')
  const expected = ['+OK\r\n', bulk, ':1\r\n', `*2\r\n${bulk}${bulk}`, ':1\r\n', `*1\r\n${bulk}`, ':2\r\n', `*2\r\n${bulk}${bulk}`]
  const answers = [...expected, `*3\r\n$9\r\nsubscribe\r\n${bulk}:1\r\n`].join('')
  t.equal(await client.readExactly(answers.length, 'latin1'), answers)
})

t.test('keys expire', async (t) => {
  let now = 1_800_000_000_000
  const { connect, redis } = served(t, { now: () => now })
  const client = await connect()
  const turns = async (...all: [string, string][]): Promise<void> => {
    for (const [command, answer] of all) t.equal(await ask(client, command, answer), answer, command)
  }
  await turns(
    ['SET a 1 EX 10', '+OK¶'],
    ['SET b 1 PX 1500', '+OK¶'],
    ['SET c 1', '+OK¶'],
    ['PTTL b', ':1500¶'],
    ['EXPIRE c 20', ':1¶'],
    ['SET d 1 EXAT 1800000010', '+OK¶'],
    ['SET e 1 PXAT 1800000030000', '+OK¶'],
    ['EXPIRE e 40 GT', ':1¶'],
  )
  now += 1499
  await turns(['GET b', '$1¶1¶'], ['PTTL b', ':1¶'])
  now += 1
  await turns(['GET b', '$-1¶'], ['TTL b', ':-2¶'], ['TTL a', ':9¶'], ['DBSIZE', ':4¶'])
  now += 8500
  await turns(['EXISTS a d', ':0¶'], ['DBSIZE', ':2¶'], ['SCAN 0 MATCH a', '*2¶$1¶0¶*0¶'], ['PERSIST c', ':1¶'])
  now += 100_000
  await turns(['KEYS *', '*1¶$1¶c¶'], ['LPUSH e x', ':1¶'], ['TTL e', ':-1¶'])
  await turns(['FLUSHALL', '+OK¶'])
  t.equal(redis.memory.used, 0)
})

t.test('keys that expired leave the memory also when they are asked for no more', async (t) => {
  let now = 0
  const { connect, redis } = served(t, { now: () => now })
  const client = await connect()
  for (let at = 0; at < 50; at++) await send(client, `SET ${at} x PX 5`)
  await receive(client, '+OK¶'.repeat(50))
  now = 10
  for (let at = 50; at < 100; at++) await send(client, `SET ${at} x PX 5`)
  await receive(client, '+OK¶'.repeat(50))
  const [database] = redis.databases
  t.equal(database?.expiring, 50)
})

t.test('a walk by SCAN finds each key that is there all the time, whatever else comes and goes', async (t) => {
  const { connect } = served(t)
  const client = await connect()
  for (let at = 0; at < 500; at++) await send(client, `SET stays:${at} x`, `SET goes:${at} x`)
  await receive(client, '+OK¶'.repeat(1000))
  const found = new Set<string>()
  let cursor = '0'
  let rounds = 0
  do {
    await send(client, `SCAN ${cursor} COUNT 7`)
    await client.readLine()
    await client.readLine()
    cursor = await client.readLine()
    const count = Number((await client.readLine()).slice(1))
    for (let at = 0; at < count; at++) {
      await client.readLine()
      found.add(await client.readLine())
    }
    await send(client, `DEL goes:${rounds} goes:${499 - rounds}`, `SET new:${rounds} x`)
    await client.readLine()
    await client.readLine()
    rounds++
  } while (cursor !== '0')
  t.equal([...found].filter((key) => key.startsWith('stays:')).length, 500)
})

t.test('patterns match as those of Redis do', async (t) => {
  const { connect } = served(t)
  const client = await connect()
  const keys = ['hello', 'hallo', 'hxllo', 'heello', 'h', 'h*llo', 'h[llo', 'h]llo', 'h-llo', 'h^llo', 'h\\llo']
  await client.write(encode('MSET', ...keys.flatMap((key) => [key, ''])), 'latin1')
  await client.readLine()
  const cases: [pattern: string, found: string[]][] = [
    ['h?llo', ['hello', 'hallo', 'hxllo', 'h*llo', 'h[llo', 'h]llo', 'h-llo', 'h^llo', 'h\\llo']],
    ['h[ae]llo', ['hello', 'hallo']],
    ['h[^e]llo', ['hallo', 'hxllo', 'h*llo', 'h[llo', 'h]llo', 'h-llo', 'h^llo', 'h\\llo']],
    ['h[a-b]llo', ['hallo']],
    ['h[b-a]llo', ['hallo']],
    ['h\\*llo', ['h*llo']],
    ['h[\\]]llo', ['h]llo']],
    ['h[\\^]llo', ['h^llo']],
    ['h[]a]llo', []],
    ['h\\\\llo', ['h\\llo']],
    ['h**o', keys.filter((key) => key !== 'h')],
    ['*e*l*o', ['hello', 'heello']],
    ['h*', keys],
    ['h', ['h']],
    ['h\\', []],
    ['h[e', []],
    ['hell[o', ['hello']],
    ['', []],
  ]
  for (const [pattern, found] of cases) {
    await client.write(encode('KEYS', pattern), 'latin1')
    const count = Number((await client.readLine()).slice(1))
    const got: string[] = []
    for (let at = 0; at < count; at++) {
      await client.readLine()
      got.push(await client.readLine())
    }
    t.strictSame(got.sort(), [...found].sort(), pattern)
  }
  // In a time that grows with the product of the lengths.
  await client.write(encode('SET', 'a'.repeat(5000), '') + encode('KEYS', `${'*a'.repeat(50)}b`), 'latin1')
  t.equal(await within(receive(client, '+OK¶*0¶'), 'an answer'), '+OK¶*0¶')
})

t.test('lists keep their order, however they grow and shrink', async (t) => {
  const { connect, redis } = served(t)
  const client = await connect()
  const expected: string[] = []
  for (let round = 0; round < 200; round++) {
    const [left, right] = [`l${round}`, `r${round}`]
    await send(client, `LPUSH l ${left}`, `RPUSH l ${right}`)
    expected.unshift(left)
    expected.push(right)
    if (round % 3 === 0) {
      await send(client, 'RPOP l')
      await client.readLine()
      await client.readLine()
      await client.readLine()
      t.equal(await client.readLine(), expected.pop())
    } else {
      await client.readLine()
      await client.readLine()
    }
  }
  const all = `*${expected.length}¶${expected.map((item) => `$${item.length}¶${item}¶`).join('')}`
  t.equal(await ask(client, 'LRANGE l 0 -1', all), all)
  t.equal(await ask(client, 'LPOP l 1000', all), all)
  t.equal(redis.memory.used, 0)
})

t.test('commands that need memory are refused when it is full, and others are not', async (t) => {
  const { connect, redis } = served(t, { memory: 100_000 })
  const client = await connect()
  const big = 'x'.repeat(30_000)
  const oom = "-OOM command not allowed when used memory > 'maxmemory'.¶"
  for (const answer of ['+OK¶', '+OK¶', '+OK¶', '+OK¶', oom]) {
    await client.write(encode('SET', String(Math.random()), big), 'latin1')
    t.equal(await receive(client, answer), answer)
  }
  for (const command of ['APPEND a x', 'LPUSH a x', 'HSET a b c', 'SADD a b', 'INCR a', 'MSET a b']) {
    t.equal(await ask(client, command, oom), oom, command)
  }
  t.equal(await ask(client, 'DBSIZE', ':4¶'), ':4¶')
  t.equal(await ask(client, 'FLUSHALL', '+OK¶'), '+OK¶')
  t.equal(redis.memory.used, 0)
  t.equal(await ask(client, 'APPEND a x', ':1¶'), ':1¶')
})

t.test('the memory that is counted is given back, whatever was done to a value', async (t) => {
  const { connect, redis } = served(t)
  const client = await connect()
  const commands = [
    'SET a 1',
    'APPEND a 2345678901234567',
    'SET a 1',
    'HSET h f v',
    'HSET h f longer',
    'HSET h g x',
    'HDEL h f',
    'HDEL h g',
  ]
  const answers = ['+OK¶', ':17¶', '+OK¶', ':1¶', ':0¶', ':1¶', ':1¶', ':1¶']
  for (const [at, command] of commands.entries()) t.equal(await ask(client, command, answers[at] as string), answers[at], command)
  t.equal(await ask(client, 'RPUSH a x', '-WRONGTYPE'), '-WRONGTYPE')
  await client.readLine()
  t.equal(await ask(client, 'DEL a', ':1¶'), ':1¶')
  t.equal(redis.memory.used, 0)
})

t.test('a string has a largest size, also one that grows', async (t) => {
  const { connect } = served(t)
  const client = await connect()
  const half = 'x'.repeat(8 * 1024 * 1024)
  for (let at = 0; at < 2; at++) await client.write(encode('APPEND', 'a', half), 'latin1')
  t.equal(await receive(client, ':8388608¶:16777216¶'), ':8388608¶:16777216¶')
  const refused = '-ERR string exceeds maximum allowed size (proto-max-bulk-len)¶'
  t.equal(await ask(client, 'APPEND a x', refused), refused)
  t.equal(await ask(client, 'STRLEN a', ':16777216¶'), ':16777216¶')
})

t.test('INFO, COMMAND and HELP list what the server has', async (t) => {
  const { connect } = served(t, { now: () => 1_800_000_000_000 })
  const client = await connect()
  const text = async (command: string): Promise<string> => {
    await send(client, command)
    const length = Number((await client.readLine()).slice(1))
    return (await client.readExactly(length + 2, 'latin1')).trimEnd()
  }
  await send(client, 'SET a 1 EX 10')
  await client.readLine()
  const all = await text('INFO')
  for (const line of ['# Server', 'redis_version:7.0.15', 'connected_clients:1', 'role:master', 'loading:0', 'db0:keys=1,expires=1']) {
    t.ok(all.split('\r\n').includes(line), line)
  }
  t.equal(
    await text('INFO everything'),
    all.replace(/(total_commands_processed:)(\d+)/, (_, name, n) => `${name}${Number(n) + 1}`),
  )
  t.equal(
    await text('INFO clients replication'),
    '# Clients\r\nconnected_clients:1\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:0',
  )
  const get = '*1¶*10¶$3¶get¶:2¶*2¶+readonly¶+fast¶:1¶:1¶:1¶*0¶*0¶*0¶*0¶'
  t.equal(await ask(client, 'COMMAND INFO get', get), get)
  await send(client, 'COMMAND COUNT')
  const count = await client.readLine()
  await send(client, 'COMMAND')
  t.equal(await client.readLine(), `*${count.slice(1)}`)
  await send(client, 'RESET')
  while ((await client.readLine()) !== '+RESET') {}
  await send(client, 'COMMAND LIST')
  t.equal(await client.readLine(), `*${count.slice(1)}`)
  for (let at = 0; at < 2 * Number(count.slice(1)); at++) await client.readLine()
  const help = '*4¶+CLIENT ID¶+CLIENT GETNAME¶+CLIENT SETNAME¶+CLIENT SETINFO¶'
  t.equal(await ask(client, 'CLIENT HELP', help), help)
  const limit = '*2¶$9¶maxmemory¶$9¶268435456¶'
  t.equal(await ask(client, 'CONFIG GET MAXMEM*RY', limit), limit)
})

t.test('a client may set what its library is, and its name, in one line', async (t) => {
  const { connect } = served(t)
  const client = await connect()
  const cases: [words: string[], answer: string][] = [
    [['CLIENT', 'SETINFO', 'LIB-NAME', 'x'], '+OK¶'],
    [['CLIENT', 'SETINFO', 'lib-ver', '1.0'], '+OK¶'],
    [['CLIENT', 'SETINFO', 'lib-ver', '1 0'], '-ERR lib-ver cannot contain spaces, newlines or special characters.¶'],
    [['CLIENT', 'SETINFO', 'other', 'x'], "-ERR Unrecognized option 'other'¶"],
    [['CLIENT', 'SETNAME', 'a b'], '-ERR Client names cannot contain spaces, newlines or special characters.¶'],
    [['a\r\nb', 'c\nd'], "-ERR unknown command 'a  b', with args beginning with: 'c d' ¶"],
  ]
  for (const [words, answer] of cases) {
    await client.write(encode(...words), 'latin1')
    t.equal(await receive(client, answer), answer)
  }
})

t.test('with a password, a stranger may do nothing but say it', async (t) => {
  const { connect } = served(t, { password: 'correct horse' })
  const client = await connect()
  const wrong = '-WRONGPASS invalid username-password pair or user is disabled.¶'
  const first = '-NOAUTH Authentication required.¶'
  const hello =
    '-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time¶'
  for (const [command, answer] of [
    ['GET a', first],
    ['MULTI', first],
    ['HELLO 3', hello],
    ['AUTH wrong', wrong],
    ['AUTH default wrong', wrong],
    ['PING', first],
  ] as const) {
    t.equal(await ask(client, command, answer), answer, command)
  }
  await client.write(encode('AUTH', 'other', 'correct horse') + encode('AUTH', 'correct horse') + encode('PING'), 'latin1')
  t.equal(await receive(client, `${wrong}+OK¶+PONG¶`), `${wrong}+OK¶+PONG¶`)
  t.equal(await ask(client, 'RESET', '+RESET¶'), '+RESET¶')
  t.equal(await ask(client, 'PING', first), first)
  await client.write(encode('HELLO', '3', 'AUTH', 'default', 'correct horse', 'SETNAME', 'me'), 'latin1')
  t.equal(await receive(client, '%7¶'), '%7¶')

  for (const [text, answer] of [
    ['*11\r\n', '-ERR Protocol error: unauthenticated multibulk length\r\n'],
    ['*1\r\n$16385\r\n', '-ERR Protocol error: unauthenticated bulk length\r\n'],
    [line(`QUIT`), '+OK\r\n'],
  ] as const) {
    const stranger = await connect()
    await stranger.write(text)
    t.equal(await within(stranger.readToEnd('latin1'), 'the end'), answer)
    await stranger.close()
  }
})
