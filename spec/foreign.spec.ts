// Values of the program are inspected without an exception, and only up to a limit.

import { runInNewContext } from 'node:vm'
import t from 'tap'
import { codeOf, everyError, isAbortBy, isUsableError } from '../lib/foreign.js'
import { hostile } from './support/hostile.js'

const abort = (cause?: unknown): Error => Object.assign(new Error('stop', cause === undefined ? {} : { cause }), { name: 'AbortError' })
const isX = (error: unknown): boolean => error === 'x'

t.test('inspecting a value never throws', async (t) => {
  for (const [name, make] of Object.entries(hostile)) {
    const value = make()
    t.doesNotThrow(() => codeOf(value), name)
    t.notOk(isAbortBy(value, isX), name)
    t.equal(everyError(value, isX), false, name)
    t.type(isUsableError(value), 'boolean', name)
  }
})

t.test('a member of Object.prototype is no property of an error', async (t) => {
  const given = Object.prototype as { code?: string }
  class Coded extends Error {
    get code(): string {
      return 'OF_ITS_CLASS'
    }
  }
  given.code = 'GIVEN'
  try {
    t.equal(codeOf(new Error('x')), undefined)
    t.equal(codeOf(Object.assign(new Error('x'), { code: 'OWN' })), 'OWN')
    t.equal(codeOf(new Coded('x')), 'OF_ITS_CLASS')
    t.equal(codeOf(Object.assign(Object.create(null), { code: 'BARE' })), 'BARE')
  } finally {
    delete given.code
  }
})

t.test('an error can be passed to a stream unless it, or its stack, cannot be read', async (t) => {
  t.equal(isUsableError(new Error('x')), true)
  t.equal(isUsableError(new TypeError('x')), true)
  for (const value of [undefined, null, 'x', {}, hostile['a revoked proxy']?.(), hostile['an error with a hostile stack']?.()])
    t.equal(isUsableError(value), false)
})

t.test('an AbortError is recognized by its name, of any realm, and by its cause, at any depth', async (t) => {
  t.equal(isAbortBy(abort(), isX), undefined, 'one without a cause')
  t.equal(isAbortBy(new DOMException('stop', 'AbortError'), isX), undefined)
  t.equal(isAbortBy(runInNewContext("Object.assign(new Error('stop'), { name: 'AbortError' })"), isX), undefined)
  t.equal(isAbortBy({ name: 'AbortError', cause: 'x' }, isX), true)
  t.equal(isAbortBy(abort(abort(abort('x'))), isX), true)
  t.equal(isAbortBy(abort(abort()), isX), false, 'caused by another abort')
  t.equal(isAbortBy(abort('y'), isX), false)
  t.equal(isAbortBy(new Error('x', { cause: 'x' }), isX), false, 'no AbortError')
  const circular = abort()
  circular.cause = circular
  t.equal(isAbortBy(circular, isX), false)
})

t.test('an AggregateError of any realm passes if all of its errors pass', async (t) => {
  const every = (error: unknown): boolean => everyError(error, isX)
  t.equal(every('x'), true)
  t.equal(every('y'), false)
  t.equal(every(new AggregateError(['x', 'x'])), true)
  t.equal(every(new AggregateError(['x', 'y'])), false)
  t.equal(every(new AggregateError([])), false)
  t.equal(every(new AggregateError(['x', new AggregateError(['x'])])), true)
  t.equal(every(new AggregateError(['x', new AggregateError(['y'])])), false)
  t.equal(every(runInNewContext("new AggregateError(['x'])")), true)
  t.equal(every(new (class Several extends AggregateError {})(['x'])), true)
  t.equal(every({ errors: ['x'] }), false, 'anything else that has errors is one error')
  const itself = new AggregateError(['x'])
  itself.errors.push(itself)
  t.equal(every(itself), true, 'holding itself, it holds nothing else')
  let deep: unknown = 'x'
  for (let depth = 0; depth < 500; depth++) deep = new AggregateError([deep])
  t.equal(every(deep), true)
  for (let depth = 0; depth < 100_000; depth++) deep = new AggregateError([deep])
  t.equal(every(deep), false, 'too deep')
  t.equal(every(new AggregateError(Array(2_000_000).fill('x'))), false, 'too many')
})
