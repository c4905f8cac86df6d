// examples/redis.ts, with clients that others wrote: redis-cli, redis-benchmark, ioredis and node-redis.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Redis as IoRedis } from 'ioredis'
import { createClient } from 'redis'
import t, { type Test } from 'tap'
import { connect } from '../../lib/index.js'
import { rejection, until, within } from '../support/wait.js'
import { encode } from './redis.js'
import { Example, Running, withoutRedisTools } from './support.js'

// One server for all tests; the last one ends it.
const example = await Example.start(t, 'redis')
const { port } = example

/** A program of Redis, and what it is to read. */
function run(t: Test, program: string, args: readonly string[], input?: string): Running {
  const child = spawn(program, ['-h', '127.0.0.1', '-p', String(port), ...args], { stdio: 'pipe' })
  child.stdin.on('error', () => {}).end(input)
  return new Running(t, child)
}

t.beforeEach(async () => {
  const client = await connect({ host: '127.0.0.1', port })
  await client.write('FLUSHALL\r\n')
  await client.readLine()
  await client.close()
})

// --- Redis's own programs ------------------------------------------------------------------------------------------------

t.test('redis-cli shows answers, in RESP2 and RESP3', { skip: withoutRedisTools }, async (t) => {
  const commands =
    'SET a 1\nINCR a\nRPUSH l x y\nLRANGE l 0 -1\nHSET h f v\nHGETALL h\nGET none\nLPUSH a x\nMULTI\nPING\nEXEC\nCOMMAND COUNT\n'
  const plain = ['OK', '2', '2', 'x', 'y', '1', 'f', 'v', '', 'WRONGTYPE Operation against a key holding the wrong kind of value', '']
  const two = await run(t, 'redis-cli', [], commands).toEnd()
  t.match(two, [...plain, 'OK', 'QUEUED', 'PONG', ''].join('\n'))
  await run(t, 'redis-cli', ['FLUSHALL']).toEnd()
  const three = await run(t, 'redis-cli', ['-3'], commands).toEnd()
  t.match(three, 'f v')
  t.match(await run(t, 'redis-cli', ['-3', 'INFO', 'server']).toEnd(), /^# Server\r?\nredis_version:/)
})

t.test('redis-cli --pipe sends 100,000 commands, and gets 100,000 answers', { skip: withoutRedisTools }, async (t) => {
  const input = Array.from({ length: 100_000 }, (_, at) => encode('SET', `key:${at}`, `value:${at}`)).join('')
  const pipe = run(t, 'redis-cli', ['--pipe'], input)
  t.match(await pipe.toEnd(), 'errors: 0, replies: 100000')
  t.equal(await run(t, 'redis-cli', ['DBSIZE']).toEnd(), '100000\n')
  const keys = await run(t, 'redis-cli', ['--scan', '--pattern', 'key:*']).toEnd()
  t.equal(new Set(keys.trim().split('\n')).size, 100_000)
})

t.test('redis-cli shows the messages of a channel', { skip: withoutRedisTools }, async (t) => {
  const subscriber = run(t, 'redis-cli', ['SUBSCRIBE', 'news'])
  await subscriber.hears('subscribe\nnews\n1\n')
  t.equal(await run(t, 'redis-cli', ['PUBLISH', 'news', 'hello']).toEnd(), '1\n')
  await subscriber.hears('message\nnews\nhello\n')
})

t.test('redis-benchmark ends without an error, with and without pipelining', { skip: withoutRedisTools }, async (t) => {
  const tests = 'ping_inline,ping_mbulk,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,lrange_100,mset'
  for (const depth of ['1', '16']) {
    const names = depth === '1' ? 'get,set' : tests
    const benchmark = run(t, 'redis-benchmark', ['-t', names, '-n', '2000', '-c', '20', '-P', depth, '-r', '1000', '--csv'])
    t.equal((await benchmark.ended()).code, 0, benchmark.complained)
    t.notMatch(benchmark.heard + benchmark.complained, /error|warning/i)
    t.equal(benchmark.heard.trim().split('\n').length, names.split(',').length + (depth === '1' ? 1 : 2))
  }
})

// --- ioredis -------------------------------------------------------------------------------------------------------------

for (const protocol of [2, 3] as const) {
  t.test(`ioredis has the right answer to every command, in RESP${protocol}`, async (t) => {
    const redis = new IoRedis({ host: '127.0.0.1', port, protocol, connectionName: 'spec', retryStrategy: () => null })
    t.teardown(() => redis.disconnect())
    await within(once(redis, 'ready'), 'the connection of ioredis')
    const same = async (got: Promise<unknown>, expected: unknown): Promise<void> => void t.same(await got, expected)

    await same(redis.set('a', '1'), 'OK')
    await same(redis.get('a'), '1')
    await same(redis.set('a', '2', 'EX', 100, 'GET'), '1')
    await same(redis.ttl('a'), 100)
    await same(redis.set('a', '3', 'PX', 100_000, 'NX'), null)
    await same(redis.set('a', '3', 'XX'), 'OK')
    await same(redis.ttl('a'), -1)
    await same(redis.exists('a', 'b'), 1)
    await same(redis.incr('a'), 4)
    await same(redis.decr('a'), 3)
    await same(redis.incrby('a', 10), 13)
    await same(redis.decrby('a', 3), 10)
    await same(redis.append('a', '0'), 3)
    await same(redis.strlen('a'), 3)
    await same(redis.expire('a', 100), 1)
    await same(redis.pexpire('a', 100_000), 1)
    t.ok((await redis.pttl('a')) > 90_000)
    await same(redis.persist('a'), 1)
    await same(redis.mset('b', '1', 'c', 'é'), 'OK')
    await same(redis.mget('b', 'c', 'd'), ['1', 'é', null])
    t.same((await redis.keys('*')).sort(), ['a', 'b', 'c'])
    t.same((await redis.scan('0', 'MATCH', '[bc]', 'COUNT', 100))[1].sort(), ['b', 'c'])
    await same(redis.lpush('l', '2', '1'), 2)
    await same(redis.rpush('l', '3', '4'), 4)
    await same(redis.lpop('l'), '1')
    await same(redis.rpop('l'), '4')
    await same(redis.lrange('l', 0, -1), ['2', '3'])
    await same(redis.llen('l'), 2)
    await same(redis.lpop('l', 2), ['2', '3'])
    await same(redis.hset('h', { f: '1', g: '2' }), 2)
    await same(redis.hget('h', 'f'), '1')
    await same(redis.hgetall('h'), { f: '1', g: '2' })
    await same(redis.hdel('h', 'f', 'x'), 1)
    await same(redis.sadd('s', 'x', 'y'), 2)
    t.same((await redis.smembers('s')).sort(), ['x', 'y'])
    await same(redis.type('s'), 'set')
    await same(redis.del('a', 'b', 'x'), 2)
    await same(redis.dbsize(), 3)
    await same(redis.ping(), 'PONG')
    await same(redis.ping('hi'), 'hi')
    await same(redis.echo('hi'), 'hi')
    await same(redis.select(1), 'OK')
    await same(redis.dbsize(), 0)
    await same(redis.select(0), 'OK')
    await same(redis.client('GETNAME'), 'spec')
    await same(redis.client('SETNAME', 'other'), 'OK')
    t.ok(((await redis.client('ID')) as number) > 0)
    t.ok(Number(await redis.call('COMMAND', 'COUNT')) > 50)
    t.ok(((await redis.call('COMMAND')) as unknown[]).length > 50)
    t.match(await redis.config('GET', 'databases'), protocol === 2 ? ['databases', '16'] : Object)
    t.match(await redis.info(), /redis_version:/)
    await same(redis.auth('default', 'any'), 'OK')
    t.match(await rejection(redis.lpush('s', 'x')), { message: /^WRONGTYPE / })

    const piped = await redis.pipeline().set('p', '1').incr('p').get('p').exec()
    t.same(piped, [
      [null, 'OK'],
      [null, 2],
      [null, '2'],
    ])
    t.same(await redis.multi().set('m', '1').get('m').exec(), [
      [null, 'OK'],
      [null, '1'],
    ])
    await redis.multi({ pipeline: false })
    await redis.set('m', '2')
    await same(redis.discard(), 'OK')
    await same(redis.get('m'), '1')

    const other = redis.duplicate()
    t.teardown(() => other.disconnect())
    const popped = other.blpop('q', 0)
    await redis.rpush('q', 'x')
    t.same(await within(popped, 'an element'), ['q', 'x'])
    await same(other.blpop('q', 0.01), null)
    const messages: unknown[] = []
    other.on('message', (...message) => messages.push(message))
    other.on('pmessage', (...message) => messages.push(message))
    await same(other.subscribe('news', 'more'), 2)
    await same(other.psubscribe('n*'), 3)
    await same(redis.publish('news', 'hi'), 2)
    await until(() => messages.length === 2)
    t.same(messages, [
      ['news', 'hi'],
      ['n*', 'news', 'hi'],
    ])
    await same(other.punsubscribe('n*'), 2)
    await same(other.unsubscribe(), 0)
    await same(other.get('m'), '1')
    await same(redis.flushall(), 'OK')
    await same(redis.quit(), 'OK')
    await same(other.quit(), 'OK')
  })
}

// --- node-redis ----------------------------------------------------------------------------------------------------------

for (const RESP of [2, 3] as const) {
  t.test(`node-redis has the right answer to every command, in RESP${RESP}`, async (t) => {
    const redis = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false }, RESP, name: 'spec' })
    redis.on('error', (error) => t.fail(String(error)))
    await within(redis.connect(), 'the connection of node-redis')
    t.teardown(() => redis.isOpen && redis.destroy())
    const same = async (got: Promise<unknown>, expected: unknown): Promise<void> => void t.same(await got, expected)

    await same(redis.set('a', '1'), 'OK')
    await same(redis.get('a'), '1')
    await same(redis.set('a', '2', { expiration: { type: 'EX', value: 100 }, GET: true }), '1')
    await same(redis.ttl('a'), 100)
    await same(redis.set('a', '3', { expiration: { type: 'PX', value: 100_000 }, condition: 'NX' }), null)
    await same(redis.set('a', '3', { condition: 'XX' }), 'OK')
    await same(redis.exists(['a', 'b']), 1)
    await same(redis.incr('a'), 4)
    await same(redis.decr('a'), 3)
    await same(redis.incrBy('a', 10), 13)
    await same(redis.decrBy('a', 3), 10)
    await same(redis.append('a', '0'), 3)
    await same(redis.strLen('a'), 3)
    await same(redis.expire('a', 100), 1)
    await same(redis.pExpire('a', 100_000), 1)
    t.ok((await redis.pTTL('a')) > 90_000)
    await same(redis.persist('a'), 1)
    await same(redis.mSet({ b: '1', c: 'é' }), 'OK')
    await same(redis.mGet(['b', 'c', 'd']), ['1', 'é', null])
    t.same((await redis.keys('*')).sort(), ['a', 'b', 'c'])
    t.same((await redis.scan('0', { MATCH: '[bc]', COUNT: 100 })).keys.sort(), ['b', 'c'])
    await same(redis.lPush('l', ['2', '1']), 2)
    await same(redis.rPush('l', ['3', '4']), 4)
    await same(redis.lPop('l'), '1')
    await same(redis.rPop('l'), '4')
    await same(redis.lRange('l', 0, -1), ['2', '3'])
    await same(redis.lLen('l'), 2)
    await same(redis.hSet('h', { f: '1', g: '2' }), 2)
    await same(redis.hGet('h', 'f'), '1')
    t.same({ ...(await redis.hGetAll('h')) }, { f: '1', g: '2' })
    await same(redis.hDel('h', ['f', 'x']), 1)
    await same(redis.sAdd('s', ['x', 'y']), 2)
    t.same([...(await redis.sMembers('s'))].sort(), ['x', 'y'])
    await same(redis.type('s'), 'set')
    await same(redis.del(['a', 'b', 'x']), 2)
    await same(redis.dbSize(), 4)
    await same(redis.ping(), 'PONG')
    await same(redis.echo('hi'), 'hi')
    await redis.select(1)
    await same(redis.dbSize(), 0)
    await redis.select(0)
    await same(redis.clientGetName(), 'spec')
    await same(redis.clientSetName('other'), 'OK')
    t.ok((await redis.clientId()) > 0)
    await same(redis.sendCommand(['CLIENT', 'SETINFO', 'LIB-NAME', 'spec']), 'OK')
    t.equal({ ...(await redis.hello(RESP)) }.server, 'redis')
    t.ok((await redis.commandCount()) > 50)
    t.ok((await redis.command()).length > 50)
    t.same({ ...(await redis.configGet('databases')) }, { databases: '16' })
    t.match(await redis.info('server'), /redis_version:/)
    await same(redis.auth({ username: 'default', password: 'any' }), 'OK')
    t.match(await rejection(redis.lPush('s', 'x')), { message: /^WRONGTYPE / })

    t.same(await redis.multi().set('m', '1').get('m').exec(), ['OK', '1'])
    t.same(await redis.multi().set('m', '2').incr('m').execAsPipeline(), ['OK', 3])
    // In one turn, so in one packet.
    t.same(await Promise.all([redis.sendCommand(['MULTI']), redis.sendCommand(['DEL', 'm']), redis.sendCommand(['DISCARD'])]), [
      'OK',
      'QUEUED',
      'OK',
    ])
    await same(redis.get('m'), '3')

    const other = redis.duplicate()
    other.on('error', (error) => t.fail(String(error)))
    await other.connect()
    t.teardown(() => other.isOpen && other.destroy())
    const popped = other.blPop('q', 0)
    await redis.rPush('q', 'x')
    t.same({ ...(await within(popped, 'an element')) }, { key: 'q', element: 'x' })
    await same(other.blPop('q', 0.01), null)
    const messages: unknown[] = []
    await other.subscribe('news', (message, channel) => messages.push([channel, message]))
    await other.pSubscribe('n*', (message, channel) => messages.push(['n*', channel, message]))
    await same(redis.publish('news', 'hi'), 2)
    await until(() => messages.length === 2)
    t.same(messages, [
      ['news', 'hi'],
      ['n*', 'news', 'hi'],
    ])
    await other.unsubscribe('news')
    await other.pUnsubscribe('n*')
    // In RESP2 node-redis gives the first answer behind a subscription as bytes.
    t.equal(String(await other.get('m')), '3')
    await same(redis.flushAll(), 'OK')
    await other.close()
    await redis.close()
  })
}

// --- the end -------------------------------------------------------------------------------------------------------------

t.test('Ctrl-C ends it, with clients that wait', async (t) => {
  const clients = await Promise.all(Array.from({ length: 3 }, () => connect({ host: '127.0.0.1', port })))
  const [silent, blocked, subscribed] = clients as [(typeof clients)[0], (typeof clients)[0], (typeof clients)[0]]
  await blocked.write('BLPOP none 0\r\n')
  await subscribed.write('SUBSCRIBE news\r\n')
  await subscribed.readUntil(':1\r\n')
  await silent.write('PING\r\n')
  t.equal(await silent.readLine(), '+PONG')
  example.interrupt()
  for (const client of clients) t.equal(await client.readToEnd('latin1'), '')
  await Promise.all(clients.map((client) => client.close()))
  t.strictSame(await example.ended(), { code: 0, signal: null })
})
