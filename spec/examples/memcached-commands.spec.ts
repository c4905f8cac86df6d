// examples/memcached/: what each command answers, byte by byte as well, while time passes and memory is full.

import t, { type Test } from 'tap'
import type { Handler } from '../../lib/index.js'
import { pair } from '../../lib/testing/index.js'
import { collect } from '../support/collect.js'
import { turns, within } from '../support/wait.js'
import { importExample } from './in-process.js'

const { serveClient } = await importExample<typeof import('../../examples/memcached/session.js')>('memcached/session')
const { Counts } = await importExample<typeof import('../../examples/memcached/command.js')>('memcached/command')
const { Store } = await importExample<typeof import('../../examples/memcached/store.js')>('memcached/store')

const MIB = 1024 * 1024

/** A cache whose time a test sets. */
class Cache {
  /** Unix time in milliseconds. */
  time = 1_800_000_000_000
  readonly store = new Store({ limit: MIB, now: () => this.time })
  readonly counts = new Counts()

  readonly serve: Handler = (connection) => serveClient(connection, this.store, this.counts)

  /** Sends the pieces, each in a turn of its own, and ends; resolves with all that comes back. */
  async ask(t: Test, ...pieces: readonly (string | Uint8Array)[]): Promise<string> {
    const [client, server] = pair()
    const done = server.run(this.serve)
    t.teardown(() => client.abort())
    const sending = (async () => {
      for (const piece of pieces) {
        await client.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
        if (pieces.length > 1) await turns(1)
      }
      await client.end()
    })().catch(() => {})
    const got = await within(client.readToEnd('latin1'), `the answers to ${String(pieces[0]).slice(0, 60)}`)
    await sending
    await client.close()
    await within(done, 'the end of the handler')
    return got
  }
}

