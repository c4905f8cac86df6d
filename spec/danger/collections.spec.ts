// What a server costs V8's garbage collector: the heap after the first listen, and full collections while large lines are echoed.
// A larger heap makes the young generation larger, and then chunks that come and go cause full collections.

import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { program } from '../support/program.js'
import { within } from '../support/wait.js'

const MB = 1e6
const LINE = 64 * 1024
const LINES = (512 * 1024 * 1024) / LINE
const IN_FLIGHT = 4

const skip = 'bun' in process.versions || 'deno' in process.versions ? 'the heap and the collections of V8 in Node' : false

const heap = "const { getHeapStatistics } = process.getBuiltinModule('node:v8');"
const bare = `${heap} const { createServer } = await import('node:net');
  createServer().listen(0, '127.0.0.1', function () { console.log('heap', getHeapStatistics().used_heap_size); this.close() })`
const importing = `const { listen } = await import('linnet'); const server = await listen({ port: 0, host: '127.0.0.1' });
  ${heap} console.log('heap', getHeapStatistics().used_heap_size);`
const counting = `const { PerformanceObserver, constants } = await import('node:perf_hooks'); let full = 0;
  new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) full++
  }).observe({ entryTypes: ['gc'] });
  console.log('port', server.port);
  for await (const connection of server) connection.run(async (connection) => {
    for (;;) await connection.write(await connection.readUntil('\\n'))
  }).then(() => setImmediate(() => { console.log('full', full); server.close() }));`

async function heapOf(t: Test, code: string): Promise<number> {
  const run = program(t, code, { library: false })
  const [, bytes] = await run.says(/heap (\d+)/)
  run.child.kill()
  return Number(bytes)
}

t.test('a server that listens holds at most 2.5 MB of heap more than one of node:net', { skip }, async (t) => {
  const least = await heapOf(t, bare)
  const held = (await heapOf(t, importing)) - least
  t.ok(held < 2.5 * MB, `${held} bytes beyond ${least}`)
})

t.test('512 MiB of large lines cause at most three full collections', { skip }, async (t) => {
  const run = program(t, importing + counting, { library: false })
  const [, port] = await run.says(/port (\d+)/)
  const socket = connect(Number(port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  const line = Buffer.alloc(LINE, 'x')
  line[LINE - 1] = 10
  let received = 0
  let sent = 0
  const send = (): void => {
    for (; sent < LINES && sent * LINE < received + IN_FLIGHT * LINE; sent++) socket.write(line)
  }
  const all = new Promise<void>((resolve, reject) => {
    socket.on('error', reject).on('data', (chunk) => {
      received += chunk.length
      if (received < LINES * LINE) send()
      else resolve()
    })
  })
  send()
  await within(all, 'the echo of 512 MiB', 120_000)
  socket.end()
  const [, full] = await run.says(/full (\d+)/)
  // None to two on Node 20 to 26. With a heap of 11 MB there were sixteen.
  t.ok(Number(full) <= 3, `${full} full collections`)
})
