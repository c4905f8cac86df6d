// MQTT over the connections of linnet: one handler for each client, which reads its packets and answers them in order.

import { randomUUID } from 'node:crypto'
import { type Connection, DrainingError, type Server } from 'linnet'
import { type Framed, framed } from 'linnet/framing'
import { Broker, type Client } from './broker.js'
import { packets } from './codec.js'
import {
  ACCEPTED,
  connack,
  NOT_AUTHORIZED,
  pingresp,
  puback,
  pubcomp,
  pubrec,
  suback,
  unsuback,
  WRONG_CLIENT_ID,
  WRONG_VERSION,
} from './encode.js'
import type { Connect, Packet } from './packet.js'
import { defaultSettings, type Settings } from './settings.js'

/** Serves MQTT on a server that listens, with a broker of its own. Resolves when the server has closed. */
export function serve(server: Server, settings?: Partial<Settings>): Promise<void> {
  const broker = new Broker({ ...defaultSettings, ...settings })
  return server.serve((connection) => serveClient(connection, broker))
}

type Packets = Framed<Packet, Uint8Array>

async function serveClient(connection: Connection, broker: Broker): Promise<void> {
  const { connectTimeout, readTimeout } = broker.settings
  connection.setLimits({ readTimeout, idleTimeout: Number.POSITIVE_INFINITY })
  const incoming = framed(connection, packets(broker.settings))
  const first = await incoming.read({ timeout: connectTimeout })
  if (first.type === 'connect of another version') return incoming.write(connack(WRONG_VERSION, false))
  if (first.type !== 'connect') return // MQTT-3.1.0-1
  const { clientId, cleanSession, keepAlive, will } = first
  const refusal = await refusalOf(first, broker.settings)
  if (refusal !== undefined) return incoming.write(connack(refusal, false))
  // It may have gone meanwhile: then it must not replace an earlier connection.
  if (connection.signal.aborted) return
  // A client without an identifier gets one (MQTT-3.1.3-6).
  const { client, sessionPresent } = broker.enter(connection, clientId || randomUUID(), cleanSession, will)
  try {
    // A write keeps its place: messages of the session follow the answer (MQTT-3.2.0-1).
    void incoming.write(connack(ACCEPTED, sessionPresent))
    client.session.attach(connection)
    await answerPackets(incoming, client, broker, keepAlive)
  } finally {
    // A server that shuts down may keep wills to itself (section 3.1.2.5). Its other clients go too.
    if (connection.drainSignal.aborted) client.will = undefined
    broker.leave(client)
  }
}

/** The code of CONNACK for a client that may not connect. */
async function refusalOf({ clientId, cleanSession, userName, password }: Connect, settings: Settings): Promise<number | undefined> {
  // Without an identifier there is nothing to keep a session by (MQTT-3.1.3-8).
  if ((clientId === '' && !cleanSession) || clientId.length > settings.maxClientId) return WRONG_CLIENT_ID
  const allowed = (await settings.authenticate?.({ clientId, userName, password })) ?? true
  return allowed ? undefined : NOT_AUTHORIZED
}

/** Returns when the client has sent DISCONNECT, or a packet that it may not send. */
async function answerPackets(incoming: Packets, client: Client, broker: Broker, keepAlive: number): Promise<void> {
  // In milliseconds, one and a half times the seconds that the client has announced (MQTT-3.1.2-24).
  const options = keepAlive === 0 ? {} : { timeout: keepAlive * 1500 }
  for (;;) {
    let packet: Packet
    try {
      packet = await incoming.read(options)
    } catch (error) {
      // A client that has to acknowledge messages may do so while the server drains.
      if (!(error instanceof DrainingError) || !client.session.unacknowledged) throw error
      packet = await incoming.read({ ...options, idle: false })
    }
    const answer = answerTo(packet, client, broker)
    if (answer === undefined) return
    // Held back while the client does not read: so it cannot have more answers than it takes.
    if (answer !== NONE) await incoming.write(answer)
    if (packet.type === 'subscribe') client.session.send()
  }
}

const NONE = Buffer.alloc(0)

/** Does what a packet asks for, and returns the answer: NONE if it has none, undefined if the connection ends. */
function answerTo(packet: Packet, client: Client, broker: Broker): Buffer | undefined {
  const { session } = client
  switch (packet.type) {
    case 'publish':
      return answerToPublish(packet, client, broker)
    case 'puback':
      session.acknowledge(packet.id)
      return NONE
    case 'pubrel':
      session.received.delete(packet.id)
      return pubcomp(packet.id)
    case 'subscribe':
      return suback(
        packet.id,
        packet.filters.map(({ filter, qos }) => broker.subscribe(session, filter, qos)),
      )
    case 'unsubscribe':
      for (const filter of packet.filters) broker.unsubscribe(session, filter)
      return unsuback(packet.id)
    case 'pingreq':
      return pingresp
    case 'disconnect':
      client.will = undefined // MQTT-3.14.4-3
      return undefined
    default:
      return undefined // A second CONNECT (MQTT-3.1.0-2).
  }
}

function answerToPublish({ message, qos, id }: Packet & { type: 'publish' }, { session }: Client, broker: Broker): Buffer | undefined {
  if (qos === 0) {
    broker.publish(message)
    return NONE
  }
  // An acknowledgement would say that the message is kept.
  if (!broker.hasRoomFor(message)) return undefined
  if (qos === 1) {
    broker.publish(message)
    return puback(id)
  }
  if (!session.received.has(id)) {
    if (session.received.size >= broker.settings.maxInFlight) return undefined
    session.received.add(id)
    broker.publish(message)
  }
  return pubrec(id)
}