// Commands and their answers, in one conversation each. The answers are those of memcached 1.6.18, but for those marked with `*`.
const conversations: { readonly [what: string]: readonly (readonly [string, string])[] } = {
  'storing and reading': [
    ['get a', 'END'],
    ['set a 7 0 3|one', 'STORED'],
    ['get a', 'VALUE a 7 3|one|END'],
    ['gets a b', 'VALUE a 7 3 1|one|END'],
    ['add a 0 0 3|two', 'NOT_STORED'],
    ['add b 0 0 0|', 'STORED'],
    ['replace c 0 0 1|x', 'NOT_STORED'],
    ['replace b 1 0 2|hi', 'STORED'],
    ['append b 9 9 2|!!', 'STORED'],
    ['prepend b 9 9 1|>', 'STORED'],
    ['append c 0 0 1|x', 'NOT_STORED'],
    ['prepend c 0 0 1|x', 'NOT_STORED'],
    ['get a b c', 'VALUE a 7 3|one|VALUE b 1 5|>hi!!|END'],
    ['set b 0 0 4 noreply|four', ''],
    ['get  b ', 'VALUE b 0 4|four|END'],
    ['delete b', 'DELETED'],
    ['delete b', 'NOT_FOUND'],
    ['delete a noreply', ''],
    ['get a b', 'END'],
  ],
  'a comparison with what was read': [
    ['cas a 0 0 1 1|x', 'NOT_FOUND'],
    ['set a 0 0 1|x', 'STORED'],
    ['gets a', 'VALUE a 0 1 1|x|END'],
    ['cas a 0 0 1 2|y', 'EXISTS'],
    ['cas a 0 0 1 1|y', 'STORED'],
    ['cas a 0 0 1 1 noreply|z', ''],
    ['gets a', 'VALUE a 0 1 2|y|END'],
  ],
  numbers: [
    ['incr n 1', 'NOT_FOUND'],
    ['set n 5 0 2|10', 'STORED'],
    ['incr n 5', '15'],
    ['decr n 6', '9'],
    ['get n', 'VALUE n 5 2|9 |END'],
    ['decr n 100', '0'],
    ['incr n 1 noreply', ''],
    ['incr n 18446744073709551614', '18446744073709551615'],
    ['incr n 2', '1'],
    ['incr n x', 'CLIENT_ERROR invalid numeric delta argument'],
    ['incr n -1', 'CLIENT_ERROR invalid numeric delta argument'],
    ['incr n 18446744073709551616', 'CLIENT_ERROR invalid numeric delta argument'],
    ['set n 0 0 1|x', 'STORED'],
    ['incr n 1', 'CLIENT_ERROR cannot increment or decrement non-numeric value'],
  ],
  'touching, and reading with it': [
    ['touch a 10', 'NOT_FOUND'],
    ['gat 10 a', 'END'],
    ['set a 1 0 1|x', 'STORED'],
    ['touch a 10', 'TOUCHED'],
    ['touch a 10 noreply', ''],
    ['gat 10 a b', 'VALUE a 1 1|x|END'],
    ['gats 10 a', 'VALUE a 1 1 1|x|END'],
    ['gat 10', 'ERROR'],
    ['gat x a', 'CLIENT_ERROR bad command line format'],
  ],
  'about the server': [
    ['version', 'VERSION 1.6.0-linnet'],
    ['verbosity 1', 'OK'],
    ['verbosity', 'ERROR'],
    ['verbosity noreply', ''],
    ['flush_all', 'OK'],
    ['flush_all 0 noreply', ''],
    ['flush_all soon', 'CLIENT_ERROR invalid exptime argument'],
    ['stats reset', 'RESET'],
    ['stats unknown', 'ERROR'],
    ['mn', 'MN'],
  ],
  'meta commands': [
    ['mg a v', 'EN'],
    ['mg a v q', ''],
    ['mg YWJj b k Oseven', 'EN b kYWJj Oseven'],
    ['ms a 3 F5 T60 c|one', 'HD c1'],
    ['mg a', 'HD'],
    ['mg a s v f c t k O1', 'VA 3 s3 f5 c1 t60 ka O1|one'],
    ['mg a h l', 'HD h1 l0'],
    ['mg a T30 t', 'HD t30'],
    ['ms a 2 C9|no', 'EX'],
    ['ms b 2 C9|no', 'NF'],
    ['ms a 3 C1 s|two', 'HD s3'],
    ['ms a 1 ME|x', 'NS'],
    ['ms b 1 MR|x', 'NS'],
    ['ms b 1 MA|x', 'NS'],
    ['ms b 1 ME q|b', ''],
    ['ms b 1 MA k|c', 'HD kb'],
    ['ms b 1 MP|a', 'HD'],
    ['ms b 1 MX|a', 'CLIENT_ERROR invalid mode for ms M token'],
    ['mg b v', 'VA 3|abc'],
    ['ms YmI= 1 b E77 c|x', 'HD b c77'],
    ['mg bb v c', 'VA 1 c77|x'],
    ['md bb C1 k', 'EX kbb'],
    ['md bb C77', 'HD'],
    ['md bb', 'NF'],
    ['md bb q O3', 'NF O3'],
    ['md b q', ''],
    ['mg a N30', 'HD'],
  ],
  'meta commands against many clients that store one item anew': [
    ['mg a N30 v', 'VA 0 W|'],
    ['mg a N30 v', 'VA 0 Z|'],
    ['ms a 1 T30|x', 'HD'],
    ['mg a R20 v', 'VA 1|x'],
    ['mg a R40 v', 'VA 1 W|x'],
    ['mg a R40 v', 'VA 1 Z|x'],
    ['ms a 1|x', 'HD'],
    ['md a I T30', 'HD'],
    ['mg a v t', 'VA 1 t30 X W|x'],
    ['mg a v', 'VA 1 Z X|x'],
    ['ms a 1 C1 I|y', 'HD'],
    ['mg a v', 'VA 1 Z X|y'],
    ['ms a 1|z', 'HD'],
    ['mg a v', 'VA 1|z'],
    ['md a I E99', 'HD'],
    ['mg a c', 'HD c99 X W'],
    ['md a x', 'HD'],
    ['mg a v t', 'VA 0 t-1|'],
    ['md a x T5', 'HD'],
    ['mg a t', 'HD t5'],
  ],
  'mistakes, behind which the next command is answered': [
    ['', 'ERROR'],
    ['nonsense', 'ERROR'],
    ['toString', 'ERROR'],
    ['GET a', 'ERROR'],
    ['get', 'ERROR'],
    [`get ${'k'.repeat(250)}`, 'END'],
    [`get ${'k'.repeat(251)}`, 'CLIENT_ERROR bad command line format'],
    ['get a\x01', 'CLIENT_ERROR bad command line format'],
    ['set a 0 0', 'ERROR'],
    [`set ${'k'.repeat(251)} 0 0 3|get`, 'CLIENT_ERROR bad command line format'],
    ['set a x 0 3|get', 'CLIENT_ERROR bad command line format'],
    ['set a 4294967296 0 3|get', 'CLIENT_ERROR bad command line format'],
    ['set a 0 x 3|get', 'CLIENT_ERROR bad command line format'],
    ['cas a 0 0 3 x|get', 'CLIENT_ERROR bad command line format'],
    // memcached takes the rest of the line for a command: *
    ['set a 0 0 3|get a', 'CLIENT_ERROR bad data chunk'],
    ['set a 0 0 3|get\n', 'CLIENT_ERROR bad data chunk'],
    ['delete a 5', 'CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]'],
    ['touch a', 'ERROR'],
    ['touch', 'ERROR'],
    ['delete \x02 noreply', ''],
    ['mg', 'ERROR'],
    ['md', 'ERROR'],
    ['mg a z', 'CLIENT_ERROR invalid flag'],
    ['mg a v v', 'CLIENT_ERROR duplicate flag'],
    [`mg a O${'o'.repeat(33)}`, 'CLIENT_ERROR opaque token too long'],
    [`mg a ${'v '.repeat(33)}`, 'CLIENT_ERROR options flags are too long'],
    ['mg a= b', 'CLIENT_ERROR error decoding key'],
    ['ms a 3 z|get', 'CLIENT_ERROR invalid flag'],
    ['version', 'VERSION 1.6.0-linnet'],
  ],
}

