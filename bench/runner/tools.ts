// Programs that the benchmark uses: the C compiler of the load generator, which is required, taskset, and the languages and packages of
// the contenders. A message for each missing one states how to install it.

import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const { PATH = '' } = process.env
const path = PATH.split(delimiter)

/** The repository. This file runs as build/bench/runner/tools.js. */
export const root: string = join(import.meta.dirname, '../../..')
export const sources: string = join(root, 'bench')
export const built: string = join(root, 'build/bench')
const packages = join(sources, 'packages/node_modules')

/** The path of a program, or undefined. */
export async function which(name: string, folders: readonly string[] = path): Promise<string | undefined> {
  for (const folder of folders) {
    const file = join(folder, name)
    if (await exists(file, constants.X_OK)) return file
  }
  return undefined
}

async function exists(path: string, mode: number = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}

/** Compiles a C program of this folder, from one file or all files of a folder, and returns its path. */
export async function compile(source: string, name: string): Promise<string> {
  const cc = (await which('cc')) ?? (await which('gcc')) ?? (await which('clang'))
  if (cc === undefined)
    throw new Error('the load generator is C, and there is no compiler: apt-get install gcc libc6-dev (or your system’s build tools)')
  if (process.platform !== 'linux') throw new Error('the load generator uses epoll and the runner /proc: the benchmark runs on Linux only')
  const program = join(built, name)
  await mkdir(built, { recursive: true })
  const place = join(sources, source)
  const files = source.endsWith('.c')
    ? [place]
    : (await readdir(place)).filter((file) => file.endsWith('.c')).map((file) => join(place, file))
  await run(cc, ['-O2', '-o', program, ...files])
  return program
}

/** Compiles a Go program of this folder with `go`, and returns its path. */
export async function compileGo(go: string, source: string, name: string): Promise<string> {
  const program = join(built, name)
  await run(go, ['build', '-o', program, join(sources, source)])
  return program
}

/** The output of a program on one line, or undefined if it cannot be run. */
export async function lineOf(command: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, args)
    return stdout.trim().split('\n')[0]
  } catch {
    return undefined
  }
}

/** Whether a package is installed by `npm i --prefix bench/packages`. */
export function hasPackage(name: string): Promise<boolean> {
  return exists(join(packages, name, 'package.json'))
}

/**
 * A runtime and its version: the binary of its npm package (a wrapper in JavaScript would hide the server's
 * process), else the one in PATH. `places` are files in node_modules; `*` stands for the platform.
 */
export async function runtime(name: string, places: readonly string[]): Promise<{ path: string; version: string } | undefined> {
  const files = (await Promise.all(places.map(expand))).flat()
  for (const file of [...files, ...path.map((folder) => join(folder, name))]) {
    const said = (await exists(file, constants.X_OK)) ? await lineOf(file, '--version') : undefined
    if (said !== undefined) return { path: file, version: versionIn(said) }
  }
  return undefined
}

async function expand(place: string): Promise<string[]> {
  const [folder = '', rest] = place.split('/*/')
  if (rest === undefined) return [join(packages, place)]
  const platforms = await readdir(join(packages, folder)).catch(() => [])
  return platforms.map((each) => join(packages, folder, each, rest))
}

/** The first version number in a text. */
export function versionIn(text: string): string {
  return /\d+\.[\d.]*\d/.exec(text)?.[0] ?? text
}

/** Compiled programs find their packages beside them. */
export async function linkPackages(): Promise<void> {
  const link = join(built, 'node_modules')
  if (!(await exists(packages)) || (await realpath(link).catch(() => '')) === (await realpath(packages))) return
  // A link to another place remains if the repository was moved.
  await rm(link, { force: true })
  await symlink(packages, link)
}

/** The prefix that pins a command to the first or second core that this process may use. Empty if pinning is impossible or there is only one core. */
export async function pinTo(place: 0 | 1): Promise<readonly string[]> {
  const taskset = await which('taskset')
  const cores = await allowedCores()
  return taskset === undefined || cores.length < 2 ? [] : [taskset, '-c', String(cores[place])]
}

/** The cores of a container may not be the first ones of its machine. */
async function allowedCores(): Promise<number[]> {
  const status = await readFile('/proc/self/status', 'latin1').catch(() => '')
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 || 0 }, (_, index) => first + index)
  })
}
