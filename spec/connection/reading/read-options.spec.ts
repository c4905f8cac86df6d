import t from 'tap'
import { BYTES, INTO, LINE, LINES, resolvePlainOptions, resolveReadOptions } from '../../../lib/connection/reading/read-options.js'

// The options of reads as one object. What every read does with them is in arguments.spec.ts.

t.test('checked options are exactly those that were given', async (t) => {
  const nothing = { signal: undefined, timeout: undefined, maxBytes: undefined, idle: undefined, encoding: undefined }
  t.same(resolveReadOptions(undefined), nothing)
  t.same(resolveReadOptions({}), nothing)
  t.same(resolveReadOptions('hex'), { ...nothing, encoding: 'hex' })
  t.same(resolveReadOptions({ timeout: 5, idle: false, other: undefined }), { ...nothing, timeout: 5, idle: false })
  t.same(resolvePlainOptions({ maxBytes: 5 }), { ...nothing, maxBytes: 5 })
  t.throws(() => resolvePlainOptions('hex'), TypeError)
})

t.test('a signal of another realm, or of a polyfill, is accepted among the options', async (t) => {
  const signal = { aborted: false, addEventListener() {}, removeEventListener() {} }
  t.equal(resolveReadOptions({ signal }).signal, signal)
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
})
