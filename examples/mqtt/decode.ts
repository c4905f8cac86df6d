// What is behind the fixed header of a client's packet. Each check has the number of its statement in MQTT 3.1.1. A packet that fails one is
// malformed, or violates the protocol: the connection is closed (section 4.8).

import { FrameError } from 'linnet'
import { Message, type QoS } from './message.js'
import type { Connect, Packet } from './packet.js'
import { isFilter, isName } from './topics.js'

/** Without `ignoreBOM`, U+FEFF would be dropped (MQTT-1.5.3-3). With `fatal`, surrogates and overlong forms are errors (MQTT-1.5.3-1). */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Checks the first byte of a packet, before the rest is awaited: what speaks another protocol ends here. @throws FrameError */
export function checkFirst(first: number): void {
  const type = first >> 4
  // MQTT-2.2.2-2, MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1: the flags of all types but PUBLISH are fixed.
  if (type !== 3 && (first & 0x0f) !== (type === 6 || type === 8 || type === 10 ? 0b0010 : 0)) fail('the flags of the packet are reserved')
  // The others are reserved, or a server's. A client sends 5 and 7 for a message of QoS 2, and none is sent to it.
  if (![1, 3, 4, 6, 8, 10, 12, 14].includes(type)) fail(`a client does not send packets of type ${type}`)
}

/** Decodes a packet: its first byte, which is checked, and what follows its length. @throws FrameError */
export function decode(first: number, body: Buffer): Packet {
  const fields = new Fields(body)
  const packet = decodeType(first, fields)
  fields.end()
  return packet
}

function decodeType(first: number, fields: Fields): Packet {
  switch (first >> 4) {
    case 1:
      return connect(fields)
    case 3:
      return publish(first & 0x0f, fields)
    case 4:
      return { type: 'puback', id: fields.id() }
    case 6:
      return { type: 'pubrel', id: fields.id() }
    case 8: {
      const id = fields.id()
      const filters: { filter: string; qos: QoS }[] = []
      do {
        const filter = filterOf(fields)
        const qos = fields.byte()
        if (qos > 2) fail('a subscription has QoS 0, 1 or 2') // MQTT-3.8.3-4
        filters.push({ filter, qos: atMost1(qos) })
      } while (fields.left > 0) // MQTT-3.8.3-3: one at least
      return { type: 'subscribe', id, filters }
    }
    case 10: {
      const id = fields.id()
      const filters: string[] = []
      do filters.push(filterOf(fields))
      while (fields.left > 0) // MQTT-3.10.3-2
      return { type: 'unsubscribe', id, filters }
    }
    case 12:
      return { type: 'pingreq' }
    default:
      return { type: 'disconnect' }
  }
}

function connect(fields: Fields): Packet {
  const protocol = fields.text()
  const level = fields.byte()
  // MQTT 3.1 has another name. Its clients understand the answer.
  if (protocol === 'MQIsdp' || (protocol === 'MQTT' && level !== 4)) {
    fields.skip()
    return { type: 'connect of another version' } // MQTT-3.1.2-2
  }
  if (protocol !== 'MQTT') fail('the protocol is not MQTT') // MQTT-3.1.2-1
  const flags = fields.byte()
  const [hasUserName, hasPassword, willRetain, hasWill, cleanSession] = [0x80, 0x40, 0x20, 0x04, 0x02].map((bit) => (flags & bit) !== 0)
  const willQoS = (flags >> 3) & 3
  if ((flags & 1) !== 0) fail('the lowest flag is reserved') // MQTT-3.1.2-3
  if (willQoS === 3 || (!hasWill && (willQoS > 0 || willRetain))) fail('the flags of the will do not fit') // MQTT-3.1.2-13 to -15
  if (hasPassword && !hasUserName) fail('a password without a user name') // MQTT-3.1.2-22
  const keepAlive = fields.uint16()
  const clientId = fields.text()
  let will: Message | undefined
  if (hasWill) {
    const topic = nameOf(fields)
    will = new Message(topic, fields.bytes(), { qos: atMost1(willQoS), retain: willRetain === true })
  }
  const userName = hasUserName ? fields.text() : undefined
  const password = hasPassword ? fields.bytes() : undefined
  return { type: 'connect', cleanSession: cleanSession === true, clientId, keepAlive, will, userName, password } satisfies Connect
}

function publish(flags: number, fields: Fields): Packet {
  const qos = (flags >> 1) & 3
  if (qos === 3) fail('a message has QoS 0, 1 or 2') // MQTT-3.3.1-4
  if (qos === 0 && (flags & 0x08) !== 0) fail('a message of QoS 0 is no duplicate') // MQTT-3.3.1-2
  const topic = nameOf(fields)
  const id = qos > 0 ? fields.id() : 0
  const message = new Message(topic, fields.rest(), { qos: atMost1(qos), retain: (flags & 1) !== 0 })
  return { type: 'publish', message, qos: qos as 0 | 1 | 2, id }
}

function nameOf(fields: Fields): string {
  const name = fields.text()
  return isName(name) ? name : fail('this is no topic name') // MQTT-3.3.2-2, MQTT-4.7.3-1
}

function filterOf(fields: Fields): string {
  const filter = fields.text()
  return isFilter(filter) ? filter : fail('this is no topic filter') // MQTT-4.7.1-2, MQTT-4.7.1-3
}

function atMost1(qos: number): QoS {
  return qos === 0 ? 0 : 1
}

/** The fields of a packet, in order. */
class Fields {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    return this.#take(1).readUInt8()
  }

  uint16(): number {
    return this.#take(2).readUInt16BE()
  }

  /** A packet identifier. */
  id(): number {
    const id = this.uint16()
    return id === 0 ? fail('a packet identifier is not 0') : id // MQTT-2.3.1-1
  }

  bytes(): Buffer {
    return this.#take(this.uint16())
  }

  text(): string {
    let text: string
    try {
      text = utf8.decode(this.bytes())
    } catch (cause) {
      throw cause instanceof FrameError ? cause : new FrameError({ message: 'a text is not UTF-8', cause })
    }
    return text.includes('\0') ? fail('a text has U+0000') : text // MQTT-1.5.3-2
  }

  rest(): Buffer {
    return this.#take(this.left)
  }

  skip(): void {
    this.#at = this.#bytes.length
  }

  end(): void {
    if (this.left > 0) fail(`the packet has ${this.left} bytes too many`)
  }

  #take(length: number): Buffer {
    if (length > this.left) fail('the packet is too short')
    return this.#bytes.subarray(this.#at, (this.#at += length))
  }
}

function fail(message: string): never {
  throw new FrameError({ message })
}
