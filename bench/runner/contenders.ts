// The contenders. Each has a file: in servers/ if it runs on this Node, otherwise in peers/. This file defines how each is started, and
// what to install if it cannot be started.

import { join } from 'node:path'
import { built, compile, compileGo, hasPackage, lineOf, runtime, sources, versionIn, which } from './tools.js'

export type Group = 'linnet' | 'node' | 'packages' | 'peers'

/** The command that starts it, or what is missing. */
export type Found = { command: readonly string[]; env?: Readonly<Record<string, string>>; version?: string } | { missing: string }

export interface Contender {
  readonly id: string
  /** The name in tables and charts. */
  readonly label: string
  readonly group: Group
  /** False: SIGUSR2 would end it instead of collecting its garbage. */
  readonly collects?: false
  /** For linnet: the file from which it loads the library. */
  readonly library?: string
  /** For linnet: the entry point that it needs besides the main one. */
  readonly entry?: string
  find(): Found | Promise<Found>
}

const NPM = 'npm i --prefix bench/packages'

const FRAMING = './framing'

const ofLinnet = (id: string, label: string, file: string, entry?: string): Contender => ({
  ...onNode(id, label, 'linnet', file),
  ...(entry === undefined ? {} : { entry }),
})

const onNode = (id: string, label: string, group: Group, file: string, ...needed: string[]): Contender => ({
  id,
  label,
  group,
  async find() {
    for (const name of needed) if (!(await hasPackage(name))) return { missing: NPM }
    return { command: [process.execPath, join(built, 'servers', file)] }
  },
})

/** Debian's packages are installed for the system's Python, which may not be the first one in PATH. */
async function python(module: string): Promise<{ path: string; version: string } | undefined> {
  for (const path of ['python3', '/usr/bin/python3']) {
    const version = await lineOf(
      path,
      '-c',
      `import ${module}, platform; print(platform.python_version(), '${module}', getattr(${module}, '__version__', getattr(${module}, 'version', '')))`,
    )
    if (version !== undefined) return { path, version: `Python ${version}`.trim() }
  }
  return undefined
}

const onPython = (id: string, label: string, module: string, install: string, file: string, ...args: string[]): Contender => ({
  id,
  label,
  group: 'peers',
  async find() {
    const found = await python(module)
    if (found === undefined) return { missing: `apt-get install ${install}` }
    return { command: [found.path, '-B', join(sources, 'peers', file), ...args], version: found.version }
  },
})

