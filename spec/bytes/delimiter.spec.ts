import { runInNewContext } from 'node:vm'
import t from 'tap'
import { compileDelimiter } from '../../lib/bytes/delimiter.js'

const parts = (delimiter: unknown) => {
  const { byte, sequences, shortest, text } = compileDelimiter(delimiter)
  return { byte, sequences: sequences.map((each) => each.toString('hex')), shortest, text }
}

t.test('a delimiter has the bytes that were asked for', async (t) => {
  t.same(parts('\n'), { byte: 10, sequences: ['0a'], shortest: 1, text: "'\\n'" })
  t.same(parts('\r\n'), { byte: -1, sequences: ['0d0a'], shortest: 2, text: "'\\r\\n'" })
  t.same(parts('é'), { byte: -1, sequences: ['c3a9'], shortest: 2, text: "'é'" }, 'text is UTF-8')
  t.same(parts(Buffer.from([0])), { byte: 0, sequences: ['00'], shortest: 1, text: '<00>' })
  t.same(parts(new Uint8Array([1, 255])), { byte: -1, sequences: ['01ff'], shortest: 2, text: '<01ff>' })
})

t.test('a list is ordered longest first and has no duplicates', async (t) => {
  t.same(parts(['\n', Buffer.from('\r\n')]), { byte: -1, sequences: ['0d0a', '0a'], shortest: 1, text: "['\\n', <0d0a>]" })
  t.same(parts(['a', 'b']), { byte: -1, sequences: ['61', '62'], shortest: 1, text: "['a', 'b']" })
  t.same(parts(['a', Buffer.from('a')]), { byte: 97, sequences: ['61'], shortest: 1, text: "['a', <61>]" })
  t.same(parts(['ab', 'abc', 'ab']), { byte: -1, sequences: ['616263', '6162'], shortest: 2, text: "['ab', 'abc', 'ab']" })
  t.same(parts(Object.freeze(['\n'])), { byte: 10, sequences: ['0a'], shortest: 1, text: "['\\n']" })
})

t.test('a value that is no delimiter is a TypeError', async (t) => {
  for (const wrong of [
    undefined,
    null,
    1,
    true,
    {},
    Symbol('x'),
    /\n/,
    () => '\n',
    new Uint16Array(1),
    new ArrayBuffer(1),
    new DataView(new ArrayBuffer(1)),
  ]) {
    t.throws(() => compileDelimiter(wrong), TypeError)
    t.throws(() => compileDelimiter(['a', wrong]), TypeError)
  }
  t.throws(() => compileDelimiter(['a', ['b']]), TypeError)
  t.throws(() => compileDelimiter(null), { message: 'a delimiter must be a string, a Uint8Array or a list of these, not null' })
  t.throws(() => compileDelimiter(7), {
    message: 'a delimiter must be a string, a Uint8Array or a list of these, not a number: readExactly() takes a number of bytes',
  })
})

t.test('an empty delimiter is a RangeError', async (t) => {
  for (const empty of ['', Buffer.alloc(0), new Uint8Array(0), [], ['a', ''], [Buffer.alloc(0)]]) {
    t.throws(() => compileDelimiter(empty), RangeError)
  }
  t.throws(() => compileDelimiter(''), RangeError, 'nor is it remembered')
})

t.test('a delimiter does not change with the memory it was given in', async (t) => {
  const given = Buffer.from('ab')
  const compiled = compileDelimiter(given)
  given.fill(0)
  t.equal(compiled.sequences[0]?.toString(), 'ab')
  const list = ['a', 'b']
  const both = compileDelimiter(list)
  list.pop()
  t.equal(both.sequences.length, 2)
})

t.test('bytes and lists of another realm are accepted', async (t) => {
  t.same(parts(runInNewContext('new Uint8Array([10])')).sequences, ['0a'])
  t.same(parts(runInNewContext('["a", "bc"]')).sequences, ['6263', '61'])
})

t.test('a program with a new delimiter for each message does not fill memory', async (t) => {
  const first = compileDelimiter('--boundary-0')
  t.equal(compileDelimiter('--boundary-0'), first, 'few are remembered')
  for (let i = 1; i <= 300; i++) compileDelimiter(`--boundary-${i}`)
  // The one asked for last is kept beside the others, until another is asked for twice.
  for (let i = 0; i < 2; i++) compileDelimiter('--another')
  const again = compileDelimiter('--boundary-0')
  t.not(again, first, 'many are not')
  t.same(again, first)
  const long = 'x'.repeat(10_000)
  t.not(compileDelimiter(long), compileDelimiter(long), 'nor are long ones')
})

t.test('an error message shows a delimiter as a literal on one line', async (t) => {
  const named = (delimiter: unknown) => compileDelimiter(delimiter).text
  t.equal(named(`"it's"`), `'"it\\'s"'`)
  t.equal(named('\\"'), `'\\\\"'`)
  t.equal(named('\0\t\x1b'), `'\\u0000\\t\\u001b'`)
  t.equal(named('\ud800'), `'\\ud800'`)
})

t.test('the last list of texts is not prepared again, and is compared by its items', async (t) => {
  const list = ['\n\r\n', '\n\n']
  const compiled = compileDelimiter(list)
  t.equal(compileDelimiter(['\n\r\n', '\n\n']), compiled, 'a new list with the same items')
  t.not(compileDelimiter(['\n\r\n']), compiled, 'fewer items')
  t.not(compileDelimiter(['\n\r\n', '\r\r']), compiled, 'another item')
  t.not(compileDelimiter(list), compiled, 'only the last one is remembered')
  list[1] = 'x'
  t.same(parts(list).sequences, ['0a0d0a', '78'], 'a list that was changed is another one')
  const bytes = Buffer.from('ab')
  t.not(compileDelimiter([bytes]), compileDelimiter([bytes]), 'bytes may change without a trace')
  bytes.fill('c')
  t.same(parts([bytes]).sequences, ['6363'])
  const long = ['x'.repeat(257)]
  t.not(compileDelimiter(long), compileDelimiter(long), 'long text is not kept')
  const many = Array.from({ length: 17 }, (_, index) => String(index))
  t.not(compileDelimiter(many), compileDelimiter(many), 'nor are many texts')
  t.throws(() => compileDelimiter([]), RangeError)
})
