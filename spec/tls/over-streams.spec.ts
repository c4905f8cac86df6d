// TLS over streams that are no sockets of the system: writes and ends arrive whole, and a cut is a loss. The TLS of a runtime
// may report a write, or an end, as done while it waits in the stream beneath.

import t, { type Test } from 'tap'
import { Connection, type ConnectionOptions } from '../../lib/index.js'
import { memoryServer, type PairOptions, pair } from '../../lib/testing/index.js'
import { identityOf } from '../support/certificates.js'
import { duplexes, type EndOptions, type Ends, ends } from '../support/fixture.js'
import { isPending, pattern, rejection, turns, within } from '../support/wait.js'

const SIZE = 1_000_000
const data = pattern(SIZE)
/** More than the system takes. */
const much = Buffer.concat(Array.from({ length: 15 }, () => data))
const { key, cert } = identityOf()

async function secured(a: Connection, b: Connection): Promise<Ends> {
  await Promise.all([a.startTls({ ca: cert, servername: 'localhost' }), b.startTls({ key, cert, isServer: true })])
  return { a, b }
}

const overPair =
  (options: PairOptions) =>
  async (_: Test, { a, b }: EndOptions): Promise<Ends> => {
    const [one, other] = pair({ ...options, client: a ?? {}, server: b ?? {} })
    return secured(one, other)
  }

const kinds: Record<string, (t: Test, options: EndOptions) => Promise<Ends>> = {
  'a pair': overPair({}),
  'a pair with a latency and small pieces': overPair({ latency: 1, maxChunk: 5000 }),
  'a pair that takes little at once': overPair({ highWaterMark: 3000 }),
  'two Duplexes': async (_, { a, b }) => {
    const [one, other] = duplexes()
    return secured(Connection.from(one, a), Connection.from(other, b))
  },
  'a server in memory': async (t, { a, b }) => {
    const { server, connect } = memoryServer({ tls: { key, cert }, ...b })
    t.teardown(() => server.close({ grace: 0 }))
    const [client, accepted] = await Promise.all([connect({ tls: { ca: cert }, ...a }), server.accept()])
    return { a: client, b: accepted as Connection }
  },
  'TCP, by startTls': (t, options) => ends(t, 'starttls', options),
}

/** One test for each kind and each side that sends. */
function everyKind(
  name: string,
  options: { from?: ConnectionOptions; to?: ConnectionOptions },
  body: (t: Test, from: Connection, to: Connection) => Promise<unknown>,
) {
  for (const [kind, make] of Object.entries(kinds)) {
    for (const sender of ['client', 'server'] as const) {
      t.test(`${name} (${kind}, from the ${sender})`, async (t) => {
        const from = options.from ?? {}
        const to = { maxBufferSize: 1e8, ...options.to }
        const { a, b } = await make(t, sender === 'client' ? { a: from, b: to } : { a: to, b: from })
        t.teardown(() => {
          a.abort()
          b.abort()
        })
        await (sender === 'client' ? body(t, a, b) : body(t, b, a))
      })
    }
  }
}

everyKind('a megabyte arrives whole before the end', {}, async (t, from, to) => {
  const ended = from.end(data)
  t.ok((await within(to.readToEnd(), 'the end')).equals(data))
  await within(ended)
  t.equal(from.queued, 0)
})

everyKind('a megabyte that is read late arrives whole before the end', {}, async (t, from, to) => {
  const ended = from.end(data)
  await turns(20)
  t.ok((await within(to.readToEnd(), 'the end')).equals(data))
  await within(ended)
})

everyKind('a megabyte arrives whole before a close', {}, async (t, from, to) => {
  from.write(data)
  const close = from.close()
  t.ok((await within(to.readToEnd(), 'the end')).equals(data))
  await to.close()
  await within(close)
  t.equal((await from.closed).error, undefined)
})

everyKind('a megabyte that is written to a Duplex arrives whole before the end', {}, async (t, from, to) => {
  const pieces: Buffer[] = []
  const reading = (async () => {
    for await (const piece of to.toDuplex().on('error', () => {})) pieces.push(piece as Buffer)
  })()
  const duplex = from.toDuplex().on('error', () => {})
  duplex.write(data.subarray(0, 1_000_000))
  duplex.end(data.subarray(1_000_000))
  await within(reading)
  t.ok(Buffer.concat(pieces).equals(data))
})

everyKind('a write waits while the peer does not read, and is counted', {}, async (t, from, to) => {
  const written = from.write(much)
  t.equal(await isPending(written), true)
  t.ok(from.queued > 0)
  t.equal(from.queued + from.bytesWritten, much.length)
  const read = to.readExactly(much.length)
  await within(written)
  t.ok((await within(read)).equals(much))
})

everyKind('a close that times out is a loss for the peer', { from: { closeTimeout: 50 } }, async (t, from, to) => {
  from.write(much)
  await within(from.close())
  t.equal((await from.closed).by, 'timeout')
  t.match(await rejection(within(to.readToEnd(), 'the break')), { name: 'ConnectionLostError' })
})

everyKind(
  'writeTimeout does not run while a sent end waits for the end of the peer',
  { from: { writeTimeout: 60 } },
  async (t, from, to) => {
    await within(from.end('question'))
    t.equal(await within(to.readToEnd({ encoding: 'utf8' })), 'question')
    await new Promise((resolve) => setTimeout(resolve, 200))
    t.equal(from.peerEnded, false)
    t.equal(await isPending(from.closed), true)
  },
)

for (const early of [false, true]) {
  const when = early ? 'during the transfer' : 'before it'
  everyKind(`a megabyte arrives whole, or is a loss on both sides, if the peer ends ${when}`, {}, async (t, from, to) => {
    const question = to.end('question')
    if (!early) t.equal(await within(from.readToEnd('utf8')), 'question')
    const sending = (async () => {
      for (let at = 0; at < SIZE; at += 65_536) await from.write(data.subarray(at, at + 65_536))
      await from.end()
    })()
    const [sent, read] = await within(Promise.allSettled([sending, to.readToEnd()]), 'both')
    await within(question)
    t.equal(sent.status, read.status)
    if (read.status === 'fulfilled') t.ok(read.value.equals(data))
    else t.match([(sent as PromiseRejectedResult).reason, read.reason], [{ name: 'ConnectionLostError' }, { name: 'ConnectionLostError' }])
  })
}
