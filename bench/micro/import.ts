// The time of `import 'linnet'` in a new process.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PROGRAM = `const before = performance.now(); await import('linnet'); console.log(performance.now() - before)`

/** The median of several starts, in milliseconds. */
export async function importTime(folder: string, times: number): Promise<number> {
  const found: number[] = []
  for (let count = 0; count < times; count++) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', PROGRAM], { cwd: folder })
    found.push(Number(stdout))
  }
  return found.sort((a, b) => a - b)[Math.floor(times / 2)] as number
}
