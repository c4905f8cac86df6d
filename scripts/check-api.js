// Compares the API with docs/api.md, so that each change of the API is visible in a review. `npm run build` writes the report of the
// current API to build/api.md.
//
//   node scripts/check-api.js            fails if they differ, and prints the differences
//   node scripts/check-api.js --accept   accepts the new one

import { spawnSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './entries.js'

const accepted = join(root, 'docs/api.md')
const built = join(root, 'build/api.md')

if (process.argv[2] === '--accept') copyFileSync(built, accepted)
else {
  const { status } = spawnSync('git', ['diff', '--no-index', '--exit-code', '--', accepted, built], { stdio: 'inherit' })
  if (status !== 0)
    console.error('The API is not the one of docs/api.md. If it is meant to be so: npm run build && npm run check:api -- --accept')
  process.exitCode = status ?? 1
}
