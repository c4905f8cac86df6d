// An MQTT 3.1.1 broker, for a start of one's own. The protocol is in mqtt/: packets, topics, sessions and the broker. This file has the port
// and who may use it.
//
//   node mqtt.js
//   LOGIN=ann:secret KEY=key.pem CERT=cert.pem PORT=8883 node mqtt.js
//
//   mosquitto_sub -h localhost -t 'room/#' -v
//   mosquitto_pub -h localhost -t room/1 -m 21.5 -q 1 -r

import { timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { listen, shutdownOn } from 'linnet'
import { serve } from './mqtt/server.js'
import type { Login } from './mqtt/settings.js'

const { PORT = 1883, KEY, CERT, LOGIN } = process.env

const server = await listen({
  port: Number(PORT),
  tls: KEY === undefined || CERT === undefined ? false : { key: await readFile(KEY), cert: await readFile(CERT) },
  // A client without a keep-alive is found to be gone by TCP.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  writeTimeout: 30_000,
})
shutdownOn(server, { grace: 10_000 }) // Ctrl-C: clients may acknowledge what they have received
server.on('handlerError', (error, { remote }) => console.error(`${remote}: ${error}`))
server.on('disconnect', ({ remote }, { error }) => error && console.log(`${remote} has gone: ${error}`))
console.log(`mqtt: subscribe with  mosquitto_sub -v -L mqtt${KEY === undefined ? '' : 's'}://localhost:${server.port}/test`)

await serve(server, LOGIN === undefined ? {} : { authenticate: isLogin })

/** Whether a client has the name and password of LOGIN. */
function isLogin({ userName = '', password = Buffer.alloc(0) }: Login): boolean {
  const given = Buffer.concat([Buffer.from(`${userName}:`), password])
  const expected = Buffer.from(LOGIN as string)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
