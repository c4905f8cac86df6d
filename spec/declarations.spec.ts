// dist/*.d.ts, the types that a program sees: they stand for themselves, under each way in which TypeScript finds modules.
// More compilers, and the code of the documentation, are tried by scripts/check-consumer.js.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { root } from './support/program.js'

const shared = readFileSync(join(root, 'dist/shared.d.ts'), 'utf8')

// Within the package, which so finds itself by its name, and its development packages.
const folder = mkdtempSync(join(root, 'build/declarations-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const files = {
  'events.ts': `
    import { once } from 'node:events'
    import { Connection, listen, Server, type CloseInfo } from 'linnet'
    const server = await listen()
    server.on('disconnect', ({ remote }, { by, duration }) => console.log(remote.address, by, duration.toFixed()))
    server.off('drop', ({ reason }) => reason satisfies string).once('close', () => {}).setMaxListeners(20)
    server.emit('disconnect', await server.accept() as Connection, {} as CloseInfo)
    void once(server, 'close')
    for await (const connection of server) connection.run((connection) => connection.write('hello'))
    // @ts-expect-error there is no such event
    server.on('error', () => {})
    // @ts-expect-error a listener of this event takes something else
    server.on('drop', (text: string) => {})
    // @ts-expect-error the library makes connections
    new Connection()
    // @ts-expect-error and servers
    new Server()
    `,
  'testing.ts': `
    import { Connection, type Handler } from 'linnet'
    import { checkConnection, manualClock, memoryServer, pair } from 'linnet/testing'
    const echo: Handler = async (connection) => { await connection.write(await connection.readUntil('\\n')) }
    const sides: [Connection, Connection] = pair({ clock: manualClock() })
    void sides[1].run(echo)
    void memoryServer().server.serve(echo)
    void checkConnection(() => pair())
    `,
  'inlined.d.ts': `${shared}\nexport { TypedEventEmitter }`,
  'emitter.ts': `
    import type Theirs from 'typed-emitter'
    import type { ServerEvents, TypedEventEmitter as Ours } from './inlined.js'
    export const ours = (theirs: Theirs<ServerEvents>): Ours<ServerEvents> => theirs
    export const theirs = (ours: Ours<ServerEvents>): Theirs<ServerEvents> => ours
    export const names = (name: keyof Ours<ServerEvents>): keyof Theirs<ServerEvents> => name
    export const back = (name: keyof Theirs<ServerEvents>): keyof Ours<ServerEvents> => name
    `,
}
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)

const ways = {
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  preserve: { module: ts.ModuleKind.Preserve },
  nodenext: { module: ts.ModuleKind.NodeNext },
}

const parsed = new Map<string, ts.SourceFile | undefined>()

/** What the compiler says of these files. Not of the declarations that they come upon: scripts/check-consumer.js asks for that. */
function complaints(names: readonly string[], way: keyof typeof ways): string {
  const options: ts.CompilerOptions = {
    ...ways[way],
    ...{ target: ts.ScriptTarget.ES2023, lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'], types: ['node'] },
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: true, noEmit: true },
  }
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  host.getCurrentDirectory = () => folder
  host.getSourceFile = (name, how, ...rest) => {
    const key = `${name} ${typeof how === 'object' ? how.impliedNodeFormat : ''}`
    if (!parsed.has(key)) parsed.set(key, read(name, how, ...rest))
    return parsed.get(key)
  }
  const program = ts.createProgram({ rootNames: names.map((name) => join(folder, name)), options, host })
  const found = ts.getPreEmitDiagnostics(program)
  return ts.formatDiagnostics(found, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => folder, getNewLine: () => '\n' })
}

for (const way of Object.keys(ways) as (keyof typeof ways)[]) {
  t.test(`events, iteration and the testing kit are typed under ${way}, and no constructor is offered`, async (t) => {
    t.equal(complaints(['events.ts', 'testing.ts'], way), '')
  })
}

t.test('the declared emitter and that of typed-emitter are assignable to each other', async (t) => {
  t.equal(complaints(['emitter.ts'], 'preserve'), '')
})

t.test('the declarations import the types of Node first, and no other package', async (t) => {
  t.match(shared, /^\/\/\/ <reference types="node"/)
  const imported = Array.from(shared.matchAll(/(?:from |import\()["']([^"']+)["']/g), ([, name = '']) => name)
  t.ok(imported.length > 3)
  t.strictSame(
    imported.filter((name) => !name.startsWith('node:')),
    [],
  )
})

t.test('nothing that is internal is declared', async (t) => {
  t.notMatch(shared, /@internal|ConnectionCore|ServerCore|Inbox|Lease|Zod/)
})

t.test('both entry points export from one file, so that a class is the same in both', async (t) => {
  for (const name of ['index', 'testing'])
    t.match(readFileSync(join(root, `dist/${name}.d.ts`), 'utf8'), /^export \{[^}]*\} from '.\/shared.js'\n$/)
})
