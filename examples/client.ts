// A client for WHOIS (RFC 3912): it sends one line, and the answer ends at the end of the stream.
//
//   node client.js example.com                      asks whois.iana.org
//   SERVER=whois.ripe.net node client.js 193.0.0.1

import { connect, LinnetError } from 'linnet'

const { SERVER = 'whois.iana.org', PORT = 43 } = process.env
const [question = 'example.com'] = process.argv.slice(2)

try {
  // Tries all addresses of the host. The look-up and all attempts together take at most 10 seconds.
  const connection = await connect({ host: SERVER, port: Number(PORT), timeout: 10_000 })

  // Closes the connection in every case, and resolves with the result of the function.
  const size = await connection.run(async (connection) => {
    await connection.write(`${question}\r\n`)
    for await (const chunk of connection.chunks(undefined, { timeout: 10_000 })) process.stdout.write(chunk)
    return connection.bytesRead
  })
  if (size === 0) console.error(`${SERVER} knows nothing of ${question}`)
} catch (error) {
  // The server is unreachable, too slow, or resets the connection. Any other error is a bug.
  if (!(error instanceof LinnetError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
