// How an error message names a wrong value: any value, and without an exception.

import t from 'tap'
import { hintFor, isInstance, isThenable, kindOf, tagOf } from '../lib/kind-of.js'
import { hostile } from './support/hostile.js'

t.test('a value is named by its kind, an object by its class, and a common mistake with advice', async (t) => {
  const cases: [unknown, string][] = [
    [undefined, 'undefined'],
    [null, 'null'],
    ['x', 'a string'],
    [1n, 'a bigint'],
    [() => {}, 'a function'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [[], 'an array'],
    [/x/, 'a RegExp'],
    [new Map(), 'a Map'],
    [new Error('x'), 'an Error'],
    [Buffer.alloc(1), 'a Buffer'],
    [new Uint8Array(1), 'a Uint8Array'],
    [new (class Account {})(), 'an Account'],
    [new (class {})(), 'an object'],
    [{ constructor: 5 }, 'an object'],
    [{ [Symbol.toStringTag]: 'constructor' }, 'a constructor'],
    [{ constructor: { name: 5 } }, 'an object'],
    [Promise.resolve(), 'a Promise (forgotten await?)'],
    [Object.fromEntries([['then', () => {}]]), 'an object (forgotten await?)'],
    [new AbortController(), 'an AbortController (pass its `signal`)'],
    [new ArrayBuffer(1), 'an ArrayBuffer (wrap it: `new Uint8Array(buffer)`)'],
    [new SharedArrayBuffer(1), 'a SharedArrayBuffer (wrap it: `new Uint8Array(buffer)`)'],
    [hostile['a revoked proxy']?.(), 'an object that cannot be read'],
  ]
  for (const [value, text] of cases) t.equal(kindOf(value), text)
  t.equal(kindOf(new (Object.defineProperty(class {}, 'name', { value: 'x'.repeat(100) }))()).length, 'a '.length + 40)
})

t.test('naming a value never throws', async (t) => {
  for (const [name, make] of Object.entries(hostile)) {
    const value = make()
    t.equal(typeof kindOf(value), 'string', name)
    t.equal(typeof isThenable(value), 'boolean', name)
    t.equal(typeof isInstance(value, Map), 'boolean', name)
    t.doesNotThrow(() => hintFor(value), name)
    if (typeof value === 'object' && value !== null) t.equal(typeof tagOf(value), 'string', name)
  }
})
