// A proxy that takes TLS off, as HAProxy, hitch or stunnel do: TLS in front, plain TCP behind, and a PROXY header (version 2
// of HAProxy's proxy-protocol.txt) that tells the server behind who its client is.
//
//   KEY=key.pem CERT=cert.pem BEHIND=127.0.0.1:8080 node tcp-proxy.js
//   curl --cacert cert.pem --resolve example.test:8888:127.0.0.1 https://example.test:8888/

import { readFile } from 'node:fs/promises'
import { connect, listen, pipe, shutdownOn } from 'linnet'

const { PORT = 8888, KEY = 'key.pem', CERT = 'cert.pem', BEHIND = '127.0.0.1:8080' } = process.env
const { hostname, port } = new URL(`tcp://${BEHIND}`)

const server = await listen({ port: Number(PORT), tls: await identity() })
shutdownOn(server, { grace: 30_000 }) // Ctrl-C: nobody new comes in, what is under way comes to its end
process.on('SIGHUP', reload)
server.on('handlerError', (error, { remote }) => console.error(`${remote}: ${error}`))
server.on('handshakeError', (error, { remote }) => console.error(`${remote}: ${error.cause}`))
console.log(`tcp-proxy: ask it with  curl --cacert ${CERT} https://localhost:${server.port}/`)

await server.serve(async (client) => {
  try {
    // The client may leave meanwhile: then there is nobody to connect for.
    const behind = await connect({ host: hostname, port: Number(port), timeout: 5_000, signal: client.signal, proxyProtocol: client })
    await pipe(client, behind, { idleTimeout: 60_000 })
  } catch (error) {
    // An end in order would look like all that there is.
    client.abort(error)
    throw error
  }
})

async function identity(): Promise<{ key: Buffer; cert: Buffer }> {
  return { key: await readFile(KEY), cert: await readFile(CERT) }
}

/** A new certificate, for connections to come; one that does not load changes nothing. */
async function reload(): Promise<void> {
  try {
    await server.setTls(await identity())
    console.log('there is a new certificate')
  } catch (error) {
    console.error(`the old certificate stays: ${error}`)
  }
}
