// Errors that the end of a connection creates. A server creates one for each connection that a peer ends, and none for its own
// close, since nothing waits for it. An error with its stack takes as long as the rest of a short connection.

import t from 'tap'
import { program } from '../support/program.js'

const CONNECTIONS = 100

const serving = `
  const { Session } = await import('node:inspector')
  const { once } = await import('node:events')
  const net = await import('node:net')
  const session = new Session()
  session.connect()
  const server = await linnet.listen({ port: 0, host: '127.0.0.1' })
  void server.serve(async (connection) => {
    for (;;) await connection.write(await connection.readUntil('\\n'))
  })
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  for (let n = 0; n < ${CONNECTIONS}; n++) {
    const socket = net.connect(server.port, '127.0.0.1').setEncoding('utf8')
    socket.write('a line\\n')
    await once(socket, 'data')
    socket.end()
    await once(socket, 'close')
  }
  await server.close()
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    const functions = result.flatMap(({ functions }) => functions)
    const count = (name) => functions.filter(({ functionName }) => functionName === name).reduce((sum, { ranges }) => sum + ranges[0].count, 0)
    console.log('made', count('EndOfStreamError'), count('ConnectionClosedError'), count('LinnetError'))
  })`

t.test('a connection that a peer ends creates one error, and the close behind it none', async (t) => {
  const server = program(t, serving)
  const [, ended, closed, all] = await server.says(/^made (\d+) (\d+) (\d+)$/m)
  t.equal(await server.ends(), 0)
  // One more: the reason of the drain signal, shared by all connections of the server.
  t.same([ended, closed, all].map(Number), [CONNECTIONS, 0, CONNECTIONS + 1])
})
