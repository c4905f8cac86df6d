// A carrier whose chunks wait for their turn: all bytes that arrived are passed on, in order, before the end or the loss, and none
// while the carrier is paused.

import t, { type Test } from 'tap'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { until } from '../support/wait.js'
import { pattern, Recorder, scratch, sockets, turns } from './support.js'

class PacedEar extends Recorder {
  readonly paced = true
}

const DATA = pattern(20_000)

/** A carrier whose share is 500 bytes; the peer has sent `DATA`. */
async function holding(t: Test, name = 'TCP') {
  const { client, server } = await sockets(t, name === 'TCP' ? undefined : { path: scratch() })
  const carrier = new SocketCarrier(server)
  carrier.share = 500
  carrier.slow = true
  const recorder = new PacedEar()
  carrier.attach(recorder)
  carrier.resume()
  client.write(DATA)
  return { client, server, carrier, recorder }
}

const whole = (recorder: Recorder): Promise<void> => recorder.until(() => recorder.bytes >= DATA.length || recorder.has('lost'))

for (const name of ['TCP', 'Unix']) {
  t.test(`over ${name}, a large chunk arrives in pieces, and a small one behind it whole`, async (t) => {
    const { client, carrier, recorder } = await holding(t, name)
    await whole(recorder)
    t.ok(recorder.all.equals(DATA))
    t.equal(recorder.chunks[0]?.length, 500)
    client.write('more')
    await recorder.until(() => recorder.bytes === DATA.length + 4)
    client.write(DATA)
    await recorder.until(() => recorder.bytes === 2 * DATA.length + 4)
    t.ok(recorder.all.subarray(-DATA.length).equals(DATA))
    client.end()
    await recorder.waitFor('end')
    t.equal(carrier.received, 2 * DATA.length + 4)
    t.notOk(carrier.holding)
  })

  t.test(`over ${name}, an end is reported behind all held bytes`, async (t) => {
    const { client, recorder } = await holding(t, name)
    client.end()
    await recorder.waitFor('end')
    t.same(recorder.events, ['data', 'end'])
    t.ok(recorder.all.equals(DATA))
  })

  t.test(`over ${name}, a pause between two pieces stops them until resume`, async (t) => {
    const { client, carrier, recorder } = await holding(t, name)
    recorder.onData = () => carrier.pause()
    client.end()
    await recorder.waitFor('data')
    await turns(20)
    t.equal(recorder.bytes, 500)
    t.notOk(carrier.holding)
    carrier.resume()
    await recorder.until(() => recorder.bytes > 500)
    await turns(20)
    t.ok(recorder.bytes < DATA.length)
    recorder.onData = () => {}
    carrier.resume()
    await recorder.waitFor('end')
    t.ok(recorder.all.equals(DATA))
  })

  t.test(`over ${name}, after pause and resume the held bytes still wait for their turn`, async (t) => {
    const { carrier, recorder } = await holding(t, name)
    const arrived = new Promise<void>((resolve) => {
      recorder.onData = () => {
        carrier.pause()
        carrier.resume()
        resolve()
      }
    })
    await arrived
    await whole(recorder)
    t.ok(recorder.all.equals(DATA))
  })

  t.test(`over ${name}, bytes that arrive in the tick of a failed write are passed on before the loss`, async (t) => {
    const { server, carrier, recorder } = await holding(t, name)
    carrier.pause()
    await until(() => server.readableLength === DATA.length)
    server._write = (_chunk, _encoding, done) => done(new Error('write EPIPE'))
    // The stream flows before the error of the write is emitted.
    carrier.resume()
    carrier.write(Buffer.from('x'))
    await recorder.waitFor('lost')
    t.ok(recorder.all.equals(DATA))
  })

  for (const act of ['reset', 'release'] as const) {
    t.test(`over ${name}, after ${act} no held bytes are passed on`, async (t) => {
      const { server, carrier, recorder } = await holding(t, name)
      const closed = new Promise((resolve) => server.once('close', resolve))
      recorder.onData = () => carrier[act]()
      await recorder.waitFor('data')
      await closed
      await turns(20)
      t.equal(recorder.bytes, 500)
      t.same(recorder.events, ['data'])
      t.notOk(carrier.holding)
    })
  }

  t.test(`over ${name}, the next listener receives the held bytes`, async (t) => {
    const { carrier, recorder } = await holding(t, name)
    const next = new PacedEar()
    recorder.onData = (chunk) => {
      carrier.detach(chunk.subarray(200))
      carrier.attach(next)
      carrier.resume()
    }
    await next.until(() => next.bytes === DATA.length - 200)
    t.ok(Buffer.concat([recorder.all.subarray(0, 200), next.all]).equals(DATA))
  })

  t.test(`over ${name}, the new owner of the stream receives the held bytes, when it reads`, async (t) => {
    const { client, carrier, recorder } = await holding(t, name)
    const upgraded = new Promise<Buffer>((resolve) => {
      recorder.onData = (chunk) => {
        carrier.detach(chunk)
        // A turn that comes now must not let the stream flow.
        setImmediate(async () => {
          const stream = carrier.upgrade()
          await turns(20)
          const pieces: Buffer[] = []
          stream.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => resolve(Buffer.concat(pieces)))
          t.ok(stream.isPaused())
          stream.resume()
        })
      }
    })
    client.end()
    t.ok((await upgraded).equals(DATA))
  })
}

/** Calls `act` when the first piece is passed on. */
function atFirst(recorder: Recorder, act: () => void): void {
  recorder.onData = () => {
    recorder.onData = () => {}
    act()
  }
}

t.test('held bytes are passed on before a reset by the peer is reported', async (t) => {
  const { client, recorder } = await holding(t)
  atFirst(recorder, () => client.resetAndDestroy())
  await recorder.waitFor('lost')
  t.same(recorder.events, ['data', 'lost'])
  t.ok(recorder.all.equals(DATA))
  t.equal(recorder.loss?.code, 'ECONNRESET')
})

t.test('a loss while bytes are held is reported behind all of them', async (t) => {
  for (const error of [new Error('gone'), undefined]) {
    const { server, carrier, recorder } = await holding(t)
    atFirst(recorder, () => server.destroy(error))
    await recorder.waitFor('lost')
    t.ok(recorder.all.equals(DATA), `${recorder.bytes} bytes`)
    await turns(20)
    t.notOk(carrier.holding)
  }
})

t.test('a stream whose read throws is lost, and the others go on', async (t) => {
  const { server, carrier, recorder } = await holding(t)
  atFirst(recorder, () => {
    server.read = () => {
      throw new Error('not today')
    }
  })
  await recorder.waitFor('lost')
  t.equal(recorder.loss?.message, 'not today')
  await turns(20)
  t.notOk(carrier.holding)
})

t.test('an unreferenced carrier holds nothing', async (t) => {
  const { client, carrier, recorder } = await holding(t)
  carrier.unref()
  await whole(recorder)
  t.not(recorder.chunks[0]?.length, 500)
  carrier.ref()
  const before = recorder.chunks.length
  client.write(DATA)
  await recorder.until(() => recorder.bytes === 2 * DATA.length)
  t.equal(recorder.chunks[before]?.length, 500)
})

t.test('a sink that is not paced receives whole chunks', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  carrier.share = 500
  const recorder = new Recorder()
  carrier.attach(recorder)
  carrier.resume()
  client.write(DATA)
  await whole(recorder)
  t.ok((recorder.chunks[0] as Buffer).length > 500)
})
