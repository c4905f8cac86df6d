// A carrier whose chunks wait for their turn: whatever happens meanwhile, everything that arrived is handed on, in order,
// before the end or the loss, and nothing that is not wanted.

import t, { type Test } from 'tap'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { until } from '../support/wait.js'
import { Ear, pattern, scratch, sockets, turns } from './support.js'

class PacedEar extends Ear {
  readonly paced = true
}

const DATA = pattern(20_000)

/** A carrier that takes its chunks for so costly that it may hand on 500 bytes at once; the peer has sent `DATA`. */
async function holding(t: Test, name = 'TCP') {
  const { client, server } = await sockets(t, name === 'TCP' ? undefined : { path: scratch() })
  const carrier = new SocketCarrier(server)
  carrier.share = 500
  carrier.suspect = true
  const ear = new PacedEar()
  carrier.attach(ear)
  carrier.resume()
  client.write(DATA)
  return { client, server, carrier, ear }
}

const whole = (ear: Ear): Promise<void> => ear.until(() => ear.bytes >= DATA.length || ear.has('lost'))

for (const name of ['TCP', 'Unix']) {
  t.test(`over ${name}, a large chunk comes in pieces, and what follows it as ever`, async (t) => {
    const { client, carrier, ear } = await holding(t, name)
    await whole(ear)
    t.ok(ear.all.equals(DATA))
    t.equal(ear.chunks[0]?.length, 500)
    client.write('more')
    await ear.until(() => ear.bytes === DATA.length + 4)
    client.write(DATA)
    await ear.until(() => ear.bytes === 2 * DATA.length + 4)
    t.ok(ear.all.subarray(-DATA.length).equals(DATA))
    client.end()
    await ear.hears('end')
    t.equal(carrier.received, 2 * DATA.length + 4)
    t.notOk(carrier.holding)
  })

  t.test(`over ${name}, an end comes behind all of it`, async (t) => {
    const { client, ear } = await holding(t, name)
    client.end()
    await ear.hears('end')
    t.same(ear.told, ['data', 'end'])
    t.ok(ear.all.equals(DATA))
  })

  t.test(`over ${name}, paused in the middle it hands on no more, and goes on when it is resumed`, async (t) => {
    const { client, carrier, ear } = await holding(t, name)
    ear.onData = () => carrier.pause()
    client.end()
    await ear.hears('data')
    await turns(20)
    t.equal(ear.bytes, 500)
    t.notOk(carrier.holding)
    carrier.resume()
    await ear.until(() => ear.bytes > 500)
    await turns(20)
    t.ok(ear.bytes < DATA.length)
    ear.onData = () => {}
    carrier.resume()
    await ear.hears('end')
    t.ok(ear.all.equals(DATA))
  })

  t.test(`over ${name}, paused and resumed before its turn has come it waits for it`, async (t) => {
    const { carrier, ear } = await holding(t, name)
    const arrived = new Promise<void>((resolve) => {
      ear.onData = () => {
        carrier.pause()
        carrier.resume()
        resolve()
      }
    })
    await arrived
    await whole(ear)
    t.ok(ear.all.equals(DATA))
  })

  t.test(`over ${name}, what comes in the tick in which a write has failed is handed on before the loss`, async (t) => {
    const { server, carrier, ear } = await holding(t, name)
    carrier.pause()
    await until(() => server.readableLength === DATA.length)
    server._write = (_chunk, _encoding, done) => done(new Error('write EPIPE'))
    // The stream flows before the error of the write is told.
    carrier.resume()
    carrier.write(Buffer.from('x'))
    await ear.hears('lost')
    t.ok(ear.all.equals(DATA))
  })

  for (const act of ['reset', 'release'] as const) {
    t.test(`over ${name}, after ${act} nothing is handed on any more`, async (t) => {
      const { server, carrier, ear } = await holding(t, name)
      const closed = new Promise((resolve) => server.once('close', resolve))
      ear.onData = () => carrier[act]()
      await ear.hears('data')
      await closed
      await turns(20)
      t.equal(ear.bytes, 500)
      t.same(ear.told, ['data'])
      t.notOk(carrier.holding)
    })
  }

  t.test(`over ${name}, the next listener gets what the one before it has not taken`, async (t) => {
    const { carrier, ear } = await holding(t, name)
    const next = new PacedEar()
    ear.onData = (chunk) => {
      carrier.detach(chunk.subarray(200))
      carrier.attach(next)
      carrier.resume()
    }
    await next.until(() => next.bytes === DATA.length - 200)
    t.ok(Buffer.concat([ear.all.subarray(0, 200), next.all]).equals(DATA))
  })

  t.test(`over ${name}, who gets the stream gets what is held, and it is the stream's new owner who reads it`, async (t) => {
    const { client, carrier, ear } = await holding(t, name)
    const upgraded = new Promise<Buffer>((resolve) => {
      ear.onData = (chunk) => {
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
function atFirst(ear: Ear, act: () => void): void {
  ear.onData = () => {
    ear.onData = () => {}
    act()
  }
}

t.test('a reset by the peer is noticed behind what is held, which is handed on first', async (t) => {
  const { client, ear } = await holding(t)
  atFirst(ear, () => client.resetAndDestroy())
  await ear.hears('lost')
  t.same(ear.told, ['data', 'lost'])
  t.ok(ear.all.equals(DATA))
  t.equal(ear.loss?.code, 'ECONNRESET')
})

t.test('a stream that is lost while it holds bytes hands all of them on', async (t) => {
  for (const error of [new Error('gone'), undefined]) {
    const { server, carrier, ear } = await holding(t)
    atFirst(ear, () => server.destroy(error))
    await ear.hears('lost')
    t.ok(ear.all.equals(DATA), `${ear.bytes} bytes`)
    await turns(20)
    t.notOk(carrier.holding)
  }
})

t.test('a stream that throws when it is read is lost, and nobody else', async (t) => {
  const { server, carrier, ear } = await holding(t)
  atFirst(ear, () => {
    server.read = () => {
      throw new Error('not today')
    }
  })
  await ear.hears('lost')
  t.equal(ear.loss?.message, 'not today')
  await turns(20)
  t.notOk(carrier.holding)
})

t.test('a carrier that keeps no process alive holds nothing, until it does again', async (t) => {
  const { client, carrier, ear } = await holding(t)
  carrier.unref()
  await whole(ear)
  t.not(ear.chunks[0]?.length, 500)
  carrier.ref()
  const before = ear.chunks.length
  client.write(DATA)
  await ear.until(() => ear.bytes === 2 * DATA.length)
  t.equal(ear.chunks[before]?.length, 500)
})

t.test('who does not work on chunks for long gets them whole', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  carrier.share = 500
  const ear = new Ear()
  carrier.attach(ear)
  carrier.resume()
  client.write(DATA)
  await whole(ear)
  t.ok((ear.chunks[0] as Buffer).length > 500)
})