const wire = (text: string): string => `${text.replaceAll('|', '\r\n')}\r\n`
const answers = (text: string): string => (text === '' ? '' : wire(text))

for (const [what, lines] of Object.entries(conversations)) {
  const sent = lines.map(([command]) => wire(command)).join('')
  const expected = lines.map(([, answer]) => answers(answer)).join('')

  t.test(`each command has its answer: ${what}`, async (t) => {
    const cache = new Cache()
    for (const [command, answer] of lines) t.equal(await cache.ask(t, wire(command)), answers(answer), command)
  })

  t.test(`pipelined commands have the same answers, wherever they are cut: ${what}`, async (t) => {
    t.equal(await new Cache().ask(t, sent), expected, 'all at once')
    t.equal(await new Cache().ask(t, ...Buffer.from(sent, 'latin1').toString('latin1')), expected, 'byte by byte')
    for (let at = 1; at < sent.length; at += 7) {
      const got = await new Cache().ask(t, sent.slice(0, at), sent.slice(at))
      if (got !== expected) t.equal(got, expected, `cut at ${at}`)
    }
  })
}

t.test('an item is dropped when it expires', async (t) => {
  const cache = new Cache()
  const now = cache.time / 1000
  const times = [
    ['10', 10],
    [String(now + 100), 100],
    [String(60 * 60 * 24 * 30), 60 * 60 * 24 * 30],
  ] as const
  for (const [time, seconds] of times) {
    const start = cache.time
    t.equal(await cache.ask(t, wire(`set a 0 ${time} 1|x`)), 'STORED\r\n')
    cache.time = start + seconds * 1000 - 1
    t.equal(await cache.ask(t, wire('get a')), answers('VALUE a 0 1|x|END'), time)
    cache.time = start + seconds * 1000
    t.equal(await cache.ask(t, wire('get a')), answers('END'), time)
    cache.time = start
  }
  t.equal(await cache.ask(t, wire('set a 0 -1 1|x'), wire('get a')), answers('STORED|END'), 'with a negative time it expires at once')
  t.equal(await cache.ask(t, wire('set a 0 5 1|x'), wire('touch a 50')), answers('STORED|TOUCHED'))
  cache.time += 49_000
  t.equal(await cache.ask(t, wire('mg a t l')), answers('HD t1 l49'))
  t.equal(cache.store.size, 1)
})

