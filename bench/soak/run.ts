// The soak: `npm run soak`. A server, a relay and clients of linnet run in separate processes, with a fault proxy between them. This is the
// parent, which plans, counts and checks. It is not a benchmark: it searches for bytes that are lost, duplicated or out of order, ends
// that are resets, and leaks. The last line is a summary as JSON; the exit code is 1 if there was a failure.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Course } from './course.js'
import { makeIdentity } from './identity.js'
import { type Options, readOptions, usage } from './options.js'
import { firstPort, freePlaces, portAfter } from './places.js'
import { Child } from './processes.js'

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) console.log(usage)
  else await main(options)
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error)
  process.exitCode = 1
}

async function main(options: Options): Promise<void> {
  const { seed, node } = options
  console.log(`seed ${seed}`)
  const folder = await mkdtemp(join(tmpdir(), 'linnet-soak-'))
  const children = (['server', 'relay', 'proxy', 'client', 'client'] as const).map(
    (role, i) => new Child(`${role}${i === 4 ? ' 2' : ''}`, role, node),
  )
  const end = (): void => {
    for (const child of children) child.kill()
  }
  process.on('exit', end)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
  try {
    const [server, relay, proxy, ...clients] = children as [Child, Child, Child, ...Child[]]
    const identity = await makeIdentity(folder)
    const relays = await freePlaces(folder, 'r', firstPort(process.pid))
    const servers = await freePlaces(folder, 's', portAfter(relays))
    const course = new Course(options, { server, relay, proxy, clients })
    await course.prepare({ seed, identity, folder, servers, relays })
    await course.run()
    const summary = await course.finish()
    console.log(JSON.stringify(summary))
    if (summary.failures > 0) process.exitCode = 1
  } finally {
    end()
    await rm(folder, { recursive: true, force: true })
  }
}
