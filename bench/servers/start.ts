// The cost of a start: CPU time of `import` and up to the end of the first `listen`, and the heap after it, printed as one line of JSON.
// The argument is `linnet`, or `N1` for `node:net` alone.

import { pathToFileURL } from 'node:url'
import { getHeapStatistics } from 'node:v8'

const MICRO = 1e6
const HOST = '127.0.0.1'

const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / MICRO
}

const begin = cpu()
let imported: number
if (process.argv[2] === 'linnet') {
  const { LINNET_BENCH_LIBRARY: file } = process.env
  const { listen } = (await import(file === undefined ? 'linnet' : pathToFileURL(file).href)) as typeof import('linnet')
  imported = cpu()
  await listen({ port: 0, host: HOST })
} else {
  const { createServer } = await import('node:net')
  imported = cpu()
  await new Promise<void>((resolve) => {
    createServer().listen(0, HOST, resolve)
  })
}
const listening = cpu()
const { used_heap_size: used, total_heap_size: total } = getHeapStatistics()
console.log(JSON.stringify({ import: imported - begin, listen: listening - begin, used, total }))
process.exit()
