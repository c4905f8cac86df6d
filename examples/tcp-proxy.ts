// A proxy that terminates TLS, like HAProxy, hitch or stunnel: TLS towards clients, plain TCP towards the server, and a PROXY header
// (version 2 of HAProxy's proxy-protocol.txt) with the address of the client.
//
//   KEY=key.pem CERT=cert.pem BEHIND=127.0.0.1:8080 node tcp-proxy.js
//   curl --cacert cert.pem --resolve example.test:8888:127.0.0.1 https://example.test:8888/

import { readFile } from 'node:fs/promises'
import { connect, listen, pipe, shutdownOn } from 'linnet'

const { PORT = 8888, KEY = 'key.pem', CERT = 'cert.pem', BEHIND = '127.0.0.1:8080' } = process.env
const { hostname, port } = new URL(`tcp://${BEHIND}`)

const server = await listen({ port: Number(PORT), tls: await identity() })
shutdownOn(server, { grace: 30_000 }) // Ctrl-C: accepts no new connections and finishes the open ones
process.on('SIGHUP', reload)
server.on('handlerError', (error, { remote }) => console.error(`${remote}: ${error}`))
server.on('handshakeError', (error, { remote }) => console.error(`${remote}: ${error.cause}`))
console.log(`tcp-proxy: ask it with  curl --cacert ${CERT} https://localhost:${server.port}/`)

await server.serve(async (client) => {
  try {
    // The client may disconnect meanwhile. That cancels the connect.
    const behind = await connect({ host: hostname, port: Number(port), timeout: 5_000, signal: client.signal, proxyProtocol: client })
    await pipe(client, behind, { idleTimeout: 60_000 })
  } catch (error) {
    // A clean end would look like a complete stream.
    client.abort(error)
    throw error
  }
})

async function identity(): Promise<{ key: Buffer; cert: Buffer }> {
  return { key: await readFile(KEY), cert: await readFile(CERT) }
}

/** Loads a new certificate for later connections. If it does not load, the old one remains. */
async function reload(): Promise<void> {
  try {
    await server.setTls(await identity())
    console.log('there is a new certificate')
  } catch (error) {
    console.error(`the old certificate stays: ${error}`)
  }
}
