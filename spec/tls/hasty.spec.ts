// A TLS stream that reports a write as written, and an end as sent, at once. Bun's does so on top of a stream. It destroys the
// stream beneath with bytes in it, and ends it when the peer has ended.

import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { TlsCarrier } from '../../lib/tls/carrier.js'
import type { Carrier } from '../../lib/transport/carrier.js'
import { CarrierDuplex } from '../../lib/transport/carrier-duplex.js'
import { within } from '../support/wait.js'
import {
  fill,
  fillUp,
  inMemory,
  overDuplexes,
  type Pair,
  pattern,
  type Recorder,
  recording,
  turns,
  writeAll,
} from '../transport/support.js'

class Hasty extends Duplex {
  readonly beneath: Duplex
  authorized = true

  constructor(beneath: Duplex) {
    super()
    this.beneath = beneath
    beneath
      .on('data', (chunk: Buffer) => {
        this.push(chunk)
        if (chunk.toString() === 'goodbye') this.#leave()
      })
      .on('end', () => this.push(null))
      .on('error', (error) => this.destroy(error))
  }

  getPeerX509Certificate(): undefined {}

  getProtocol(): string {
    return 'none'
  }

  getCipher(): { name: string } {
    return { name: 'none' }
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.beneath.write(chunk)
    process.nextTick(done)
  }

  override _final(done: () => void): void {
    if (!this.#left) this.#leave()
    process.nextTick(done)
  }

  #left = false

  #leave(): void {
    this.#left = true
    this.beneath.write('bye')
    this.beneath.end()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.beneath.destroy()
    done(error)
  }
}

interface Made {
  readonly hasty: Hasty
  readonly carrier: Carrier
  readonly here: Recorder
  readonly peer: Carrier
  readonly there: Recorder
}

async function made(t: Test, make: () => Promise<Pair>): Promise<Made> {
  const [beneath, peer] = await make()
  const stream = beneath.upgrade()
  const hasty = new Hasty(stream)
  const carrier = new TlsCarrier(hasty as unknown as TLSSocket, beneath, stream)
  t.teardown(() => {
    carrier.reset()
    peer.reset()
  })
  t.ok(stream instanceof CarrierDuplex)
  return { hasty, carrier, here: recording(carrier), peer, there: recording(peer) }
}

const data = pattern(1_000_000)
const whole = Buffer.concat([data, Buffer.from('bye')])

for (const [name, make] of [
  ['in memory', inMemory],
  ['over Duplexes', overDuplexes],
] as const) {
  t.test(`a write counts as sent once it has left the stream beneath, and not before (${name})`, async (t) => {
    const { carrier, here, peer, there } = await made(t, make)
    peer.pause()
    const given = await fillUp(carrier, here)
    const before = here.count('sent')
    await turns(10)
    t.equal(here.count('sent'), before)
    peer.resume()
    await within(here.waitFor('sent', before + 1))
    await within(there.until(() => there.bytes === given))
    t.equal(carrier.writeBatch([Buffer.from('a'), Buffer.from('batch')]), false)
    await within(there.until(() => there.bytes === given + 6))
  })

  t.test(`an end is sent behind all bytes of TLS, although TLS has destroyed the stream beneath (${name})`, async (t) => {
    const { hasty, carrier, here, peer, there } = await made(t, make)
    peer.end()
    await within(here.waitFor('end'))
    const writing = writeAll(carrier, here, data)
    await within(writing)
    carrier.end()
    await within(here.waitFor('finished'))
    await within(there.waitFor('end'))
    t.ok(there.all.equals(whole))
    await turns()
    t.equal(hasty.destroyed, true)
    carrier.release()
    await turns(20)
    t.same([here.has('lost'), there.has('lost')], [false, false])
  })

  for (const batch of [false, true]) {
    const what = batch ? 'batch' : 'write'
    t.test(`an end that TLS sends without a call is not reported, and a ${what} behind it is a loss on both sides (${name})`, async (t) => {
      const { carrier, here, peer, there } = await made(t, make)
      peer.write(Buffer.from('goodbye'))
      await within(here.waitFor('data'))
      await turns(10)
      t.same(
        there.events.filter((what) => what !== 'sent'),
        [],
      )
      t.equal(batch ? carrier.writeBatch([data, data]) : carrier.write(data), false)
      await within(here.waitFor('lost'))
      t.equal(here.loss?.code, 'EPIPE')
      carrier.release()
      await within(there.waitFor('lost'))
      t.equal(there.has('end'), false)
    })
  }

  t.test(`an end that TLS has sent without a call is reported once this side ends (${name})`, async (t) => {
    const { carrier, here, peer, there } = await made(t, make)
    await within(writeAll(carrier, here, data))
    peer.write(Buffer.from('goodbye'))
    await within(here.waitFor('data'))
    carrier.end()
    await within(here.waitFor('finished'))
    await within(there.waitFor('end'))
    t.ok(there.all.equals(whole))
  })

  t.test(`a TLS stream that is destroyed before its end is a loss on both sides, with and without queued bytes (${name})`, async (t) => {
    for (const full of [true, false]) {
      const { hasty, carrier, here, peer, there } = await made(t, make)
      if (full) {
        peer.pause()
        fill(carrier)
        await turns()
      }
      hasty.destroy()
      await within(here.waitFor('lost'))
      carrier.release()
      peer.resume()
      await within(there.waitFor('lost'))
      t.equal(there.has('end'), false)
    }
  })
}

t.test('a release while the end is in transit releases the carrier beneath', async (t) => {
  const { carrier, here, peer, there } = await made(t, inMemory)
  peer.pause()
  await within(writeAll(carrier, here, Buffer.from('all')))
  carrier.end()
  await within(here.waitFor('finished'))
  carrier.release()
  peer.resume()
  await within(there.waitFor('end'))
  t.equal(there.text, 'allbye')
})
