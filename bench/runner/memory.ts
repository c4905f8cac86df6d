// The memory of an idle connection: a new server is warmed by a few connections and collects its garbage. Its memory is read before and
// after thousands of clients have connected, sent one line each, and become idle.

import { setTimeout as sleep } from 'node:timers/promises'
import { generate, serve } from './bench.js'
import { memoryOf } from './process.js'
import type { Fresh } from './starting.js'

// The connections before the first reading, so that code is compiled and pools are filled. They are few, because the memory that they
// free is reused.
const WARM_CONNECTIONS = 100

export const MEMORY: Fresh = {
  how: 'fresh',
  // A server, its connections, and six idle periods.
  seconds: ({ settle, idleConnections }) => 0.5 + idleConnections * 0.0001 + (6 * settle) / 1000,
  async measure(bench, entrant) {
    // Node collects on demand only with --expose-gc.
    const server = await serve(bench, entrant, ['echo'], ['--expose-gc'])
    const { settle: rest, idleConnections } = bench.scale
    const settle = async (): Promise<number> => {
      // Twice, because the first collection may release references to further objects.
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
