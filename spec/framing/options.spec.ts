// The factories check their options at once.

import t from 'tap'
import { contentLength, delimited, lengthPrefixed, lines, netstring, varintPrefixed } from '../../lib/framing/index.js'

const factories: Record<string, (options?: never) => unknown> = {
  lines: (options) => lines(options),
  delimited: (options) => delimited('\0', options),
  lengthPrefixed: (options) => lengthPrefixed(isObject(options) ? Object.assign(Object.create(options), { bytes: 4 }, options) : options!),
  varintPrefixed: (options) => varintPrefixed(options),
  netstring: (options) => netstring(options),
  contentLength: (options) => contentLength(options),
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

for (const [name, make] of Object.entries(factories)) {
  t.test(`${name}: options that do not fit are TypeErrors and RangeErrors that say what to do`, async (t) => {
    for (const options of [{ maxBytes: '5' }, { maxBytes: null }, { maxBytes: 5n }, { maxSize: 5 }, { max: 5 }, 5, 'x', null, []])
      t.throws(() => make(options as never), { name: 'TypeError' }, JSON.stringify(String(options)))
    for (const maxBytes of [0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY])
      t.throws(() => make({ maxBytes } as never), { name: 'RangeError', message: /^maxBytes/ })
    t.throws(() => make({ maxSize: 5 } as never), { message: /did you mean 'maxBytes'\?/ })
    for (const options of [{}, { maxBytes: undefined }, { maxBytes: 1 }, { maxBytes: Number.POSITIVE_INFINITY }])
      t.doesNotThrow(() => make(options as never))
    t.doesNotThrow(() => make(Object.create({ maxBytes: 'inherited' })), 'only own members are options')
  })
}

t.test('lengthPrefixed: bytes, endian and adjust', async (t) => {
  for (const options of [
    undefined,
    {},
    { bytes: '4' },
    { bytes: undefined },
    { bytes: 4, endian: 1 },
    { bytes: 4, endian: null },
    { bytes: 4, adjust: '1' },
    { bytes: 4, endianness: 'big' },
  ])
    t.throws(() => lengthPrefixed(options as never), { name: 'TypeError' }, JSON.stringify(options))
  t.throws(() => lengthPrefixed(undefined as never), { message: /write lengthPrefixed\(\{ bytes: 4 \}\)/ })
  for (const options of [
    { bytes: 0 },
    { bytes: 5 },
    { bytes: 6 },
    { bytes: 7 },
    { bytes: 9 },
    { bytes: Number.NaN },
    { bytes: 4, endian: 'middle' },
    { bytes: 4, adjust: 0.5 },
    { bytes: 4, adjust: Number.POSITIVE_INFINITY },
    { bytes: 1, adjust: -256 },
  ])
    t.throws(() => lengthPrefixed(options as never), { name: 'RangeError' }, JSON.stringify(options))
  for (const bytes of [1, 2, 3, 4, 8] as const) t.doesNotThrow(() => lengthPrefixed({ bytes, endian: 'little', adjust: -bytes }))
  t.doesNotThrow(() => lengthPrefixed({ bytes: 1, adjust: -255 }))
})

t.test('delimited: a delimiter is a string or bytes, not empty, and no larger than the limit', async (t) => {
  for (const delimiter of [undefined, null, 5, /x/, {}, ['\n'], ['\n', '\r\n'], new Uint16Array(1)])
    t.throws(() => delimited(delimiter as never), { name: 'TypeError' })
  for (const delimiter of ['', new Uint8Array(0)]) t.throws(() => delimited(delimiter), { name: 'RangeError' })
  t.throws(() => delimited('\r\n', { maxBytes: 1 }), { name: 'RangeError', message: /raise maxBytes/ })
  t.doesNotThrow(() => delimited('\r\n', { maxBytes: 2 }))
})
