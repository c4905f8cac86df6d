// Batches hold all messages that have arrived, and are one read. The rules that hold for every read are tried with the other
// kinds of reads, and against the model.

import fc from 'fast-check'
import t from 'tap'
import type { Connection } from '../../../lib/index.js'
import { everywhere } from '../../support/fixture.js'
import { isPending, rejection, turn, within } from '../../support/wait.js'
import { shown, unread, wired } from './support.js'

const done = { value: undefined, done: true }

async function collect<T>(batches: AsyncIterable<T[]>, into: T[][] = []): Promise<T[][]> {
  for await (const batch of batches) into.push(batch)
  return into
}

everywhere(t, 'a loop over batches answers everything in order, by one write a batch', async (t, connect) => {
  const { a, b } = await connect()
  const serving = (async () => {
    for await (const lines of b.lineBatches()) await b.write(lines.map((line) => `${line}!\n`))
    await b.end()
  })()
  const lines = Array.from({ length: 5000 }, (_, n) => (n % 97 === 0 ? `líne ${n}` : `line ${n}`))
  const sent = (async () => {
    for (let at = 0; at < lines.length; at += 500)
      await a.write(lines.slice(at, at + 500).map((line, n) => line + (n % 3 === 0 ? '\r\n' : '\n')))
    await a.end()
  })()
  const answers: string[] = []
  for await (const batch of a.lineBatches()) answers.push(...batch)
  await within(Promise.all([sent, serving]))
  t.same(
    answers,
    lines.map((line) => `${line}!`),
  )
})

everywhere(t, 'batches of bytes and of text give the messages of readUntil', async (t, connect) => {
  const messages = Array.from({ length: 3000 }, (_, n) => `${'é'.repeat(n % 50)}\r${n}\r\n`)
  for (const encoding of [undefined, 'utf8', 'base64'] as const) {
    const { a, b } = await connect()
    const sent = (async () => {
      for (let at = 0; at < messages.length; at += 100) await a.write(messages.slice(at, at + 100).join(''))
      await a.end()
    })()
    const got = (await within(collect<string | Buffer>(b.batches('\r\n', encoding)))).flat()
    await sent
    if (encoding === undefined) t.ok(got.every(Buffer.isBuffer))
    t.same(
      got.map(String),
      messages.map((each) => (encoding === 'base64' ? Buffer.from(each).toString('base64') : each)),
    )
    t.same(await within(collect(b.batches('\r\n'))), [], 'a new loop ends at once')
  }
})

t.test('the last line without its end belongs to the last batch', async (t) => {
  for (const [text, batches] of [
    ['', []],
    ['a', [['a']]],
    ['a\r', [['a\r']]],
    ['a\nb', [['a', 'b']]],
    ['a\n\n', [['a', '']]],
    ['\xe2\x82\xac\n\xe2', [['€', '\ufffd']]],
  ] as const) {
    const { connection, push, end } = wired()
    push(text)
    end()
    t.same(await collect(connection.lineBatches()), batches, JSON.stringify(text))
  }
  const { connection, push, end } = wired()
  const batches = connection.lineBatches()
  push('a\nb')
  t.equal(shown(await batches.next()), '[a]')
  const last = batches.next()
  end()
  t.equal(shown(await last), '[b]')
  t.same(await batches.next(), done)
})

t.test('batches end at a clean end, and reject where bytes have no delimiter', async (t) => {
  for (const waits of [false, true]) {
    const { connection, push, end } = wired()
    const batches = connection.batches(';')
    if (!waits) push('a;b;c')
    if (!waits) end()
    const first = batches.next()
    if (waits) push('a;b;c')
    if (waits) end()
    t.equal(shown(await first), '[a;|b;]')
    t.match(await rejection(batches.next()), { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.from('c') })
    t.same(await batches.next(), done)
    t.equal(unread(connection), 'c', 'the bytes stay unread')
    t.equal(await connection.readToEnd('latin1'), 'c')
    t.same(await collect(connection.batches(';')), [])
  }
})

