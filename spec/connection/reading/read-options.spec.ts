import t from 'tap'
import {
  BYTES,
  booleanOf,
  countOf,
  delayOf,
  encodingOf,
  INTO,
  LINE,
  LINES,
  ownOption,
  resolvePlainOptions,
  resolveReadOptions,
  signalOf,
  sizeOf,
  timeOf,
} from '../../../lib/connection/reading/read-options.js'

// The error messages and the values at the edges. What every read does with its options is in arguments.spec.ts.

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
  t.equal(resolveReadOptions({ signal }).signal, signal)
})

t.test('checked options are exactly those that were given', async (t) => {
  const nothing = { signal: undefined, timeout: undefined, maxBytes: undefined, idle: undefined, encoding: undefined }
  t.same(resolveReadOptions(undefined), nothing)
  t.same(resolveReadOptions({}), nothing)
  t.same(resolveReadOptions('hex'), { ...nothing, encoding: 'hex' })
  t.same(resolveReadOptions({ timeout: 5, idle: false, other: undefined }), { ...nothing, timeout: 5, idle: false })
  t.same(resolvePlainOptions({ maxBytes: 5 }), { ...nothing, maxBytes: 5 })
  t.throws(() => resolvePlainOptions('hex'), TypeError)
})

t.test('an unknown option is a TypeError that names the nearest one', async (t) => {
  for (const [options, known, message] of [
    [{ maxbytes: 5 }, BYTES, /no option 'maxbytes'; did you mean 'maxBytes'\?/],
    [{ timeuot: 5 }, BYTES, /did you mean 'timeout'\?/],
    [{ Signal: undefined, idel: true }, BYTES, /did you mean 'idle'\?/],
    [{ encodng: 'hex' }, BYTES, /did you mean 'encoding'\?/],
    [{ delimeter: '\n' }, LINE, /did you mean 'delimiter'\?/],
    [{ delimiter: '\n' }, BYTES, /'delimiter'; expected one of signal, timeout, maxBytes, idle, encoding$/],
    [{ overflow: 'skip' }, LINE, /'overflow'; expected one of/],
    [{ overflw: 'skip' }, LINES, /did you mean 'overflow'\?/],
    [{ partail: true }, INTO, /did you mean 'partial'\?/],
    [['utf8'], BYTES, /must be an object or an encoding, not an array$/],
  ] as const)
    t.throws(() => resolveReadOptions(options, known), { name: 'TypeError', message })
  t.throws(() => resolvePlainOptions({ encoding: 'hex' }), { name: 'TypeError', message: /'encoding'/ })
})

t.test('inherited and non-enumerable members are no options', async (t) => {
  const nothing = { signal: undefined, timeout: undefined, maxBytes: undefined, idle: undefined, encoding: undefined }
  t.same(resolveReadOptions(Object.create({ timeout: 0, maxBytes: 'x', strange: true })), nothing)
  t.same(resolveReadOptions(Object.defineProperty({}, 'timeout', { value: 0 })), nothing)
  t.same(resolveReadOptions(Object.assign(Object.create(null), { idle: true })), { ...nothing, idle: true })
  t.equal(ownOption(Object.create({ delimiter: ';' }), 'delimiter'), undefined)
  t.equal(ownOption('utf8', 'length'), undefined)
  t.equal(ownOption(null, 'delimiter'), undefined)
})
