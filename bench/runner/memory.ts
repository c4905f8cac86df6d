// Memory of an idle connection: a new server is warmed by a few connections, collects its garbage, and is looked at before
// and after thousands have connected, sent one line each, and come to rest.

import { setTimeout as sleep } from 'node:timers/promises'
import { generate, serve } from './bench.js'
import { memoryOf } from './process.js'
import type { Fresh } from './starting.js'

// Connections that come and go before memory is looked at, so that code is compiled and pools are filled; few, since what
// they leave free is used again.
const WARM_CONNECTIONS = 100

export const MEMORY: Fresh = {
  how: 'fresh',
  // A server, its connections, and six times of rest.
  seconds: ({ settle, idleConnections }) => 0.5 + idleConnections * 0.0001 + (6 * settle) / 1000,
  async measure(bench, entrant) {
    // Node collects on demand only if it was started so.
    const server = await serve(bench, entrant, ['echo'], ['--expose-gc'])
    const { settle: rest, idleConnections } = bench.scale
    const settle = async (): Promise<number> => {
      // Twice: what the first collection frees may have held on to more.
      for (let times = 0; times < 2; times++) {
        await sleep(rest)
        if (entrant.contender.collects !== false) server.child.process.kill('SIGUSR2')
      }
      await sleep(rest)
      return memoryOf(server.child.pid)
    }
    try {
      const warming = await generate(bench, ['idle', '{port}', String(WARM_CONNECTIONS)], server)
      await warming.stop()
      const before = await settle()
      const generator = await generate(bench, ['idle', '{port}', String(idleConnections)], server)
      const rss = await settle()
      await generator.stop()
      return { idle: (rss - before) / idleConnections, rss }
    } finally {
      await server.child.stop()
    }
  },
}