t.test('messages that arrived before a loss are a batch, and then the loss is reported', async (t) => {
  for (const make of [(connection: Connection) => connection.lineBatches(), (connection: Connection) => connection.batches('\n')]) {
    const { connection, push, lose } = wired()
    const batches = make(connection)
    push('a\nb\nc')
    lose()
    t.match(shown(await batches.next()), /^\[a\n?\|b\n?\]$/)
    t.match(await rejection(batches.next()), { code: 'ECONNRESET' })
    t.equal(unread(connection), 'c')
  }
})

t.test('a longer delimiter that may still complete keeps its message out of the batch', async (t) => {
  const { connection, push } = wired()
  const batches = connection.batches(['\n', '\n\n'])
  push('a\nb\n')
  t.equal(shown(await batches.next()), '[a\n]')
  const next = batches.next()
  t.ok(await isPending(next))
  push('\nc')
  t.equal(shown(await next), '[b\n\n]')
})

t.test('a batch of bytes in chunks of their own shares their memory, and copies only what spans them', async (t) => {
  const { connection, carrier } = wired()
  const chunks = ['ab\ncd\ne', 'f\n', 'gh\n'].map((text) => Buffer.from(text))
  for (const chunk of chunks) carrier.sink.data(chunk)
  const batch: Buffer[] = (await connection.batches('\n').next()).value
  t.same(batch.map(String), ['ab\n', 'cd\n', 'ef\n', 'gh\n'])
  t.equal(batch[0]?.buffer, chunks[0]?.buffer)
  t.equal(batch[1]?.byteOffset, (chunks[0] as Buffer).byteOffset + 3)
  t.equal(batch[3]?.byteOffset, chunks[2]?.byteOffset)
})

t.test('every cut of every input gives the messages of lines() and readUntil(), in batches that are not empty', async (t) => {
  const unit = fc.constantFrom('a', 'b', ';', '\r', '\n', '\n', '\r\n', '\xe2\x82\xac', '\xc3', '\xff')
  const text = fc.string({ unit, maxLength: 40 })
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 8, maxLength: 8 })
  const delimiters = fc.constantFrom<string | string[] | undefined>(undefined, '\n', '\r\n', ';', ';;', ['\n', '\r\n'], ['a', 'ab'])
  const encodings = fc.constantFrom<BufferEncoding | undefined>(undefined, 'utf8', 'latin1', 'hex')
  await fc.assert(
    fc.asyncProperty(text, cuts, delimiters, encodings, fc.boolean(), async (text, cuts, delimiter, encoding, waits) => {
      const options = { delimiter, encoding }
      const played = async <T>(read: (connection: Connection) => Promise<T>): Promise<T> => {
        const { connection, push, end } = wired()
        const result = waits ? read(connection) : undefined
        for (let at = 0, n = 0; at < text.length; n++) {
          const size = cuts[n % 8] as number
          push(text.slice(at, at + size))
          at += size
          if (n % 2 === 0) await turn()
        }
        end()
        return within(result ?? read(connection))
      }
      const lines = await played(async (connection) => {
        const all: string[] = []
        for await (const line of connection.lines(options)) all.push(line)
        return all
      })
      const batched = await played((connection) => collect(connection.lineBatches(options)))
      check(batched, lines)
      const each = delimiter ?? '\n'
      const messages = await played(async (connection) => {
        const all: unknown[] = []
        for (;;) {
          const message = await connection.readUntil(each, encoding as undefined).catch(() => undefined)
          if (message === undefined) return all
          all.push(message)
        }
      })
      const inBatches = await played(async (connection) => {
        const all: unknown[][] = []
        try {
          for await (const batch of connection.batches(each, encoding as undefined)) all.push(batch)
        } catch (error) {
          if ((error as { code: string }).code !== 'ERR_LINNET_END_OF_STREAM') throw error
        }
        return all
      })
      check(inBatches, messages)
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

function check(batches: readonly unknown[][], messages: readonly unknown[]): void {
  if (batches.some((batch) => batch.length === 0)) throw new Error('an empty batch')
  const [got, wanted] = [batches.flat(), messages].map((list) => JSON.stringify(list))
  if (got !== wanted) throw new Error(`${got} instead of ${wanted}`)
}
