// Rules of `run`: it closes the connection after the handler, whatever the handler does, and reports its failure. Which failures
// are a server's `handlerError` is not checked here: handlers fail only on connections without a server. The server's end of a
// `pair` has no server, and its `run` settles as on one.

import { type Connection, coreOf, isConnection } from '../../connection/connection.js'
import { runsAsServer } from '../../connection/run.js'
import { EndOfStreamError } from '../../errors.js'
import { begin, bytes, equal, expect, rejects, rejectsWith } from './expect.js'
import { type Rules, send } from './speak.js'

/** Whether `run` settles as its handler does. */
function runsAsClient(side: Connection): boolean {
  return side.server === undefined && !(isConnection(side) && runsAsServer(coreOf(side)))
}

export const running: Rules = {
  async 'run closes the connection after its handler'(a, b) {
    const given: unknown[] = []
    const run = begin(
      b.run(async (connection) => {
        given.push(connection)
        await connection.write(`hello ${await connection.readLine()}\n`)
        return 'value'
      }),
    )
    await send(a, b, 'you\n')
    bytes(await a.readToEnd(), 'hello you\n', 'readToEnd of the other side')
    await a.end()
    const value = await run
    expect(given.length === 1 && given[0] === b, 'the handler was not called once with the connection')
    equal(value, runsAsClient(b) ? 'value' : undefined, 'what run resolves with')
    equal(b.ended, true, 'ended after run')
    const info = await b.closed
    equal([info.by, info.error], ['local', undefined], 'by and error of closed')
  },

  async 'an error that the connection raised and the handler let through is the error of closed'(a, b) {
    await a.end('half')
    const run = begin(b.run((connection) => connection.readLine()))
    const outcome = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    const { error } = await b.closed
    expect(error instanceof EndOfStreamError, `error of closed is ${error}`)
    if (runsAsClient(b)) expect(outcome === error, `run rejected with ${outcome}, and not with what its handler threw`)
    else equal(outcome, undefined, 'what run on a connection of a server rejects with')
  },

  async 'run without a server rejects with what its handler threw, once the connection is closed'(a, b) {
    const own = new Error("the handler's own")
    for (const [side, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (side.server !== undefined || side.ended) continue
      begin(other.close())
      await rejectsWith(
        side.run(() => {
          throw own
        }),
        own,
        'run of a handler that throws',
      )
      equal((await side.closed).error, own, 'error of closed')
      equal(side.signal.aborted, true, 'signal.aborted after run')
      await rejects(
        side.run(() => {}),
        TypeError,
        'a second run',
      )
    }
  },
}
