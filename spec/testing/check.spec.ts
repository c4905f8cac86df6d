import t from 'tap'
import type { Connection } from '../../lib/connection/connection.js'
import { begin, bytes, equal, expect, rejects, rejectsWith, show, stays, throws } from '../../lib/testing/check/expect.js'
import { rules } from '../../lib/testing/check/rules.js'
import type { Check } from '../../lib/testing/check/speak.js'
import { unhandled } from '../../lib/testing/check/unhandled.js'
import { keeps } from '../../lib/testing/check.js'
import { checkConnection, pair } from '../../lib/testing/index.js'
import { rejection } from '../support/wait.js'
import { badConnections } from './bad/index.js'
import type { BadConnection } from './bad/spoil.js'

t.test('a connection that breaks a rule is refused, and the rule is named', async (t) => {
  // Most of the time is spent on waiting.
  t.jobs = 32
  for (const [name, { rule, make }] of Object.entries(badConnections)) {
    void t.test(`a connection that ${name}`, { buffered: true }, async (t) => {
      const [check] = rules.filter(([sentence]) => sentence === rule).map(([, check]) => check) as [Check]
      const error = (await rejection(keeps(rule, check, make))) as Error
      t.type(error, Error)
      t.equal(error.message.slice(0, rule.length + 2), `${rule}: `, error.message)
      t.ok(error.cause, 'its cause is what went wrong')
    })
  }
})

t.test('the whole check refuses a connection that keeps other rules and breaks one', async (t) => {
  t.jobs = 8
  for (const name of ['drops a byte', 'reorders two chunks', 'loses the end', 'hangs at close', 'accepts two readers']) {
    void t.test(`a connection that ${name}`, { buffered: true }, async (t) => {
      const { rule, make } = badConnections[name] as BadConnection
      t.match(await rejection(checkConnection(make)), { message: new RegExp(`^${rule}: `) })
    })
  }
})

t.test('there is a bad connection for each rule', async (t) => {
  const broken = new Set(Object.values(badConnections).map(({ rule }) => rule))
  const sentences = rules.map(([sentence]) => sentence)
  t.strictSame(
    sentences.filter((sentence) => !broken.has(sentence)),
    [],
  )
  t.equal(new Set(sentences).size, sentences.length, 'each rule has its own sentence')
})

t.test('a check that fails leaves nothing open', async (t) => {
  const sides: Connection[] = []
  const make = (): [Connection, Connection] => {
    const [a, b] = pair()
    sides.push(a, b)
    Object.assign(b, { readUntil: () => new Promise(() => {}) })
    return [a, b]
  }
  await rejection(checkConnection(make))
  t.ok(sides.length > 4)
  for (const side of sides) t.equal(side.signal.aborted, true)
})

t.test('a makePair that makes no pair is an error, which names the first rule', async (t) => {
  const first = rules[0]?.[0] as string
  const own = new Error('no connection today')
  const failing = async (): Promise<never> => {
    throw own
  }
  for (const make of [
    failing,
    () => {
      throw own
    },
  ]) {
    const error = (await rejection(checkConnection(make))) as Error
    t.equal(error.message, `${first}: no connection today`)
    t.equal(error.cause, own)
  }
  for (const wrong of [undefined, [], [pair()[0]], [{}, {}], [...pair(), ...pair()], 'ab']) {
    const error = (await rejection(checkConnection(() => wrong as never))) as Error
    t.match(error.message, /makePair must make two connections/)
    t.type(error.cause, TypeError)
  }
  const never = (await rejection(checkConnection(() => new Promise<never>(() => {})))) as Error
  t.match(never.message, /makePair has made no pair/)
  t.type(await rejection(checkConnection(pair() as never)), TypeError)
  const thrown = (await rejection(checkConnection(() => Promise.reject('text')))) as Error
  t.equal(thrown.message, `${first}: text`)
})

t.test('an unhandled rejection of other code has its usual effect', async (t) => {
  const reason = new Error('of other code')
  const promise = Promise.resolve()
  await unhandled(async () => {
    const [hear] = process.listeners('unhandledRejection').slice(-1) as [NodeJS.UnhandledRejectionListener]
    t.throws(() => hear(reason, promise), reason, 'alone it throws')
    const other = (): void => {}
    process.on('unhandledRejection', other)
    t.doesNotThrow(() => hear(reason, promise), 'beside another listener it leaves that to it')
    process.off('unhandledRejection', other)
    await unhandled(async () => {
      t.equal(process.listenerCount('unhandledRejection'), 1, 'one listener for all')
    })
    t.equal(process.listenerCount('unhandledRejection'), 1, 'it stays as long as one needs it')
  })
  t.equal(process.listenerCount('unhandledRejection'), 0)
})

t.test('a failed expectation names the expected and the actual value', async (t) => {
  const long = Buffer.alloc(100, 'x')
  t.doesNotThrow(() => expect(true, 'it holds'))
  t.throws(() => expect(false, 'it holds'), { message: 'it holds' })
  t.doesNotThrow(() => equal([1, { a: 2 }], [1, { a: 2 }], 'they'))
  t.throws(() => equal([1], ['1'], 'they'), { message: "they: expected [ '1' ], got [ 1 ]" })
  t.doesNotThrow(() => bytes(Buffer.from('é'), 'é', 'it'))
  t.throws(() => bytes('abc', 'abc', 'it'), { message: "it: expected a Buffer, got 'abc'" })
  t.throws(() => bytes(Buffer.from('abd'), 'abc', 'it'), { message: /<3 bytes "abc">, got <3 bytes "abd"> \(they differ at byte 2\)/ })
  t.throws(() => bytes(Buffer.from('ab'), 'abc', 'it'), { message: /they differ at byte 2/ })
  t.equal(show(long), `<100 bytes "${'x'.repeat(60)}"…>`)
  t.equal(show(new TypeError('wrong')), 'TypeError: wrong')

  const failure = new RangeError('over')
  t.equal(await rejects(Promise.reject(failure), RangeError, 'it'), failure)
  t.match(await rejection(rejects(Promise.reject(failure), TypeError, 'it')), { message: /TypeError, got RangeError: over/ })
  t.match(await rejection(rejects(Promise.resolve(5), TypeError, 'it')), { message: /TypeError, but it resolved with 5/ })
  await rejectsWith(Promise.reject(failure), failure, 'it')
  t.match(await rejection(rejectsWith(Promise.reject(failure), 5, 'it')), { message: /with 5, got RangeError: over/ })
  const throwing = (): never => {
    throw failure
  }
  t.equal(throws(throwing, RangeError, 'it'), failure)
  t.throws(() => throws(throwing, TypeError, 'it'), { message: /TypeError, but it threw RangeError/ })
  t.throws(() => throws(() => 5, TypeError, 'it'), { message: /TypeError, but it returned 5/ })
  await stays(begin(new Promise(() => {})), 'it')
  t.match(await rejection(stays(begin(Promise.resolve(5)), 'it')), { message: /it should wait, but it resolved with 5/ })
  t.match(await rejection(stays(begin(Promise.reject(failure)), 'it')), { message: /it should wait, but it rejected with RangeError/ })
})
