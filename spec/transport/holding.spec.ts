// A carrier whose chunks wait for their turn: whatever happens meanwhile, everything that arrived is handed on, in order,
// before the end or the loss, and nothing that is not wanted.

import t, { type Test } from 'tap'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { until } from '../support/wait.js'
import { pattern, Recorder, scratch, sockets, turns } from './support.js'

class PacedEar extends Recorder {
  readonly paced = true
}

const DATA = pattern(20_000)

/** A carrier that takes its chunks for so costly that it may hand on 500 bytes at once; the peer has sent `DATA`. */
async function holding(t: Test, name = 'TCP') {
  const { client, server } = await sockets(t, name === 'TCP' ? undefined : { path: scratch() })
  const carrier = new SocketCarrier(server)
  carrier.share = 500
  carrier.suspect = true
  const recorder = new PacedEar()
  carrier.attach(recorder)
  carrier.resume()
  client.write(DATA)
  return { client, server, carrier, recorder }
}

const whole = (recorder: Recorder): Promise<void> => recorder.until(() => recorder.bytes >= DATA.length || recorder.has('lost'))

for (const name of ['TCP', 'Unix']) {
  t.test(`over ${name}, a large chunk comes in pieces, and what follows it as ever`, async (t) => {
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

  t.test(`over ${name}, an end comes behind all of it`, async (t) => {
    const { client, recorder } = await holding(t, name)
    client.end()
    await recorder.waitFor('end')
    t.same(recorder.events, ['data', 'end'])
    t.ok(recorder.all.equals(DATA))
  })

  t.test(`over ${name}, paused in the middle it hands on no more, and goes on when it is resumed`, async (t) => {
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

  t.test(`over ${name}, paused and resumed before its turn has come it waits for it`, async (t) => {
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

  t.test(`over ${name}, what comes in the tick in which a write has failed is handed on before the loss`, async (t) => {
    const { server, carrier, recorder } = await holding(t, name)
    carrier.pause()
    await until(() => server.readableLength === DATA.length)
    server._write = (_chunk, _encoding, done) => done(new Error('write EPIPE'))
    // The stream flows before the error of the write is told.
    carrier.resume()
    carrier.write(Buffer.from('x'))
    await recorder.waitFor('lost')
    t.ok(recorder.all.equals(DATA))
  })

  for (const act of ['reset', 'release'] as const) {
    t.test(`over ${name}, after ${act} nothing is handed on any more`, async (t) => {
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

  t.test(`over ${name}, the next listener gets what the one before it has not taken`, async (t) => {
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

  t.test(`over ${name}, who gets the stream gets what is held, and it is the stream's new owner who reads it`, async (t) => {
    const { client, carrier, recorder } = await holding(t, name)
    const upgraded = new Promise<Buffer>((resolve) => {
      recorder.onData = (chunk) => {
        carrier.detach(chunk)
        // A turn may come now: it must not let the stream flow.
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

/** Acts when the first piece is handed on. */
function atFirst(recorder: Recorder, act: () => void): void {
  recorder.onData = () => {
    recorder.onData = () => {}
    act()
  }
}

t.test('a reset by the peer is noticed behind what is held, which is handed on first', async (t) => {
  const { client, recorder } = await holding(t)
  atFirst(recorder, () => client.resetAndDestroy())
  await recorder.waitFor('lost')
  t.same(recorder.events, ['data', 'lost'])
  t.ok(recorder.all.equals(DATA))
  t.equal(recorder.loss?.code, 'ECONNRESET')
})

t.test('a stream that is lost while it holds bytes hands all of them on', async (t) => {
  for (const error of [new Error('gone'), undefined]) {
    const { server, carrier, recorder } = await holding(t)
    atFirst(recorder, () => server.destroy(error))
    await recorder.waitFor('lost')
    t.ok(recorder.all.equals(DATA), `${recorder.bytes} bytes`)
    await turns(20)
    t.notOk(carrier.holding)
  }
})

t.test('a stream that throws when it is read is lost, and nobody else', async (t) => {
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

t.test('a carrier that keeps no process alive holds nothing, until it does again', async (t) => {
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

t.test('who does not work on chunks for long gets them whole', async (t) => {
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
