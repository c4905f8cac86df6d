// The tests of device-protocol.ts and device-session.ts, without a network: each block is the body of a test, for any test runner.
//
//   node device-protocol-test.js

import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { TimeoutError } from 'linnet'
import { framed } from 'linnet/framing'
import { manualClock, pair } from 'linnet/testing'
import { bytesOf, deviceMessages, type Message } from './device-protocol.js'
import { limits, type Reading, type Store, takeReadings } from './device-session.js'

const hello: Message = { type: 'hello', sequence: 0, device: 'kitchen', run: '0f8fad5b-d9cb-469f-a165-70867728950e' }

/** Readings in memory. */
class MemoryStore implements Store {
  readonly readings: Reading[] = []

  last(run: string): number {
    return this.readings.findLast((reading) => reading.run === run)?.sequence ?? 0
  }

  async add(reading: Reading): Promise<void> {
    if (reading.sequence > this.last(reading.run)) this.readings.push(reading)
  }
}

// What is written is read, wherever the bytes are cut.
{
  const sequence = fc.integer({ min: 1, max: 0xffff_ffff })
  const celsius = fc.double({ min: -273.15, max: 10_000, noNaN: true }).map((number) => number + 0) // JSON has no -0
  const message: fc.Arbitrary<Message> = fc.oneof(
    fc.record({ type: fc.constant('hello' as const), sequence, device: fc.stringMatching(/^[\w-]{1,32}$/), run: fc.uuid() }),
    fc.record({ type: fc.constant('reading' as const), sequence, at: fc.maxSafeNat(), celsius }),
    fc.record({ type: fc.constant('accepted' as const), sequence }),
    fc.record({ type: fc.constant('refused' as const), sequence, reason: fc.string({ maxLength: 200 }) }),
  )
  const sent = fc.array(message, { maxLength: 8 }).map((list) => list.map((each) => ({ ...each })))
  const property = fc.asyncProperty(sent, fc.integer({ min: 1, max: 40 }), async (sent, maxChunk) => {
    const [device, server] = pair({ maxChunk })
    const messages = framed(device, deviceMessages)
    for (const each of sent) void messages.write(each)
    void device.end()
    const received: Message[] = []
    for await (const each of framed(server, deviceMessages)) received.push(each)
    assert.deepEqual(received, sent)
    await Promise.all([device.close(), server.close()])
  })
  await fc.assert(property, { numRuns: 200 })
}

// Wrong content is refused, and the next reading is accepted. One that is sent twice is stored once.
{
  const [device, server] = pair({ maxChunk: 1, server: limits })
  const store = new MemoryStore()
  const done = server.run((connection) => takeReadings(connection, store))
  const messages = framed(device, deviceMessages)
  await messages.write(hello)
  assert.deepEqual(await messages.read(), { type: 'accepted', sequence: 0 })
  await messages.write({ type: 'reading', sequence: 1, at: 5, celsius: -300 })
  const reason = 'the content does not fit: celsius: Too small: expected number to be >=-273.15'
  assert.deepEqual(await messages.read(), { type: 'refused', sequence: 1, reason })
  for (let times = 0; times < 2; times++) {
    await messages.write({ type: 'reading', sequence: 2, at: 6, celsius: 21.5 })
    assert.deepEqual(await messages.read(), { type: 'accepted', sequence: 2 })
  }
  assert.deepEqual(store.readings, [{ device: 'kitchen', run: hello.run, sequence: 2, at: 6, celsius: 21.5 }])
  await device.close()
  await done
}

// A device that begins a frame and does not complete it is cut off.
{
  const clock = manualClock()
  const [device, server] = pair({ server: limits, clock })
  const done = server.run((connection) => takeReadings(connection, new MemoryStore()))
  await device.write(bytesOf(3, 1, '{}').subarray(0, 5))
  await clock.advance(limits.readTimeout - 1)
  assert.equal(server.ended, false)
  await clock.advance(1)
  assert.equal(await device.read(), null)
  await device.close()
  await done
  assert.ok((await server.closed).error instanceof TimeoutError)
}

// Whatever bytes arrive, the handler stores nothing, and its only answers are refusals. A bug in it would reject `done`.
{
  const head = fc.constantFrom(bytesOf(1, 1, '{}'), bytesOf(2, 1, '{}'), bytesOf(3, 1, 'no JSON'), Buffer.alloc(0))
  const property = fc.asyncProperty(head, fc.uint8Array({ maxLength: 100 }), async (head, bytes) => {
    const [device, server] = pair({ server: limits })
    const store = new MemoryStore()
    const done = server.run((connection) => takeReadings(connection, store))
    void device.end([head, bytes])
    for await (const { type } of framed(device, deviceMessages)) assert.equal(type, 'refused')
    await device.close()
    await done
    assert.equal(store.readings.length, 0)
  })
  await fc.assert(property, { numRuns: 200 })
}

console.log('all tests have passed')
