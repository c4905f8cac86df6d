// The process of the relay: `pipe` between the fault proxy and the server. It does not read the messages. A reset on one side must become a
// reset on the other, and an end an end.

import { ConnectError, type Connection, ConnectionClosedError, ConnectionLostError, connect, listen, pipe, type Server } from 'linnet'
import { Books } from './books.js'
import { answer, problem } from './child.js'
import { listenAt, type Place, type Places, placeKinds } from './places.js'
import { describe } from './receiving.js'

const PATIENCE = 60_000
const CHECK_EVERY = 250

/** The places on which the server listens. */
let upstream: Places = {}
let servers: Server[] = []
let books: Books[] = []
let served: Promise<unknown>
let checking: NodeJS.Timeout | undefined

answer({
  /** Resolves with its places. */
  start: async ({ places }: { places: Places }) => {
    const listening = await listenAt(places, listenAtAll)
    books = servers.map((server, i) => new Books(server, `relay of ${placeKinds[i]?.name}`))
    served = Promise.all(servers.map((server, i) => server.serve((from) => relay(from, upstream[placeKinds[i]?.name as string] as Place))))
    checking = setInterval(check, CHECK_EVERY)
    return listening
  },
  /** Sets the places of the server. */
  places: ({ servers }: { servers: Places }) => {
    upstream = servers
  },
  stop: async ({ grace }: { grace: number }) => {
    await Promise.all(servers.map((server) => server.close({ grace })))
    await served
    clearInterval(checking)
    for (const each of books) each.checkClosed()
  },
})

/** Makes a separate server for each place, so that the place of each connection is known. */
async function listenAtAll(places: Places): Promise<void> {
  const all = await Promise.allSettled(placeKinds.map(({ name }) => listen({ ...(places[name] as Place), closeTimeout: PATIENCE })))
  servers = all.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = all.find((result) => result.status === 'rejected')
  if (failed === undefined) return
  await Promise.all(servers.map((server) => server.close()))
  throw failed.reason
}

function check(): void {
  for (const each of books) each.check()
}

async function relay(from: Connection, place: Place): Promise<void> {
  let to: Connection | undefined
  try {
    to = await connect({ ...place, closeTimeout: PATIENCE })
    const { aToB, bToA } = await pipe(from, to)
    if (aToB !== from.bytesRead || aToB !== to.bytesWritten)
      problem(`pipe: ${aToB} of ${from.bytesRead} bytes there, ${to.bytesWritten} sent`)
    if (bToA !== to.bytesRead || bToA !== from.bytesWritten)
      problem(`pipe: ${bToA} of ${to.bytesRead} bytes back, ${from.bytesWritten} sent`)
  } catch (error) {
    // The server may be stopped, and either side may fail.
    if (!(error instanceof ConnectError || error instanceof ConnectionLostError || error instanceof ConnectionClosedError))
      problem(`pipe: ${describe(error)}`)
    from.abort(error)
  }
  if (to !== undefined) await to.closed
}
