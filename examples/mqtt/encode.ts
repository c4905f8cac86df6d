// The control packets that a server sends.

import type { Message, QoS } from './message.js'

/** What CONNACK says (section 3.2.2.3). */
export const ACCEPTED = 0
export const WRONG_VERSION = 1
export const WRONG_CLIENT_ID = 2
export const NOT_AUTHORIZED = 5

/** In SUBACK, in place of a QoS. */
export const REFUSED = 0x80

export const pingresp: Buffer = Buffer.of(0xd0, 0)

export function connack(code: number, sessionPresent: boolean): Buffer {
  return Buffer.of(0x20, 2, sessionPresent ? 1 : 0, code)
}

export const puback = (id: number): Buffer => withId(0x40, id)
export const pubrec = (id: number): Buffer => withId(0x50, id)
export const pubcomp = (id: number): Buffer => withId(0x70, id)
export const unsuback = (id: number): Buffer => withId(0xb0, id)

export function suback(id: number, codes: readonly number[]): Buffer {
  return Buffer.concat([head(0x90, 2 + codes.length), uint16(id), Buffer.from(codes)])
}

/** The bytes of a PUBLISH. `retained`: it answers a new subscription (MQTT-3.3.1-8 and -9). */
export function publish(message: Message, qos: QoS, id: number, { retained = false, duplicate = false } = {}): Buffer {
  const { topicBytes, payload } = message
  const length = 2 + topicBytes.length + (qos > 0 ? 2 : 0) + payload.length
  const first = 0x30 | (duplicate ? 8 : 0) | (qos << 1) | (retained ? 1 : 0)
  const parts = [head(first, length), uint16(topicBytes.length), topicBytes, payload]
  if (qos > 0) parts.splice(3, 0, uint16(id))
  return Buffer.concat(parts)
}

function withId(first: number, id: number): Buffer {
  return Buffer.of(first, 2, id >> 8, id & 0xff)
}

function uint16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}

function head(first: number, length: number): Buffer {
  const bytes = [first]
  for (let rest = length; bytes.length === 1 || rest > 0; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | (rest > 127 ? 0x80 : 0))
  return Buffer.from(bytes)
}
