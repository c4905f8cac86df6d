import t from 'tap'
import { booleanOf, countOf, delayOf, encodingOf, signalOf, sizeOf, timeOf } from '../../lib/options/arguments.js'
import { ownOption } from '../../lib/options/own.js'

// The error messages and the values at the edges. What every read does with its options is in connection/reading/arguments.spec.ts.

t.test('a value at the edge is accepted, and one beyond it is refused', async (t) => {
  t.equal(countOf(0, 'n'), 0)
  t.equal(countOf(2 ** 53 - 1, 'n'), 2 ** 53 - 1)
  t.equal(sizeOf(1, 'maxBytes'), 1)
  t.equal(sizeOf(Number.POSITIVE_INFINITY, 'maxBytes'), Number.POSITIVE_INFINITY)
  t.equal(timeOf(Number.MIN_VALUE, 'timeout'), Number.MIN_VALUE)
  t.equal(timeOf(2 ** 31 - 1, 'timeout'), 2 ** 31 - 1)
  t.equal(timeOf(2 ** 31, 'timeout'), Number.POSITIVE_INFINITY, 'beyond the range of a timer is never')
  t.equal(delayOf(0, 'timeout'), 0)
  t.equal(delayOf(5, 'timeout'), 5)
  t.throws(() => delayOf(-1, 'timeout'), RangeError)
  t.throws(() => delayOf('0', 'timeout'), TypeError)
  t.equal(booleanOf(undefined, 'idle'), undefined)
  t.equal(encodingOf('UTF-8'), 'UTF-8', 'as Node takes it')
})

t.test('an error message names the value and what was expected', async (t) => {
  t.throws(() => countOf(-1, 'n'), { message: /^n must be a whole number of bytes ≥ 0, not -1$/ })
  t.throws(() => sizeOf('5', 'maxBytes'), { message: /^maxBytes must be a number of bytes, not a string$/ })
  t.throws(() => timeOf(0, 'timeout'), { message: /^timeout must be more than 0 milliseconds/ })
  t.throws(() => booleanOf(1, 'idle'), { message: /^idle must be a boolean, not a number$/ })
  t.throws(() => encodingOf('utf9'), { message: /'utf9' is no encoding/ })
  t.throws(() => signalOf(null), { message: /^signal must be an AbortSignal, not null$/ })
})

t.test('a signal of another realm, or of a polyfill, is accepted', async (t) => {
  const signal = { aborted: false, addEventListener() {}, removeEventListener() {} }
  t.equal(signalOf(signal), signal)
})

t.test('a member that an object inherits is no option of it', async (t) => {
  t.equal(ownOption(Object.create({ delimiter: ';' }), 'delimiter'), undefined)
  t.equal(ownOption('utf8', 'length'), undefined)
  t.equal(ownOption(null, 'delimiter'), undefined)
})
