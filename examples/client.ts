// A client for WHOIS (RFC 3912): a line of question, and an answer that goes on to the end of the stream.
//
//   node client.js example.com                      asks whois.iana.org
//   SERVER=whois.ripe.net node client.js 193.0.0.1

import { connect, LinnetError } from 'linnet'

const { SERVER = 'whois.iana.org', PORT = 43 } = process.env
const [question = 'example.com'] = process.argv.slice(2)

try {
  // All addresses of the server are tried; name, address and all in no more than 10 seconds.
  const connection = await connect({ host: SERVER, port: Number(PORT), timeout: 10_000 })

  // Afterwards it is closed, whatever happened; and `run` says what the function said.
  const size = await connection.run(async (connection) => {
    await connection.write(`${question}\r\n`)
    for await (const chunk of connection.chunks(undefined, { timeout: 10_000 })) process.stdout.write(chunk)
    return connection.bytesRead
  })
  if (size === 0) console.error(`${SERVER} knows nothing of ${question}`)
} catch (error) {
  // A server that is not there, is too slow or breaks off; anything else is a bug.
  if (!(error instanceof LinnetError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
