// A readable and a writable stream as one Duplex: both directions, their ends and their failures.

import { once } from 'node:events'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import t from 'tap'
import { Joined } from '../../lib/transport/joined.js'
import { turns, until } from '../support/wait.js'

/** A writable that counts the calls of its methods. */
function sink(): Writable & { works: string[]; stuck: boolean } {
  const works: string[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      works.push(String(chunk))
      if (!stream.stuck) done()
    },
    writev(chunks, done) {
      works.push(chunks.map(({ chunk }) => String(chunk)).join('|'))
      done()
    },
  }) as Writable & { works: string[]; stuck: boolean }
  return Object.assign(stream, { works, stuck: false })
}

const all = async (stream: Readable): Promise<string> => {
  let text = ''
  // Not `for await`, which would destroy both directions at the end of one.
  stream.on('data', (chunk) => (text += chunk))
  await once(stream, 'end')
  return text
}

t.test('each direction is that of its stream, and a corked batch is written in one call', async (t) => {
  const [readable, writable] = [new PassThrough(), sink()]
  const joined = new Joined(readable, writable)
  t.ok(joined instanceof Duplex)
  readable.end('said')
  t.equal(await all(joined), 'said')
  joined.cork()
  for (const word of ['one', 'two', 'three']) joined.write(word)
  joined.uncork()
  joined.end('four')
  await once(writable, 'finish')
  t.same(writable.works, ['one|two|three', 'four'])
  await until(() => joined.destroyed)
  t.equal(joined.errored, null)
})

t.test('text of any encoding and objects pass unchanged', async (t) => {
  const hex = new Joined(new PassThrough({ encoding: 'hex' }).end('ü'), sink())
  t.equal(await all(hex), 'ü')
  const objects = new Joined(Readable.from([{ n: 1 }]), new Writable({ objectMode: true }))
  t.same(await objects[Symbol.asyncIterator]().next(), { value: { n: 1 }, done: false })
  t.equal(objects.writableObjectMode, true)
  objects.destroy()
})

t.test('nothing is read ahead of the reader', async (t) => {
  let asked = 0
  const readable = new Readable({
    highWaterMark: 10,
    read() {
      asked++
      this.push(Buffer.alloc(10))
    },
  })
  const joined = new Joined(readable, sink())
  await turns()
  const before = asked
  t.ok(before < 3)
  joined.read()
  await turns()
  t.ok(asked - before < 4)
  t.ok(joined.readableLength <= 10)
  joined.destroy()
})

t.test('an end, close or failure from before the join is reported', async (t) => {
  const ended = new PassThrough()
  ended.end()
  ended.resume()
  await once(ended, 'end')
  t.equal(await all(new Joined(ended, sink())), '')
  const wrong = new Error('wrong')
  const broken = new PassThrough().on('error', () => {})
  broken.destroy(wrong)
  const closed = new PassThrough()
  closed.destroy()
  await turns()
  const outcomes = [new Joined(broken, sink()), new Joined(closed, sink()), new Joined(new PassThrough(), broken)].map((joined) =>
    once(joined, 'error'),
  )
  const errors = (await Promise.all(outcomes)).map(([error]) => error)
  t.same([errors[0], errors[2]], [wrong, wrong])
  t.match(errors[1].message, /closed before its end/)
})

t.test('a readable that fails, or closes before its end, breaks both', async (t) => {
  for (const error of [new Error('wrong'), undefined]) {
    const [readable, writable] = [new PassThrough(), sink()]
    const joined = new Joined(readable, writable)
    const told = once(joined, 'error')
    readable.destroy(error)
    t.match((await told)[0], error ?? { message: /closed before its end/ })
    t.equal(writable.destroyed, true)
  }
})

t.test('after the writable has closed the readable can be read to its end', async (t) => {
  const [readable, writable] = [new PassThrough(), sink()]
  const joined = new Joined(readable, writable)
  writable.destroy()
  await turns()
  t.equal(joined.destroyed, false)
  readable.end('last words')
  t.equal(await all(joined), 'last words')
  joined.end()
  await once(joined, 'close')
  t.equal(joined.errored, null, 'all written bytes have left')
})

t.test('a write to a closed writable fails, after the bytes that had arrived', async (t) => {
  const [readable, writable] = [new PassThrough(), sink()]
  const joined = new Joined(readable, writable)
  const said: string[] = []
  joined.on('data', (chunk) => said.push(String(chunk)))
  writable.destroy()
  await turns()
  const told = once(joined, 'error')
  joined.write('late')
  readable.write('one ')
  readable.write('two')
  await told
  t.equal(said.join(''), 'one two')
  t.equal(readable.destroyed, true)
})

t.test('a writable that fails breaks both, after all bytes that had arrived', async (t) => {
  const [readable, writable] = [new PassThrough(), sink()]
  const joined = new Joined(readable, writable)
  readable.write('unread')
  const wrong = new Error('wrong')
  const told = once(joined, 'error')
  writable.stuck = true
  joined.write('never through')
  writable.destroy(wrong)
  t.equal((await told)[0], wrong)
  t.equal(String(joined.read()), 'unread')
})

t.test('ref and unref are passed to both streams', async (t) => {
  const calls: string[] = []
  const referable = <S extends object>(stream: S, name: string): S =>
    Object.assign(stream, { ref: () => calls.push(`ref ${name}`), unref: () => calls.push(`unref ${name}`) })
  const joined = new Joined(referable(new PassThrough(), 'in'), referable(sink(), 'out'))
  joined.unref()
  joined.ref()
  t.same(calls, ['unref in', 'unref out', 'ref in', 'ref out'])
  const plain = new Joined(new PassThrough(), sink())
  plain.ref()
  plain.unref()
  for (const each of [joined, plain]) each.destroy()
})
