// The built library of a checkout of linnet, and its commit.

import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { root } from './tools.js'

const run = promisify(execFile)

/** The variable that servers/library.ts reads. */
export const LIBRARY = 'LINNET_BENCH_LIBRARY'

export interface Library {
  /** The file that `import 'linnet'` loads. */
  readonly file: string
  /** The keys of `exports` in package.json. */
  readonly entries: readonly string[]
}

/** The library of a checkout. @throws Error with a message for the user */
export async function libraryOf(checkout: string = root): Promise<Library> {
  const folder = resolve(checkout)
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => {
    throw new Error(`there is no package.json in ${folder}`)
  })
  const { name, exports } = JSON.parse(text) as { name: string; exports: Record<string, { default?: string } | undefined> }
  const entry = exports['.']?.default
  if (name !== 'linnet' || entry === undefined) throw new Error(`${folder} is not a checkout of linnet`)
  const file = join(folder, entry)
  if (!(await stat(file).catch(() => undefined))) throw new Error(`${folder} is not built: npm ci && npm run build`)
  return { file, entries: Object.keys(exports) }
}

/** The short name of a checkout's commit; with `+` if its library has changes. */
export async function commitOf(checkout: string = root): Promise<string> {
  try {
    const { stdout: name } = await run('git', ['-C', checkout, 'rev-parse', '--short', 'HEAD'])
    const { stdout: changes } = await run('git', ['-C', checkout, 'status', '--porcelain', '--untracked-files=no', '--', 'lib'])
    return name.trim() + (changes === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