t.test('flush_all with a delay drops the items of that moment, and nothing that is stored later', async (t) => {
  const cache = new Cache()
  t.equal(await cache.ask(t, wire('set a 0 0 1|x'), wire('flush_all 10'), wire('set b 0 0 1|y')), answers('STORED|OK|STORED'))
  cache.time += 9_999
  t.equal(await cache.ask(t, wire('get a b')), answers('VALUE a 0 1|x|VALUE b 0 1|y|END'))
  cache.time += 1
  t.equal(await cache.ask(t, wire('set c 0 0 1|z'), wire('get a b c')), answers('STORED|VALUE c 0 1|z|END'))
})

t.test('the memory of all items is bounded: the one that was used least recently goes first', async (t) => {
  const cache = new Cache()
  const value = 'v'.repeat(MIB / 8)
  for (const key of 'abcdefg') await cache.ask(t, wire(`set ${key} 0 0 ${value.length}|${value}`))
  await cache.ask(t, wire('get a'))
  t.equal(await cache.ask(t, wire(`set h 0 0 ${value.length}|${value}`)), 'STORED\r\n')
  t.equal(await cache.ask(t, wire('mg a'), wire('mg b'), wire('mg h')), answers('HD|EN|HD'))
  t.ok(cache.store.bytes <= MIB)
  t.equal(cache.store.evictions, 1)
  await cache.ask(t, wire(`append h 0 0 ${value.length}|${value}`), wire('flush_all'))
  t.equal(cache.store.bytes, 0)
})

t.test('a value above 1 MiB is dropped, and one that a client only announces ends the connection', async (t) => {
  const cache = new Cache()
  const large = Buffer.alloc(MIB + 1, 'x')
  const most = Buffer.alloc(MIB, 'x')
  const tooLarge = answers('SERVER_ERROR object too large for cache')
  t.equal(await cache.ask(t, `set a 0 0 ${large.length}\r\n`, large, '\r\nmn\r\n'), `${tooLarge}MN\r\n`)
  t.equal(await cache.ask(t, `ms a ${large.length}\r\n`, large, '\r\nmn\r\n'), `${tooLarge}MN\r\n`)
  t.equal(await cache.ask(t, `set a 0 0 ${most.length}\r\n`, most, '\r\nmn\r\n'), answers('STORED|MN'))
  t.equal(await cache.ask(t, 'set a 0 0 9999999999\r\nmn\r\n'), tooLarge)
  for (const length of ['-1', 'x', '', '99999999999']) {
    const expected = length === '' ? 'ERROR|MN' : 'CLIENT_ERROR bad data chunk'
    t.equal(await cache.ask(t, `set a 0 0 ${length}\r\nmn\r\n`), answers(expected), `a length of ${length}`)
  }
  t.equal(await cache.ask(t, 'ms a\r\nmn\r\n'), answers('CLIENT_ERROR bad data chunk'))
})

t.test('a value that is too large leaves nothing of the one before', async (t) => {
  const cache = new Cache()
  const large = `${MIB + 1}\r\n${'x'.repeat(MIB + 1)}`
  const tooLarge = 'SERVER_ERROR object too large for cache'
  for (const command of ['set a 0 0', 'ms a', 'add a 0 0']) {
    const expected = command === 'add a 0 0' ? `STORED|${tooLarge}|VALUE a 0 1|y|END` : `STORED|${tooLarge}|END`
    t.equal(await cache.ask(t, wire('set a 0 0 1|y'), wire(`${command} ${large}`), wire('get a')), answers(expected), command)
  }
  await cache.ask(t, `ms YQ== ${MIB + 1} b\r\n${'x'.repeat(MIB + 1)}\r\n`)
  t.equal(cache.store.size, 0)
})

t.test('an item does not grow beyond 1 MiB by what is joined to it', async (t) => {
  const cache = new Cache()
  const half = `${MIB / 2}|${'x'.repeat(MIB / 2)}`
  t.equal(await cache.ask(t, wire(`set a 7 0 ${half}`), wire(`append a 0 0 ${half}`)), answers('STORED|STORED'))
  const full = 'SERVER_ERROR out of memory storing object'
  const more = [wire('append a 0 0 1|y'), wire('prepend a 0 0 1|y'), wire('ms a 1 MA|y'), wire('ms a 1 MP|y'), wire('mg a s f')]
  t.equal(await cache.ask(t, ...more), answers(`${full}|${full}|${full}|${full}|HD s${MIB} f7`))
})

