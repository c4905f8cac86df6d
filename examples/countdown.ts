// A countdown, which shows time limits and cancelling. A line with a number of seconds starts it, any further line stops it, and the
// connection ends after a minute in any case.
//
//   nc 127.0.0.1 8888        then type 5 and Enter, and Enter again to stop it

import { type Connection, LimitExceededError, listen, shutdownOn, TimeoutError } from 'linnet'

const { PORT = 8888 } = process.env
const server = await listen({ port: Number(PORT) })
shutdownOn(server)
console.log(`countdown: start one with  nc 127.0.0.1 ${server.port}`)

await server.serve(async (connection) => {
  // Cancels the read that is pending when it aborts, and all later reads.
  const signal = AbortSignal.timeout(60_000)
  try {
    await connection.write('how many seconds?\n')
    const seconds = Number(await connection.readLine({ timeout: 5_000, maxBytes: 8, signal }))
    await connection.write(await countDown(connection, seconds, signal))
  } catch (error) {
    if (error instanceof TimeoutError) await connection.write('too late\n')
    else if (error instanceof LimitExceededError) await connection.write('too long\n')
    else if (error === signal.reason) await connection.write('the minute is over\n')
    // The client has disconnected, or the server drains: `serve` treats both as a normal end.
    else throw error
  }
})

async function countDown(connection: Connection, seconds: number, signal: AbortSignal): Promise<string> {
  for (let left = seconds; left > 0; left--) {
    await connection.write(`${left}\n`)
    if (await saidSomething(connection, signal)) return `stopped at ${left}\n`
  }
  return 'lift-off\n'
}

/** Whether a line arrives within a second. A read that times out consumes nothing, so half a line is not lost. */
async function saidSomething(connection: Connection, signal: AbortSignal): Promise<boolean> {
  try {
    await connection.readLine({ timeout: 1_000, signal })
    return true
  } catch (error) {
    if (error instanceof TimeoutError) return false
    throw error
  }
}
