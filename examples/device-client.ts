// A device that sends its readings to device.ts, and loses none. It keeps each reading until the server has acknowledged it. After the
// loss of a connection it connects again, and sends again what was not acknowledged. The server drops what it has stored already.
//
//   seq 20 30 | node device-client.js localhost:8888        one reading a line, in degrees Celsius

import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import { type Connection, reconnect, together } from 'linnet'
import { framed } from 'linnet/framing'
import { deviceMessages, type Message } from './device-protocol.js'

const { DEVICE = 'thermometer', PAUSE = 500, PATIENCE = 10_000 } = process.env
const { hostname, port } = new URL(`tcp://${process.argv[2] ?? 'localhost:8888'}`)

/** The most readings that are kept. While there are so many, the device does not read its input. */
const MOST = 10_000
/** The most readings that are sent before the last of them is acknowledged. */
const WINDOW = 100

type Reading = Extract<Message, { type: 'reading' }>

/** The readings that are not acknowledged, in their order. */
const kept = new Map<number, Reading>()
const changes = new EventEmitter()
/** Another start of this device numbers its readings from 1 again. */
const run = randomUUID()
const stop = new AbortController()
stop.signal.addEventListener('abort', () => changes.emit('settled'))
process.once('SIGINT', () => stop.abort())

let measuring = true
const input = measure()

const server = { host: hostname, port: Number(port), timeout: 5_000, readTimeout: 10_000, closeTimeout: 1_000, maxBufferSize: 4096 }
const onFailure = (error: Error): void => console.log(error.message)
const delays = { minDelay: Number(PAUSE), maxDelay: 100 * Number(PAUSE), signal: stop.signal, onFailure }

for await (const connection of reconnect(server, delays)) {
  try {
    await deliver(connection)
  } catch (error) {
    // An error that leaves the body of the loop would end it.
    if (!stop.signal.aborted) console.log(String(error))
  }
}

await input
console.log(kept.size === 0 ? 'all readings are acknowledged' : `${kept.size} readings are not acknowledged`)
if (kept.size > 0) process.exitCode = 1

/** Keeps each reading of the input, up to the end of the input. */
async function measure(): Promise<void> {
  let sequence = 0
  for await (const line of createInterface({ input: process.stdin, signal: stop.signal })) {
    const celsius = Number.parseFloat(line)
    if (!Number.isFinite(celsius)) {
      console.log(`not a number: ${line}`)
      continue
    }
    sequence++
    kept.set(sequence, { type: 'reading', sequence, at: Date.now(), celsius })
    changes.emit('kept')
    while (kept.size >= MOST && !stop.signal.aborted) await once(changes, 'settled')
  }
  measuring = false
  stopWhenDone()
}

/** Sends all readings that are kept, and then each new one. */
async function deliver(connection: Connection): Promise<void> {
  const messages = framed(connection, deviceMessages)
  await messages.write({ type: 'hello', sequence: 0, device: DEVICE, run })
  // The answer acknowledges what the server has stored, also if that acknowledgement was lost.
  settle(await messages.read({ timeout: Number(PATIENCE) }))
  console.log(`connected, with ${kept.size} readings to send`)
  await together([
    async (signal) => {
      for (;;) settle(await messages.read({ signal }))
    },
    async (signal) => {
      for (;;) {
        while (kept.size === 0) await once(changes, 'kept', { signal })
        let last = 0
        let count = 0
        for (const reading of kept.values()) {
          await messages.write(reading)
          last = reading.sequence
          if (++count === WINDOW) break
        }
        await settled(last, connection, signal)
      }
    },
  ])
}

/** Resolves once a reading is acknowledged. A server that acknowledges nothing for a while is taken for lost. */
async function settled(sequence: number, connection: Connection, signal: AbortSignal): Promise<void> {
  const late = setTimeout(() => {
    console.log('the server acknowledges nothing')
    connection.abort()
  }, Number(PATIENCE))
  try {
    while (kept.has(sequence)) {
      await once(changes, 'settled', { signal })
      late.refresh()
    }
  } finally {
    clearTimeout(late)
  }
}

/** Deletes what the server has stored, or has refused. */
function settle(answer: Message): void {
  if (answer.type === 'accepted') {
    for (const sequence of kept.keys()) {
      if (sequence > answer.sequence) break
      kept.delete(sequence)
    }
  } else if (answer.type === 'refused' && answer.sequence > 0) {
    console.log(`reading ${answer.sequence} is refused: ${answer.reason}`)
    kept.delete(answer.sequence)
  } else {
    throw new Error(`the server refuses this device: ${answer.type === 'refused' ? answer.reason : answer.type}`)
  }
  changes.emit('settled')
  stopWhenDone()
}

function stopWhenDone(): void {
  if (!measuring && kept.size === 0) stop.abort()
}
