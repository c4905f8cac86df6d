// Conversations with the broker of examples/mqtt/, in memory: packets of a client that is written by hand, and what it gets.

import type { Test } from 'tap'
import type { Settings } from '../../examples/mqtt/settings.js'
import { type Connection, EndOfStreamError, type Server } from '../../lib/index.js'
import { type ManualClock, manualClock, memoryServer } from '../../lib/testing/index.js'
import { within } from '../support/wait.js'
import { importExample } from './in-process.js'

const { serve } = await importExample<typeof import('../../examples/mqtt/server.js')>('mqtt/server')

export interface BrokerUnderTest {
  readonly server: Server
  readonly clock: ManualClock
  readonly served: Promise<void>
  /** What the server's connections ended with. */
  readonly ends: unknown[]
  connect(): Promise<Connection>
}

export function broker(t: Test, settings: Partial<Settings> = {}): BrokerUnderTest {
  const clock = manualClock()
  const { server, connect } = memoryServer({ clock })
  server.on('handlerError', (error) => t.fail(String(error)))
  const ends: unknown[] = []
  server.on('disconnect', (_, { error }) => ends.push(error))
  t.teardown(() => server.close({ grace: 0 }))
  return { server, clock, ends, served: serve(server, settings), connect: () => connect() }
}

// --- what a client sends ---------------------------------------------------------------------------------------------

export const uint16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff)

/** Text, or bytes, with the length in front. */
export function field(text: string | Uint8Array): Buffer {
  const bytes = Buffer.from(text as string)
  return Buffer.concat([uint16(bytes.length), bytes])
}

export function packet(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const head = [first]
  for (let rest = body.length; head.length === 1 || rest > 0; rest >>= 7) head.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
  return Buffer.concat([Buffer.from(head), body])
}

export interface ConnectFields {
  protocol?: string | Uint8Array
  level?: number
  flags?: number
  keepAlive?: number
  /** Behind the client's identifier. */
  rest?: readonly (string | Uint8Array)[]
}

export const CLEAN = 0x02

export function connect(clientId: string | Uint8Array, options: ConnectFields = {}): Buffer {
  const { protocol = 'MQTT', level = 4, flags = CLEAN, keepAlive = 0, rest = [] } = options
  return packet(0x10, field(protocol), Buffer.of(level, flags), uint16(keepAlive), field(clientId), ...rest.map(field))
}

export interface PublishOptions {
  qos?: number
  id?: number
  retain?: boolean
  duplicate?: boolean
}

export function publish(topic: string | Uint8Array, payload: string | Uint8Array, options: PublishOptions = {}): Buffer {
  const { qos = 0, id = 1, retain = false, duplicate = false } = options
  const first = 0x30 | (duplicate ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)
  return packet(first, field(topic), qos > 0 ? uint16(id) : Buffer.alloc(0), Buffer.from(payload as string))
}

export function subscribe(id: number, ...filters: readonly [filter: string | Uint8Array, qos: number][]): Buffer {
  return packet(0x82, uint16(id), ...filters.flatMap(([filter, qos]) => [field(filter), Buffer.of(qos)]))
}

export function unsubscribe(id: number, ...filters: readonly string[]): Buffer {
  return packet(0xa2, uint16(id), ...filters.map(field))
}

export const puback = (id: number): Buffer => packet(0x40, uint16(id))
export const pubrel = (id: number): Buffer => packet(0x62, uint16(id))
export const PINGREQ: Buffer = packet(0xc0)
export const DISCONNECT: Buffer = packet(0xe0)

// --- what it gets ----------------------------------------------------------------------------------------------------

/** The next packet, as text: 'connack 0', 'publish a/b hello qos1 id1 retained' … or 'end'. */
export async function next(client: Connection): Promise<string> {
  let first: Buffer
  try {
    first = await within(client.readExactly(1), 'the next packet')
  } catch (error) {
    if (error instanceof EndOfStreamError) return 'end'
    throw error
  }
  const [type = 0] = first
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const [byte = 0] = await client.readExactly(1)
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  const body = length === 0 ? Buffer.alloc(0) : await client.readExactly(length, { maxBytes: length })
  switch (type >> 4) {
    case 2:
      return `connack ${body[1]}${body[0] === 1 ? ' present' : ''}`
    case 3: {
      const end = 2 + body.readUInt16BE()
      const qos = (type >> 1) & 3
      const words = ['publish', body.toString('utf8', 2, end), body.toString('utf8', qos > 0 ? end + 2 : end)]
      if (qos > 0) words.push(`qos${qos}`, `id${body.readUInt16BE(end)}`)
      if ((type & 1) !== 0) words.push('retained')
      if ((type & 8) !== 0) words.push('duplicate')
      return words.join(' ')
    }
    case 9:
      return `suback ${body.readUInt16BE()}: ${[...body.subarray(2)].join(' ')}`
    case 13:
      return 'pingresp'
    default: {
      const name = ({ 4: 'puback', 5: 'pubrec', 7: 'pubcomp', 11: 'unsuback' } as Record<number, string>)[type >> 4]
      return `${name ?? type} ${body.readUInt16BE()}`
    }
  }
}

/** The next `count` packets. */
export async function nextOf(client: Connection, count: number): Promise<string[]> {
  const packets: string[] = []
  while (packets.length < count) packets.push(await next(client))
  return packets
}

/** A client that is connected, as the answer says. */
export async function enter(
  t: Test,
  { connect: open }: BrokerUnderTest,
  clientId: string,
  options: ConnectFields = {},
  answer = 'connack 0',
): Promise<Connection> {
  const client = await open()
  t.teardown(() => client.abort())
  await client.write(connect(clientId, options))
  t.equal(await next(client), answer, `${clientId} enters`)
  return client
}