t.test('a client that asks for a value many times and does not read has little of it in memory', async (t) => {
  const cache = new Cache()
  const [client, server] = pair()
  const done = server.run(cache.serve)
  t.teardown(() => client.abort())
  const value = 'v'.repeat(10_000)
  await client.write(wire(`set a 0 0 ${value.length}|${value}|get${' a'.repeat(2000)}`))
  t.equal(await client.readLine(), 'STORED')
  await turns(20)
  t.ok(server.queued < 256 * 1024, `${server.queued} bytes are queued`)
  await client.end()
  const answer = await within(client.readToEnd({ encoding: 'latin1', maxBytes: 64 * MIB }), 'all values')
  t.equal(answer.length, wire(`VALUE a 0 10000|${value}`).length * 2000 + wire('END').length)
  await client.close()
  await within(done, 'the end of the handler')
})

t.test('a key keeps nothing of its line in memory', async (t) => {
  const cache = new Cache()
  const [client, server] = pair()
  const done = server.run(cache.serve)
  t.teardown(() => client.abort())
  const padding = ' '.repeat(8000)
  collect()
  const { heapUsed } = process.memoryUsage()
  for (let at = 0; at < 500; at++) {
    const key = `the-key-of-item-${at}`
    await client.write(wire(`set ${key}${padding} 0 0 1|x|get ${key}${padding}`))
    await client.readUntil('END\r\n')
  }
  collect()
  t.equal(cache.store.size, 500)
  const grown = process.memoryUsage().heapUsed - heapUsed
  t.ok(grown < 2 * MIB, `${grown} bytes for ${cache.store.bytes}`)
  await client.end()
  await client.close()
  await within(done, 'the end of the handler')
})

t.test('a line that is too long is refused before it is gathered', async (t) => {
  const cache = new Cache()
  const keys = Array.from({ length: 30 }, (_, at) => `${at}`.padStart(250, 'k')).join(' ')
  t.equal(await cache.ask(t, wire(`get ${keys}`)), 'END\r\n')
  t.equal(await cache.ask(t, `get ${'k'.repeat(8193)}`), answers('CLIENT_ERROR line too long'))
})

t.test('keys and values may have any bytes that the protocol allows', async (t) => {
  const cache = new Cache()
  const key = String.fromCharCode(...Array.from({ length: 128 }, (_, at) => at + 128), 33, 126)
  const value = String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at))
  t.equal(await cache.ask(t, `set ${key} 0 0 256\r\n${value}\r\nget ${key}\r\n`), `STORED\r\nVALUE ${key} 0 256\r\n${value}\r\nEND\r\n`)
})

t.test('an end in the middle of a value stores nothing', async (t) => {
  const cache = new Cache()
  for (const sent of ['set a 0 0 3', 'set a 0 0 3\r\n', 'set a 0 0 3\r\nab', 'set a 0 0 3\r\nabc', 'set a 0 0 3\r\nabc\r'])
    t.equal(await cache.ask(t, sent), '', JSON.stringify(sent))
  t.equal(cache.store.size, 0)
})

t.test('quit ends the connection, and what is behind it is not carried out', async (t) => {
  const cache = new Cache()
  t.equal(await cache.ask(t, 'set a 0 0 1\r\nx\r\nquit\r\nflush_all\r\n'), 'STORED\r\n')
  t.equal(cache.store.size, 1)
})

t.test('stats counts what was asked', async (t) => {
  const cache = new Cache()
  await cache.ask(t, wire('set a 0 0 1|x'), wire('get a b'), wire('touch a 0'), wire('flush_all 100'))
  const stats = await cache.ask(t, wire('stats'))
  for (const fact of ['cmd_get 2', 'get_hits 1', 'get_misses 1', 'cmd_set 1', 'cmd_touch 1', 'cmd_flush 1', 'curr_items 1'])
    t.match(stats, `STAT ${fact}\r\n`)
  t.match(stats, /^(STAT \w+ \S+\r\n)+END\r\n$/)
})
