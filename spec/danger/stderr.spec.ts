// An error of a handler that cannot be printed: the reader of stderr has died, the disk is full, the descriptor is closed. The
// process goes on, and no listener stays on stderr.

import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import t, { type Test } from 'tap'
import { moduleFlags, root } from '../support/program.js'
import { within } from '../support/wait.js'

// A server whose handlers fail. Each line of its standard input causes one failure, and the end of input closes the server.
const code = `
const { memoryServer } = await import('linnet/testing')
const { server, connect } = memoryServer()
server.serve(async (connection) => { await connection.readLine(); throw new Error('a bug '.repeat(2000)) })
console.log('up')
let failures = 0
for await (const _ of process.stdin) {
  for (let n = 0; n < 15; n++) {
    const client = await connect()
    await client.write('hello\\n')
    await client.readToEnd()
    await client.close()
    failures++
  }
  process.emitWarning('a warning')
  await new Promise((resolve) => setTimeout(resolve, 100))
  console.log('alive', failures, server.stats().handlerErrors, process.stderr.listenerCount('error') <= 1)
}
await server.close()
console.log('done')
`

type End = { code: number | null; stdout: string }

/** Runs it with `stderr` as descriptor 2. `ruin` breaks that in the middle. */
async function failing(t: Test, stderr: number | 'pipe', ruin: (child: ReturnType<typeof spawn>) => void = () => {}): Promise<End> {
  const child = spawn('sh', ['-c', 'unset NODE_OPTIONS; exec "$0" "$@"', process.execPath, ...moduleFlags, code], {
    cwd: root,
    stdio: ['pipe', 'pipe', stderr],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let stdout = ''
  let lines = 0
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text
    for (; lines < stdout.split('\n').length - 1; lines++) {
      if (lines === 0) ruin(child)
      if (lines < 2) child.stdin?.write('fail\n')
      else child.stdin?.end()
    }
  })
  child.stdin?.on('error', () => {})
  const end = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code: await within(end, 'the end of the program', 30_000), stdout }
}

const lived = { code: 0, stdout: 'up\nalive 15 15 true\nalive 30 30 true\ndone\n' }

t.test('a stderr that is a dead pipe does not end the process', async (t) => {
  t.same(await failing(t, 'pipe', (child) => child.stderr?.destroy()), lived)
})

t.test('errors are printed to a stderr that is read, and no listener stays on it', async (t) => {
  let text = ''
  t.same(await failing(t, 'pipe', (child) => child.stderr?.on('data', (chunk) => (text += chunk))), lived)
  t.equal(text.match(/^linnet: the handler of connection/gm)?.length, 30)
})

t.test('a stderr on a full disk does not end the process', { skip: !existsSync('/dev/full') }, async (t) => {
  const full = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(full))
  t.same(await failing(t, full), lived)
})
