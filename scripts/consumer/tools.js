// Shared by the checks of a consumer: a temporary folder, projects in it with installed packages, parallel commands, and the count of
// checks that passed.

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

/** Removed when the process ends. */
export const folder = mkdtempSync(join(tmpdir(), 'linnet-consumer-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

export const counts = { passed: 0, failed: 0 }

/**
 * Counts a check and prints its line.
 *
 * @param {string} what the statement that must hold
 * @param {string | undefined} wrong the problem; undefined if it holds
 */
export function result(what, wrong) {
  if (wrong === undefined) counts.passed++
  else counts.failed++
  console.log(wrong === undefined ? `ok - ${what}` : `not ok - ${what}\n${wrong.replace(/^/gm, '    ')}`)
}

/** Runs a command. @returns {Promise<{ wrong: string | undefined, stdout: string, stderr: string }>} `wrong` is its output if it failed */
export function run(cwd, command, args, env = {}) {
  return new Promise((resolve) => {
    const options = { cwd, encoding: 'utf8', maxBuffer: 2 ** 26, env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env } }
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ wrong: error === null ? undefined : `${stdout}${stderr}`.trim() || String(error), stdout, stderr })
    })
    child.stdin.end()
  })
}

/** Runs the tasks, at most one for each processor at once. */
export async function together(tasks) {
  const queue = [...tasks]
  const worker = async () => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) await task()
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
}

/** An empty project. */
export function emptyProject(name, manifest = {}) {
  const path = join(folder, name)
  mkdirSync(join(path, 'node_modules'), { recursive: true })
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, private: true, type: 'module', ...manifest }))
  return path
}

/** Makes a project with these packages installed. Install scripts are not run. */
export async function project(name, ...packages) {
  const path = emptyProject(name)
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error', ...packages]
  const { wrong } = await run(path, 'npm', args)
  return { path, wrong }
}

/** Copies a package into a project. */
export function addCopy(path, name, from) {
  cpSync(from, join(path, 'node_modules', name), { recursive: true, dereference: true })
}