export const contenders: readonly Contender[] = [
  ofLinnet('linnet', 'linnet readUntil, write', 'linnet.js'),
  ofLinnet('linnet-lines', 'linnet lines()', 'linnet-lines.js'),
  ofLinnet('linnet-try-line', 'linnet tryReadLine first', 'linnet-try-line.js'),
  ofLinnet('linnet-try-until', 'linnet tryReadUntil first', 'linnet-try-until.js'),
  ofLinnet('linnet-batches', 'linnet lineBatches()', 'linnet-batches.js'),
  ofLinnet('linnet-batches-bytes', 'linnet batches()', 'linnet-batches-bytes.js'),
  ofLinnet('linnet-framed', 'linnet framed(lines())', 'linnet-framed.js', FRAMING),
  onNode('N1', 'N1 net, a write a line', 'node', 'n1.js'),
  onNode('N2', 'N2 net, the same with Nagle', 'node', 'n2.js'),
  onNode('N3', 'N3 net, best by hand', 'node', 'n3.js'),
  onNode('N3-bytes', 'N3 with bytes instead of text', 'node', 'n3-bytes.js'),
  onNode('N4', 'N4 net, no lines at all', 'node', 'n4.js'),
  onNode('floor', 'the least two awaits a line can be', 'node', 'floor.js'),
  onNode('for-await', 'for await over the socket', 'node', 'for-await.js'),
  onNode('readline', 'node:readline', 'node', 'readline.js'),
  onNode('promise-socket', 'promise-socket', 'packages', 'promise-socket.js', 'promise-socket'),
  onNode('it-byte-stream', 'it-byte-stream', 'packages', 'it-byte-stream.js', 'it-byte-stream', 'stream-to-it'),
  onPython('tornado', 'Tornado', 'tornado', 'python3-tornado', 'tornado_echo.py'),
  onPython('asyncio', 'asyncio', 'asyncio', 'python3', 'asyncio_echo.py'),
  onPython('uvloop', 'asyncio on uvloop', 'uvloop', 'python3-uvloop', 'asyncio_echo.py', 'uvloop'),
  {
    id: 'bun',
    label: 'Bun.listen',
    group: 'peers',
    async find() {
      const bun = await runtime('bun', ['bun/bin/bun.exe', '@oven/*/bin/bun'])
      if (bun === undefined) return { missing: `${NPM} --no-save bun` }
      return { command: [bun.path, join(built, 'peers/bun.js')], version: `Bun ${bun.version}` }
    },
  },
  {
    id: 'deno',
    label: 'Deno.listen',
    group: 'peers',
    collects: false,
    async find() {
      const deno = await runtime('deno', ['deno/deno', '@deno/*/deno'])
      if (deno === undefined) return { missing: `${NPM} --no-save deno` }
      const command = [deno.path, 'run', '--quiet', '--no-config', '--allow-net', join(built, 'peers/deno.js')]
      return { command, version: `Deno ${deno.version}` }
    },
  },
  {
    id: 'go',
    label: 'Go bufio, one thread',
    group: 'peers',
    async find() {
      const go = await which('go')
      if (go === undefined) return { missing: 'apt-get install golang-go' }
      return { command: [await compileGo(go, 'peers/echo.go', 'echo-go')], version: `Go ${versionIn((await lineOf(go, 'version')) ?? '')}` }
    },
  },
  {
    id: 'c',
    label: 'C, epoll',
    group: 'peers',
    async find() {
      return { command: [await compile('peers/echo.c', 'echo-c')] }
    },
  },
  ofLinnet('linnet-bulk', 'linnet', 'linnet-bulk.js'),
  onNode('N1-bulk', 'net', 'node', 'n1-bulk.js'),
  ofLinnet('linnet-length', 'linnet lengthPrefixed()', 'linnet-length.js', FRAMING),
  onNode('N3-length', 'N3 with lengths, best by hand', 'node', 'n3-length.js'),
  onNode('frame-stream', 'frame-stream', 'packages', 'frame-stream.js', 'frame-stream'),
  ofLinnet('linnet-json', 'linnet json(lines())', 'linnet-json.js', FRAMING),
  onNode('N3-json', 'N3 with JSON, best by hand', 'node', 'n3-json.js'),
  onNode('split2', 'split2 and JSON.parse', 'packages', 'split2.js', 'split2'),
]

// `--against` adds the linnet of another checkout, in the same passes.
const BEFORE = '@before'

export function before(contender: Contender, library: string): Contender {
  return { ...contender, id: `${contender.id}${BEFORE}`, label: `before: ${contender.label}`, library }
}

/** The id of the contender, and that of its kind, which is the same for linnet of this checkout and of another. */
export function kindOf(id: string): string {
  return id.replace(BEFORE, '')
}

export function groupOf(id: string): Group | undefined {
  return contenders.find((contender) => contender.id === kindOf(id))?.group
}

/** Its name in tables; a contender of earlier results that no longer exists is named by its id. */
export function labelOf(id: string): string {
  const label = contenders.find((contender) => contender.id === kindOf(id))?.label ?? kindOf(id)
  return id.endsWith(BEFORE) ? `before: ${label}` : label
}

/** The short name of a contender to which ratios are taken: the same for the best by hand, whatever it echoes. */
export function shortNameOf(id: string): string {
  return id.replace(/-(?:bulk|length|json)$/, '')
}

/** The ids in the order of tables, each of linnet followed by its version of the other checkout. */
export function inOrder(ids: Iterable<string>): string[] {
  const there = new Set(ids)
  return contenders.flatMap(({ id }) => [id, `${id}${BEFORE}`]).filter((id) => there.has(id))
}

/** The same contender in the other checkout. */
export function beforeOf(id: string): string {
  return `${id}${BEFORE}`
}
