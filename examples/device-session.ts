// One connection of a device, on the server: what device.ts does with it, and what docs/guide/protocols.md tests without a network.

import { type Connection, FrameError } from 'linnet'
import { framed } from 'linnet/framing'
import { deviceMessages, type Message } from './device-protocol.js'

/** A reading with its device. */
export interface Reading {
  readonly device: string
  readonly run: string
  readonly sequence: number
  readonly at: number
  readonly celsius: number
}

/** Where readings are kept. */
export interface Store {
  /** The sequence number of the last reading of a run; 0 without one. */
  last(run: string): number
  /** Resolves once the reading is stored. One that is not above `last` is stored already, and is dropped. */
  add(reading: Reading): Promise<void>
}

/** The limits of a device's connection. A device may be silent for five minutes, but has to complete a frame within ten seconds. */
export const limits = { idleTimeout: 300_000, readTimeout: 10_000, maxBufferSize: 4096 }

/** Stores the readings of a device, and acknowledges each. */
export async function takeReadings(connection: Connection, store: Store): Promise<void> {
  const messages = framed(connection, deviceMessages)
  let hello: Extract<Message, { type: 'hello' }> | undefined

  for (;;) {
    let message: Message
    try {
      message = await messages.read()
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      const sequence = error.issues.length === 0 ? 0 : (error.frame?.readUInt32BE(3) ?? 0)
      await refuse(sequence, error.message)
      // A frame that is broken does not say where the next one begins. Without its hello a device cannot go on either.
      if (sequence === 0) return
      continue
    }

    if (message.type === 'hello') {
      hello = message
      await messages.write({ type: 'accepted', sequence: store.last(hello.run) })
    } else if (message.type === 'reading' && hello !== undefined) {
      const { sequence, at, celsius } = message
      await store.add({ device: hello.device, run: hello.run, sequence, at, celsius })
      // Only now: what is acknowledged is deleted on the device.
      await messages.write({ type: 'accepted', sequence })
    } else {
      return refuse(0, `a device sends hello and then readings, not ${message.type}`)
    }
  }

  function refuse(sequence: number, reason: string): Promise<void> {
    return messages.write({ type: 'refused', sequence, reason: reason.slice(0, 200) })
  }
}
