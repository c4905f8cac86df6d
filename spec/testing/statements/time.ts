// Statements about time limits. Each is short, and nothing but the limit ends the wait: the time that it takes is not measured.

import { until } from '../../support/wait.js'
import { outcome, type Statement, says, tells } from './world.js'

const forever = new Promise<never>(() => {})

export const time: readonly Statement[] = [
  tells(
    'idleTimeout is the longest wait for a new message',
    ['TimeoutError ERR_LINNET_TIMEOUT idle', 'line'],
    async ({ client, connection }) => {
      const fault = await outcome(connection.readLine())
      await client.write('line\n')
      return [fault, await connection.readLine({ timeout: 10_000 })]
    },
    { server: { idleTimeout: 20 } },
  ),
  tells(
    'readTimeout is the longest that a message may take once it has begun',
    ['TimeoutError ERR_LINNET_TIMEOUT read', 'begun'],
    async ({ client, connection }) => {
      await client.write('begun')
      return [await outcome(connection.readLine()), await connection.readExactly(5, 'utf8')]
    },
    { server: { readTimeout: 20 } },
  ),
  tells('a read may have a time limit of its own', 'TimeoutError ERR_LINNET_TIMEOUT call', async ({ connection }) =>
    outcome(connection.readLine({ timeout: 20 })),
  ),
  tells('a time limit does not affect a read of buffered bytes', 'line', async ({ client, connection }) => {
    await client.write('line\n')
    await until(() => connection.buffered === 5)
    return connection.readLine({ timeout: 1 })
  }),
  tells('a message has one time limit for all of its reads', 'TimeoutError ERR_LINNET_TIMEOUT call', async ({ client, connection }) => {
    await client.write('1\n')
    return outcome(
      connection.readMessage(
        async (reader) => {
          await reader.readLine()
          await reader.readLine()
        },
        { timeout: 20 },
      ),
    )
  }),
  tells('a timeout of 0 is a RangeError', 'RangeError', async ({ connection }) => outcome(connection.readLine({ timeout: 0 }))),
  says(
    'a PROXY header that does not arrive in time is a handshakeError',
    ['HandshakeError ERR_LINNET_HANDSHAKE', 'lost'],
    async (world) => {
      const { server, connect } = await world.open({ proxyProtocol: true, handshakeTimeout: 20 })
      const failed = new Promise<Error>((resolve) => server.once('handshakeError', resolve))
      const client = await connect()
      const fault = await outcome(failed.then((error) => Promise.reject(error)))
      return [fault, (await client.closed).by]
    },
  ),
  says('a client is dropped if admit does not answer in time', ['admit', 'lost'], async (world) => {
    const { server, connect } = await world.open({ admit: () => forever, handshakeTimeout: 20 })
    const dropped = new Promise<string>((resolve) => server.once('drop', ({ reason }) => resolve(reason)))
    const client = await connect()
    return [await dropped, (await client.closed).by]
  }),
]
